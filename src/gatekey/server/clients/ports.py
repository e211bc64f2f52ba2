"""What the clients context needs from the world."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from gatekey.server.clients.model import (
    Change,
    Client,
    ClientKey,
    ClientQuery,
    ListedClient,
    ListedSecret,
    Refused,
    SecretRotation,
    StoredSecret,
)

StoredSecrets = tuple[StoredSecret, ...]


class ClientStore(Protocol):
    """
    Keeps clients and their secrets' digests; every change is one transaction together with its audit entry.

    Methods raise `StorageUnavailable` when the store does not answer.
    """

    def add(self, client: Client, secret: StoredSecret) -> Refused | None:
        """Keep a new client and its first secret; refused when the name is taken or the cluster is gone."""
        ...

    def page(self, query: ClientQuery) -> tuple[ListedClient, ...]:
        """Return the clients that the query asks for; what was deleted is in no list."""
        ...

    def count(self, cluster_id: str, text: str = "") -> int:
        """Return how many clients all pages of such a query have."""
        ...

    def called(self, name: str) -> tuple[ListedClient, ...]:
        """Return the clients of all clusters that have this name, whatever the case of its letters."""
        ...

    def find(self, client_id: str) -> ListedClient | None:
        """Return a client that was not deleted."""
        ...

    def change(
        self, client_id: str, plan: Callable[[Client], Change | Refused], *, by: str, at: datetime
    ) -> Change | Refused | None:
        """Carry out what `plan` makes of the client as it is now, and revoke what it lost; None when there is none."""
        ...

    def delete(self, client_id: str, *, by: str, at: datetime) -> bool:
        """Delete a client: from the return on it gets no token. False when there was none."""
        ...

    def delete_all(self, cluster_id: str, *, by: str, at: datetime) -> int:
        """Delete all clients of a cluster, all or none, and return how many there were."""
        ...


class SecretStore(Protocol):
    """Keeps the secrets of clients; every change is one transaction together with its audit entry."""

    def secrets_of(self, client_id: str) -> tuple[ListedSecret, ...]:
        """Return the secrets of a live client, oldest first."""
        ...

    def find_secret(self, secret_id: str) -> StoredSecret | None:
        """Return a secret of a live client, also one that has ended."""
        ...

    def live_secret(self, secret_id: str, now: datetime) -> StoredSecret | None:
        """Return a secret that works now."""
        ...

    def rotate_secret(
        self, client_id: str, plan: Callable[[StoredSecrets], SecretRotation | Refused], *, by: str
    ) -> SecretRotation | Refused:
        """Carry out what `plan` makes of the client's secrets as they are now; refused without the client."""
        ...

    def end_secret(
        self, client_id: str, secret_id: str, check: Callable[[StoredSecrets], Refused | None], *, at: datetime, by: str
    ) -> Refused | None:
        """End a secret and revoke its tokens, unless `check` refuses that with the client's secrets as they are now."""
        ...

    def end_leaked(self, secret_id: str, *, at: datetime, by: str) -> None:
        """End a secret, even the last one, and revoke its tokens."""
        ...

    def mark_presented(self, secret_id: str, at: datetime) -> None:
        """Note that a person was handed the secret's text."""
        ...


class KeyStore(Protocol):
    """Keeps the public keys of clients; every change is one transaction together with its audit entry."""

    def keys_of(self, client_id: str) -> tuple[ClientKey, ...]:
        """Return the keys of a live client, oldest first."""
        ...

    def add_keys(self, keys: tuple[ClientKey, ...], *, by: str) -> Refused | None:
        """Keep new keys, all or none; refused when a kid is taken or the client is gone."""
        ...

    def remove_key(self, client_id: str, key_id: str, *, by: str, at: datetime) -> bool:
        """Remove a key and revoke the tokens it got; False when there is none."""
        ...
