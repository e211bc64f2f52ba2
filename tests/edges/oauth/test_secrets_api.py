"""
`GET /secrets`, as Camunda's connector runtime calls it: over a real socket, with tokens of the real endpoint.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from joserfc import jwk, jwt

from gatekey.server.clients.model import Created
from gatekey.server.clusters.model import Cluster
from gatekey.server.events.model import SecretsRead
from gatekey.server.signing_keys.keys import encode_segment
from support.service import Reply, Service, add_client, served

PROBLEM = {"type", "title", "status", "detail", "instance"}


@dataclass(frozen=True)
class Vault:
    """
    A running service with two clusters, and secrets in the first.
    """

    service: Service
    mine: Cluster
    other: Cluster

    def token(self, scope: str = "Secrets", cluster: Cluster | None = None) -> str:
        """
        Return a token of a new client.
        """
        return self.token_of(self.client(cluster), scope)

    def client(self, cluster: Cluster | None = None) -> Created:
        name = f"client-{len(self.service.events)}"
        owner = cluster or self.mine
        return add_client(self.service.installation, name, ("Zeebe", "Secrets"), owner.cluster_id)

    def token_of(self, created: Created, scope: str = "Secrets") -> str:
        reply = self.service.caller.ask_token(
            {
                "client_id": created.client.client_id,
                "client_secret": created.secret.reveal(),
                "audience": f"{scope.lower()}.camunda.io",
            }
        )
        token: str = reply.document["access_token"]
        return token

    def read(self, *authorizations: str, method: str = "GET") -> Reply:
        """
        Ask for the secrets, with as many `Authorization` headers as are given.
        """
        lines = "".join(f"Authorization: {value}\r\n" for value in authorizations)
        said = self.service.caller.say(f"{method} /secrets HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode("latin-1"))
        head, _, body = said.partition(b"\r\n\r\n")
        fields = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
        return Reply(int(head[9:12]), {name.lower(): value for name, _, value in fields}, body)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with served(tmp_path_factory.mktemp("vault") / "data") as service:
        clusters = service.installation.clusters
        mine = clusters.all()[0]
        other = clusters.create("other", "local", "localhost:1", "http://localhost:2", by="test")
        assert isinstance(other, Cluster)
        clusters.set_secret(mine, "API_KEY", "a-made-up-value", by="test")
        clusters.set_secret(mine, "ODD", 'ü "quoted"\nline two', by="test")
        yield Vault(service, mine, other)


@pytest.fixture(scope="module")
def token(vault: Vault) -> str:
    return vault.token()


def test_the_answer_is_a_flat_object_of_the_tokens_own_cluster(vault: Vault, token: str) -> None:
    reply = vault.read(f"Bearer {token}")

    assert reply.status == 200
    assert reply.document == {"API_KEY": "a-made-up-value", "ODD": 'ü "quoted"\nline two'}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(vault: Vault, token: str, scheme: str) -> None:
    assert vault.read(f"{scheme} {token}").status == 200


def test_a_token_of_another_cluster_sees_that_clusters_secrets_only(vault: Vault) -> None:
    reply = vault.read(f"Bearer {vault.token(cluster=vault.other)}")

    assert (200, {}) == (reply.status, reply.document)


def test_a_changed_secret_is_seen_at_the_next_request(vault: Vault) -> None:
    clusters, bearer = vault.service.installation.clusters, f"Bearer {vault.token(cluster=vault.other)}"
    seen = []
    for value in ("1", "2"):
        clusters.set_secret(vault.other, "NEW", value, by="test")
        seen.append(vault.read(bearer).document)
    clusters.delete_secret(vault.other, "NEW", by="test")

    assert [{"NEW": "1"}, {"NEW": "2"}, {}] == [*seen, vault.read(bearer).document]


def test_without_a_token_it_is_401_with_a_challenge(vault: Vault) -> None:
    reply = vault.read()

    assert (401, "Bearer") == (reply.status, reply.headers["www-authenticate"])
    assert set(reply.document) == PROBLEM
    assert reply.headers["content-type"] == "application/problem+json"
    assert (401, "Unauthorized", "/secrets") == tuple(reply.document[name] for name in ("status", "title", "instance"))


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Token x", "x", "Bearer \x80"]
)
def test_what_is_no_token_of_ours_is_401(vault: Vault, authorization: str) -> None:
    reply = vault.read(authorization)

    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert set(reply.document) == PROBLEM


def test_two_tokens_in_one_request_open_nothing(vault: Vault, token: str) -> None:
    assert vault.read(f"Bearer {token}", f"Bearer {token}").status == 401
    assert vault.read(f"Bearer {token}, Bearer {token}").status == 401
    assert vault.read(f"Bearer {token} {token}").status == 401


def test_the_token_counts_in_its_header_only(vault: Vault, token: str) -> None:
    replies = [
        vault.service.caller.call("GET", f"/secrets?access_token={token}"),
        vault.service.caller.call("GET", "/secrets", {"cookie": f"access_token={token}"}),
        vault.service.caller.call("GET", "/secrets", {"x-access-token": token}),
    ]

    assert [401] * 3 == [reply.status for reply in replies]


def test_a_good_token_for_another_api_is_403_and_never_401(vault: Vault) -> None:
    reply = vault.read(f"Bearer {vault.token('Zeebe')}")

    assert (403, 'Bearer error="insufficient_scope"') == (reply.status, reply.headers["www-authenticate"])
    assert set(reply.document) == PROBLEM


@pytest.mark.parametrize("algorithm", ["none", "NONE", "nOnE", "HS256", "RS512"])
def test_a_forged_header_is_401(vault: Vault, token: str, algorithm: str) -> None:
    _, claims, signature = token.split(".")
    header = encode_segment(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())

    replies = [vault.read(f"Bearer {header}.{claims}.{end}") for end in ("", signature)]

    assert [(401, 'Bearer error="invalid_token"')] * 2 == [
        (reply.status, reply.headers["www-authenticate"]) for reply in replies
    ]


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_401(vault: Vault, token: str) -> None:
    (published,) = vault.service.caller.call("GET", "/.well-known/jwks.json").document["keys"]
    claims = jwt.decode(token, jwk.RSAKey.import_key(published), ["RS256"]).claims
    shared = jwk.OctKey.import_key(published["n"].encode())

    forged = jwt.encode({"alg": "HS256", "kid": published["kid"], "typ": "JWT"}, claims, shared)

    assert vault.read(f"Bearer {forged}").status == 401


def test_a_deleted_clients_token_is_401_at_once(vault: Vault) -> None:
    created = vault.client()
    bearer = f"Bearer {vault.token_of(created)}"
    before = vault.read(bearer).status
    vault.service.installation.clients.delete(created.client.client_id, by="test")

    assert (200, 401) == (before, vault.read(bearer).status)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written_there(vault: Vault, token: str, method: str) -> None:
    assert vault.read(f"Bearer {token}", method=method).status == 405


def test_the_operator_learns_who_read_how_much_and_never_what(vault: Vault, token: str) -> None:
    vault.read(f"Bearer {token}")
    vault.read("Bearer x.y.z")
    told = [event for event in vault.service.events if isinstance(event, SecretsRead)]

    assert [(200, "2 secrets"), (401, "The access token is not valid.")] == [(e.status, e.reason) for e in told[-2:]]
    assert token not in f"{vault.service.events}"
    assert "made-up" not in f"{vault.service.events}"
