"""When each client secret was last used, written in batches: never on the token path."""

from datetime import UTC, datetime
from threading import Lock

from gatekey.server.clients.model import SecretUse
from gatekey.server.events.model import Event, OAuthAnswered
from gatekey.server.storage.stores.secret_store import SqlSecretStore

GRANTED = 200


class UseRecorder:
    """The `Observer` port: remembers the last use of each secret until `flush` writes them all."""

    def __init__(self, store: SqlSecretStore) -> None:
        self._store = store
        self._uses: dict[str, SecretUse] = {}
        self._lock = Lock()

    def tell(self, event: Event) -> None:
        """Take one event; a dictionary entry is all it costs."""
        if isinstance(event, OAuthAnswered) and event.credential_id is not None and event.status == GRANTED:
            with self._lock:
                self._uses[event.credential_id] = SecretUse(datetime.now(UTC), event.address, event.user_agent)

    def flush(self) -> None:
        """
        Write what was remembered, in one transaction. Raises `StorageUnavailable`; then it is kept for the next
        time.
        """
        with self._lock:
            uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            self._store.note_uses(uses)
        except BaseException:
            with self._lock:
                self._uses = {**uses, **self._uses}
            raise
