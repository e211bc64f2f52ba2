"""
What each process that answers requests has of its own.
"""

import time
from pathlib import Path

from gatekey.server.app.installation import Installation
from gatekey.server.auditing.ports import Observer
from gatekey.server.auditing.telling import Observers
from gatekey.server.limiting.memory import MemoryLimiter
from gatekey.server.limiting.model import LimitPolicy
from gatekey.server.limiting.origin.trust import Forwarding, Trust
from gatekey.server.limiting.ports import Limiter
from gatekey.server.limiting.shared import SharedLimiter
from gatekey.server.limiting.sparing import SparingLimiter
from gatekey.server.observing.logs import LogObserver
from gatekey.server.observing.metrics import MetricsObserver
from gatekey.server.settings import Settings
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.sealing import Seal


def make_observer(settings: Settings) -> Observer:
    """
    Return what one process tells of: logs, and counters where they are wanted.
    """
    logs = LogObserver(settings.log_level)
    return Observers((logs, MetricsObserver())) if settings.metrics else logs


def make_limiter(settings: Settings, shared: Path | None) -> Limiter:
    """
    Return the limiter of one process, or of all that share the file.
    """
    policy = _limit_policy(settings)
    limiter: Limiter
    if shared is None:
        limiter = MemoryLimiter(policy, time.monotonic_ns)
    else:
        limiter = SharedLimiter.open(shared, policy, time.monotonic_ns)
    return SparingLimiter(limiter, policy) if settings.trusted_proxies else limiter


def trust_of(settings: Settings) -> Trust:
    """
    Return which proxies are believed, and how they name the caller.
    """
    return Trust(
        proxies=settings.trusted_proxies,
        forwarding=Forwarding(settings.forwarded_by),
        ipv6_prefix=settings.limit_ipv6_prefix,
        nat64=settings.nat64_prefixes,
    )


def _limit_policy(settings: Settings) -> LimitPolicy:
    return LimitPolicy(
        rate=settings.limit_rate,
        burst=settings.limit_burst,
        block_after=settings.limit_block_after,
        block_window=settings.limit_block_window,
        block_for=settings.limit_block_for,
        block_at_most=settings.limit_block_at_most,
        block_forgiven=settings.limit_block_forgiven,
    )


def open_directory(installation: Installation) -> Directory:
    """
    Return the in-memory clients and keys; use it from one thread only.
    """
    return Directory(installation.folder.database_path, Seal(installation.master.derive("storage")), time.time)
