"""What each process that answers requests has of its own."""

import time

from gatekey.server.callers.trust import Forwarding, Trust
from gatekey.server.events.logs import LogObserver
from gatekey.server.events.metrics import MetricsObserver
from gatekey.server.events.observers import Observers
from gatekey.server.events.ports import Observer
from gatekey.server.run.installation import Installation
from gatekey.server.settings import Settings
from gatekey.server.storage.directory import Directory
from gatekey.server.vault.sealing import Seal


def make_observer(settings: Settings) -> Observer:
    """Return what one process tells of: logs, and counters where they are wanted."""
    logs = LogObserver(settings.log_level)
    return Observers((logs, MetricsObserver())) if settings.metrics else logs


def trust_of(settings: Settings) -> Trust:
    """Return which proxies are believed, and how they name the caller."""
    return Trust(
        proxies=settings.trusted_proxies,
        forwarding=Forwarding(settings.forwarded_by),
        ipv6_prefix=settings.limit_ipv6_prefix,
        nat64=settings.nat64_prefixes,
    )


def open_directory(installation: Installation) -> Directory:
    """Return the in-memory clients and keys; use it from one thread only."""
    return Directory(installation.folder.database_path, Seal(installation.master.derive("storage")), time.time)
