"""Levels that metrics look up with each scrape: what is so now, however it came about."""

import time
from collections.abc import Callable, Mapping

from gatekey.server.run.installation import Installation
from gatekey.server.storage.stores.secret_store import count_ending
from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.traffic.explaining import lifting

SOON = 30 * 86_400
"""Seconds; time enough to rotate a secret without hurry."""


def levels_of(installation: Installation) -> Mapping[str, tuple[str, Callable[[], float]]]:
    """Return each level's name, what it means, and how it is read; reading may raise `StorageUnavailable`."""
    history = SqlRequestHistory(installation.database, installation.settings.token_lifetime)

    def blocked() -> float:
        blocks = [block for block in history.blocks(time.time()) if block.enforced]
        orders = history.unblocked(min((block.began for block in blocks), default=0.0)) if blocks else ()
        return len({block.address for block in blocks if lifting(block, orders) is None})

    def ending() -> float:
        now = time.time()
        return count_ending(installation.database, now, now + SOON)

    return {
        "gatekey_blocked_addresses": ("Addresses that get no token now.", blocked),
        "gatekey_secrets_ending": ("Working secrets of live clients that end within 30 days.", ending),
    }
