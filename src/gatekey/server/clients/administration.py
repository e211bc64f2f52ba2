"""Creating, listing and deleting API clients."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gatekey.oauth.identifiers import Choose, make_client_id, make_secret, make_secret_id
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.decide import change_client, check_lifetime, check_name, read_scopes
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import Change, Client, Created, ListedClient, Refused, StoredSecret
from gatekey.server.clients.ports import ClientStore, SecretStore


@dataclass(frozen=True, slots=True)
class Wish:
    """
    A client that somebody (`by`) wants to have; scopes still in the words they were given in, `lifetime` in
    seconds.
    """

    name: str
    scopes: tuple[str, ...]
    cluster_id: str
    organisation_id: str
    by: str
    lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class ClientAdministration:
    """
    What people and programs may do with API clients. All methods raise `StorageUnavailable`.

    `longest_life` is the most that a client's tokens may live, in seconds.
    """

    store: ClientStore
    secrets: SecretStore
    longest_life: int
    pepper: bytes = field(repr=False)
    now: Callable[[], datetime]
    choose: Choose

    def create(self, wish: Wish) -> Created | Refused:
        """
        Create a client with its first secret; when this returns, the credentials work on every worker.

        The secret counts as seen by nobody until `mark_presented`.
        """
        refused = check_name(wish.name) or check_lifetime(wish.lifetime, self.longest_life)
        if refused:
            return refused
        scopes = read_scopes(wish.scopes)
        if isinstance(scopes, Refused):
            return scopes
        client = Client(
            client_id=make_client_id(self.choose),
            cluster_id=wish.cluster_id,
            organisation_id=wish.organisation_id,
            name=wish.name,
            scopes=scopes,
            created=self.now(),
            created_by=wish.by,
            lifetime=wish.lifetime,
        )
        secret_id = make_secret_id(self.choose)
        text = make_secret(secret_id, self.choose)
        stored = StoredSecret(secret_id, client.client_id, digest_secret(self.pepper, text), client.created)
        return self.store.add(client, stored) or Created(client, secret_id, SecretText(text))

    def mark_presented(self, created: Created) -> None:
        """Note that the secret reached the person who asked for it. Call it after the last byte is out."""
        self.secrets.mark_presented(created.secret_id, self.now())

    def of_cluster(self, cluster_id: str) -> tuple[ListedClient, ...]:
        """Return the cluster's clients, oldest first."""
        return self.store.of_cluster(cluster_id)

    def find(self, client_id: str) -> ListedClient | None:
        """Return the client, or None when it never was or is deleted."""
        return self.store.find(client_id)

    def change(
        self, client_id: str, *, by: str, scopes: tuple[str, ...] | None = None, lifetime: int | None = None
    ) -> Change | Refused | None:
        """
        Give a client other scopes, or its tokens another lifetime (seconds, 0 for the installation's); None when there
        is no such client. When this returns, no worker grants a lost scope, and tokens for it are revoked.
        """

        def plan(client: Client) -> Change | Refused:
            return change_client(client, scopes, lifetime, self.longest_life)

        return self.store.change(client_id, plan, by=by, at=self.now())

    def delete(self, client_id: str, *, by: str) -> bool:
        """Delete a client: from the return on it gets no token on any worker. False when there is none."""
        return self.store.delete(client_id, by=by, at=self.now())
