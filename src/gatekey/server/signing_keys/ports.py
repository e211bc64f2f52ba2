"""Where signing keys come from."""

from typing import Protocol

from gatekey.server.signing_keys.keys import SigningKey


class KeyRing(Protocol):
    """Holds the installation's signing keys. Raises `StorageUnavailable`."""

    def signing_key(self) -> SigningKey:
        """Return the key that signs now, as of the last look at the database: a request starts with one."""
        ...

    def published_keys(self) -> tuple[SigningKey, ...]:
        """Return every key whose tokens are or will be good: those that sign, have signed, or will sign."""
        ...
