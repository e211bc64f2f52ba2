"""What a worker notes beside its answers, and what is thrown away in time."""

import time
from datetime import timedelta

from gatekey.server.events.model import Event
from gatekey.server.run.installation import Installation
from gatekey.server.storage.stores.secret_store import SqlSecretStore
from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.storage.traffic.request_recorder import RequestRecorder
from gatekey.server.storage.traffic.use_recorder import UseRecorder
from gatekey.server.traffic.history import MINUTE


class Recording:
    """The `Observer` port over everything that is noted: last uses of secrets, requests by minute."""

    def __init__(self, installation: Installation) -> None:
        settings = installation.settings
        longest_life = timedelta(seconds=settings.token_lifetime_max)
        self._uses = UseRecorder(SqlSecretStore(installation.database, longest_life))
        history = SqlRequestHistory(installation.database, settings.token_lifetime)
        self._requests = RequestRecorder(history, time.time)

    def tell(self, event: Event) -> None:
        """Take one event."""
        self._uses.tell(event)
        self._requests.tell(event)

    def flush(self) -> None:
        """Write what was noted. Raises `StorageUnavailable`; then it is kept for the next time."""
        try:
            self._uses.flush()
        finally:
            self._requests.flush()


def prune_history(installation: Installation) -> None:
    """Throw away what is older than the settings keep."""
    settings = installation.settings
    oldest = int((time.time() - settings.limit_history) // MINUTE)
    SqlRequestHistory(installation.database, settings.token_lifetime).prune(oldest)
