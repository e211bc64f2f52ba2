"""Work that comes back: writing what was noted, rotating keys."""

import asyncio
from collections.abc import Callable

from gatekey.errors import ServiceError
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer

FLUSH_SECONDS = 5.0
"""How old the last use of a secret, and the count of requests, may be before it is on disk."""

PRUNE_SECONDS = 60.0
"""How often old minutes are dropped: as often as new ones begin."""

CHECKPOINT_SECONDS = 2.0
"""How far a copy of the database file may be behind."""

ROTATION_SECONDS = 60.0
"""How often signing keys are looked at; they live for months."""

CERTIFICATE_SECONDS = 5.0
"""How often the certificate is looked at: whether it ends soon, lacks a name, or was replaced by the operator."""


async def repeat(work: Callable[[], object], seconds: float, observer: Observer) -> None:
    """Do blocking work every so many seconds until cancelled; trouble is told, and it is tried again."""
    while True:
        await asyncio.sleep(seconds)
        await attempt(work, observer)


async def attempt(work: Callable[[], object], observer: Observer) -> None:
    """Do blocking work once."""
    try:
        await asyncio.to_thread(work)
    except ServiceError as error:
        observer.tell(Failed("housekeeping", str(error)))
