"""Creating, listing and deleting API clients."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from gatekey.oauth.identifiers import Choose, make_client_id, make_secret, make_secret_id
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.decide import change_client, check_lifetime, check_name, read_scopes
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import Change, Client, ClientQuery, Created, ListedClient, Refused, StoredSecret
from gatekey.server.clients.ports import ClientStore, SecretStore

LONG_PAGE = 1_000
"""Clients; a few milliseconds, and a few hundred KB."""


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client to create; scopes are still in the words they were given in, `lifetime` is in seconds."""

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

    def create(self, new: NewClient) -> Created | Refused:
        """
        Create a client with its first secret; when this returns, the credentials work on every worker.

        The secret counts as seen by nobody until `mark_presented`.
        """
        refused = check_name(new.name) or check_lifetime(new.lifetime, self.longest_life)
        if refused:
            return refused
        scopes = read_scopes(new.scopes)
        if isinstance(scopes, Refused):
            return scopes
        client = Client(
            client_id=make_client_id(self.choose),
            cluster_id=new.cluster_id,
            organisation_id=new.organisation_id,
            name=new.name,
            scopes=scopes,
            created=self.now(),
            created_by=new.by,
            lifetime=new.lifetime,
        )
        secret_id = make_secret_id(self.choose)
        text = make_secret(secret_id, self.choose)
        stored = StoredSecret(secret_id, client.client_id, digest_secret(self.pepper, text), client.created)
        return self.store.add(client, stored) or Created(client, secret_id, SecretText(text))

    def mark_presented(self, created: Created) -> None:
        """Note that the secret reached the person who asked for it. Call it after the last byte is out."""
        self.secrets.mark_presented(created.secret_id, self.now())

    def page(self, query: ClientQuery) -> tuple[ListedClient, ...]:
        """Return a page of a cluster's clients, oldest first."""
        return self.store.page(query)

    def each(self, cluster_id: str, text: str = "") -> Iterator[ListedClient]:
        """Yield every client of a cluster whose name holds the text, oldest first, a page at a time."""
        query = ClientQuery(cluster_id, text, limit=LONG_PAGE)
        while found := self.store.page(query):
            yield from found
            query = replace(query, after=found[-1].client.client_id)

    def count(self, cluster_id: str, text: str = "") -> int:
        """Return how many clients of a cluster have names that hold the text."""
        return self.store.count(cluster_id, text)

    def called(self, name: str) -> tuple[ListedClient, ...]:
        """Return the clients of all clusters that have this name, whatever the case of its letters."""
        return self.store.called(name)

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

    def delete_all(self, cluster_id: str, *, by: str) -> int:
        """Delete all clients of a cluster, as before it is deleted itself, and return how many there were."""
        return self.store.delete_all(cluster_id, by=by, at=self.now())
