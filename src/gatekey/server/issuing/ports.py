"""
What issuing needs from the world.
"""

from typing import Protocol

from gatekey.server.issuing.keys import SigningKey
from gatekey.server.issuing.model import KnownClient


class ClientDirectory(Protocol):
    """
    Finds live clients, as of the last committed change. Raises `StorageUnavailable` when that cannot be known.
    """

    def find(self, client_id: str) -> KnownClient | None:
        """
        Return the client, or None when it never was or is deleted.
        """
        ...


class KeyRing(Protocol):
    """
    Holds the installation's signing keys. Raises `StorageUnavailable`.
    """

    def signing_key(self) -> SigningKey:
        """
        Return the key that signs now.
        """
        ...

    def published_keys(self) -> tuple[SigningKey, ...]:
        """
        Return every key whose tokens may still be alive.
        """
        ...
