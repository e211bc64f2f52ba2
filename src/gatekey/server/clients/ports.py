"""
What the clients context needs from the world.
"""

from datetime import datetime
from typing import Protocol

from gatekey.server.clients.model import Client, ListedClient, Refused, StoredSecret


class ClientStore(Protocol):
    """
    Keeps clients and their secrets' digests; every change is one transaction together with its audit entry.

    Methods raise `StorageUnavailable` when the store does not answer.
    """

    def add(self, client: Client, secret: StoredSecret) -> Refused | None:
        """
        Keep a new client and its first secret; refused when the name is taken or the cluster is gone.
        """
        ...

    def mark_presented(self, secret_id: str, at: datetime) -> None:
        """
        Note that a person was handed the secret's text.
        """
        ...

    def of_cluster(self, cluster_id: str) -> tuple[ListedClient, ...]:
        """
        Return the cluster's clients, oldest first.
        """
        ...

    def find(self, client_id: str) -> ListedClient | None:
        """
        Return a client that was not deleted.
        """
        ...

    def delete(self, client_id: str, *, by: str, at: datetime) -> bool:
        """
        Delete a client: from the return on it gets no token. False when there was none.
        """
        ...
