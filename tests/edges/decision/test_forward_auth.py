"""
The decision endpoint itself, asked as proxies ask: whom it answers, what it believes, how soon it knows.
"""

import json
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest

from gatekey.server.api.decision import NO_CALL, NO_KEY
from gatekey.server.gateway.policy import rules
from support.caller import Caller, Reply
from support.gateway import wait_until
from support.product import Product, running_product

DOMAIN = "camunda.example.org"
CALL = "/v2/topology"


class Asking:
    """A proxy's side of the endpoint."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.key = product.cli("gateway-key").stdout.strip()
        self.cluster_id: str = json.loads(product.cli("clusters", "list", "--json").stdout)[0]["clusterId"]

    def client(self, name: str, cluster: str = "local") -> tuple[dict[str, str], str]:
        created = self.product.create_client(name, cluster=cluster)
        status, body = self.product.ask_token(created["clientId"], created["clientSecret"], f"zeebe.{DOMAIN}")
        assert status == 200, body
        return created, body["access_token"]

    def send(self, path: str, headers: list[tuple[str, str]], method: str = "GET") -> Reply:
        """Ask exactly as written."""
        named = [("host", f"localhost:{self.product.http_port}"), *headers]
        return Caller(self.product.http_port).send(method, path, named)

    def ask(self, call: str = CALL, token: str | None = None, *, host: str = "localhost", query: str = "") -> Reply:
        """Ask about a call as HAProxy does."""
        bearer = [("authorization", f"Bearer {token}")] if token else []
        named = [("x-original-uri", call), ("x-original-host", host)]
        return self.send(f"/gateway/decision{query}", [("x-gatekey-gateway-key", self.key), *named, *bearer])


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    data = tmp_path_factory.mktemp("data")
    with running_product(data, with_gateway=False, domain=DOMAIN, limit_rate=1000, limit_burst=1000) as product:
        yield Asking(product)


@pytest.fixture(scope="module")
def token(asking: Asking) -> str:
    return asking.client("usual")[1]


@pytest.mark.parametrize("keys", [[], ["wrong"], ["", ""], ["right", "right"]])
def test_who_does_not_know_the_gateway_key_learns_nothing(asking: Asking, token: str, keys: list[str]) -> None:
    sent = [("x-gatekey-gateway-key", asking.key if key == "right" else key) for key in keys]
    named = [("x-original-uri", CALL), ("x-original-host", "localhost")]
    answers = [
        asking.send("/gateway/decision", [*sent, *named, ("authorization", f"Bearer {each}")])
        for each in (token, "a.b.c")
    ]

    assert [503, 503] == [answer.status for answer in answers]
    assert [NO_KEY, NO_KEY] == [answer.document["detail"] for answer in answers]


def test_a_proxy_that_forgets_to_say_which_call_is_told_so(asking: Asking, token: str) -> None:
    key, bearer = ("x-gatekey-gateway-key", asking.key), ("authorization", f"Bearer {token}")
    others = [("x-forwarded-uri", CALL), ("x-forwarded-host", "localhost")]
    twice = [("x-original-uri", CALL), ("x-original-uri", CALL), ("x-original-host", "localhost")]
    answers = [asking.send("/gateway/decision", [key, bearer, *headers]) for headers in ([], others, twice)]

    assert [(503, NO_CALL)] * 3 == [(answer.status, answer.document["detail"]) for answer in answers]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/gateway/decision", [("x-original-uri", CALL), ("x-original-host", "a.test")]),
        ("/gateway/decision/nginx", [("x-original-uri", CALL), ("x-original-host", "a.test")]),
        ("/gateway/decision/forwarded", [("x-forwarded-uri", CALL), ("x-forwarded-host", "a.test")]),
        (f"/gateway/decision/path{CALL}", []),
    ],
)
def test_every_form_lets_a_good_call_pass(
    asking: Asking, token: str, path: str, headers: list[tuple[str, str]]
) -> None:
    key = ("x-gatekey-gateway-key", asking.key)
    good = asking.send(path, [key, *headers, ("authorization", f"Bearer {token}")])
    silent = asking.send(path, [key, *headers])

    assert (200, asking.cluster_id, CALL) == (
        good.status,
        good.headers["x-gatekey-cluster"],
        good.headers["x-gatekey-path"],
    )
    assert (401, rules.NO_TOKEN) == (silent.status, silent.document["detail"])


def test_hosts_and_paths_that_name_another_cluster_are_refused(asking: Asking, token: str) -> None:
    asking.product.cli("clusters", "create", "other")
    clusters = json.loads(asking.product.cli("clusters", "list", "--json").stdout)
    other = next(each["clusterId"] for each in clusters if each["name"] == "other")
    hosts = [f"{cluster}.local.zeebe.{DOMAIN}" for cluster in (asking.cluster_id, other)]
    answers = [
        asking.ask(CALL, token, host=hosts[0]),
        asking.ask(CALL, token, host=hosts[1]),
        asking.ask(f"/{other}{CALL}", token),
        asking.ask(CALL, token, query=f"?cluster={asking.cluster_id}"),
        asking.ask(CALL, token, query=f"?cluster={other}"),
        asking.ask(CALL, token, query="?cluster=other"),
    ]

    assert [200, 403, 403, 200, 403, 503] == [answer.status for answer in answers]


@pytest.mark.parametrize(
    "call",
    [
        "/v2/../actuator/env",
        "/v2/%2e%2e/actuator/env",
        "/v2/..;/x",
        "/v2/%00",
        "/v2/topology#x",
        "/v2/topo logy",
        "v2/topology",
        "http://localhost/v2/topology",
        "/actuator/env",
    ],
)
def test_a_call_that_could_be_read_otherwise_never_passes(asking: Asking, token: str, call: str) -> None:
    assert 404 == asking.ask(call, token).status


@pytest.mark.parametrize("scheme", ["bearer {}", "BEARER {}", "Bearer   {}"])
def test_the_scheme_may_stand_in_any_case_with_any_number_of_spaces(asking: Asking, token: str, scheme: str) -> None:
    named = [("x-original-uri", CALL), ("x-original-host", "localhost")]
    headers = [("x-gatekey-gateway-key", asking.key), *named, ("authorization", scheme.format(token))]

    assert 200 == asking.send("/gateway/decision", headers).status


@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("", [("x-original-uri", CALL), ("x-original-host", "a"), ("x-original-method", "TRACE")], 405),
        ("/nginx", [("x-original-uri", CALL), ("x-original-host", "a"), ("x-original-method", "TRACE")], 403),
        ("/forwarded", [("x-forwarded-uri", CALL), ("x-forwarded-host", "a"), ("x-forwarded-method", "TRACE")], 405),
        (f"/path{CALL}", [], 405),
    ],
)
def test_trace_is_refused_where_the_proxy_says_the_method(
    asking: Asking, token: str, path: str, headers: list[tuple[str, str]], expected: int
) -> None:
    key, bearer = ("x-gatekey-gateway-key", asking.key), ("authorization", f"Bearer {token}")
    method = "TRACE" if path.startswith("/path") else "GET"
    answer = asking.send(f"/gateway/decision{path}", [key, bearer, *headers], method)

    assert (expected, "405") == (answer.status, answer.headers["x-gatekey-status"])
    assert (rules.NO_TRACE, rules.ALLOWED_METHODS) == (answer.document["detail"], answer.headers["allow"])


@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Bearer\t{}", "Bearer {}, Bearer {}", "Bearer {}x"])
def test_an_odd_authorization_is_401(asking: Asking, token: str, scheme: str) -> None:
    named = [("x-original-uri", CALL), ("x-original-host", "localhost")]
    headers = [("x-gatekey-gateway-key", asking.key), *named, ("authorization", scheme.format(token, token))]
    answer = asking.send("/gateway/decision", headers)

    assert (401, 'Bearer error="invalid_token"') == (answer.status, answer.headers["www-authenticate"])


def test_a_revoked_token_is_refused_at_its_next_call(asking: Asking) -> None:
    created, token = asking.client("revoked")
    before = [asking.ask(token=token).status for _ in range(3)]
    form = {"client_id": created["clientId"], "client_secret": created["clientSecret"], "token": token}
    request = urllib.request.Request(f"{asking.product.http}/oauth/revoke", urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(request, timeout=30) as revoked:
        assert revoked.status == 200
    after = asking.ask(token=token)

    assert ([200, 200, 200], 401) == (before, after.status)
    assert "The access token was revoked." == after.document["detail"]


def test_a_deleted_client_is_refused_at_its_next_call(asking: Asking) -> None:
    created, token = asking.client("deleted")
    before = asking.ask(token=token).status
    asking.product.cli("clients", "delete", created["clientId"], "--yes")

    assert (200, 401) == (before, asking.ask(token=token).status)


def test_a_token_for_a_scope_that_its_client_lost_is_refused(asking: Asking) -> None:
    created, token = asking.client("narrowed")
    before = asking.ask(token=token).status
    with closing(sqlite3.connect(asking.product.data / "gatekey.db")) as database, database:
        database.execute("UPDATE client SET scopes = 'Operate' WHERE client_id = ?", (created["clientId"],))
        database.execute("INSERT INTO change_log (topic, subject) VALUES ('client', ?)", (created["clientId"],))
    after = asking.ask(token=token)

    assert (200, 403) == (before, after.status)
    assert "The client of this access token does not have the scope Zeebe." == after.document["detail"]


def test_a_new_cluster_is_known_at_once(asking: Asking) -> None:
    asking.product.cli("clusters", "create", "new")
    token = asking.client("of-new", cluster="new")[1]

    assert 200 == asking.ask(token=token).status


def test_a_database_that_is_away_is_our_own_fault(asking: Asking, token: str) -> None:
    database = asking.product.data / "gatekey.db"
    away = database.rename(database.with_suffix(".away"))
    try:
        answer = asking.ask(token=token)
    finally:
        away.rename(database)

    assert (503, "2") == (answer.status, answer.headers["retry-after"])
    assert 200 == asking.ask(token=token).status


def test_refusals_are_told_without_token_and_key(asking: Asking, token: str) -> None:
    asking.ask("/actuator/env", token)
    asking.ask(CALL, f"{token}x")
    wait_until(lambda: "The access token is not valid." in asking.product.errors)
    told = asking.product.errors

    assert "no guarded API at /actuator/env" in told
    assert not [secret for secret in (token, token.rpartition(".")[2], asking.key) if secret in told]
