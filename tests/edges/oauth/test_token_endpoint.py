"""
The token endpoint as clients see it: real sockets, the real process with its fast path, and the way through ASGI.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc import jwk, jwt

from gatekey.oauth.identifiers import make_secret
from gatekey.server.clients.model import Created
from gatekey.server.events.model import Failed
from gatekey.server.run.http.server import BoundedProtocol
from gatekey.server.run.installation import Installation, open_installation
from gatekey.server.settings import Settings
from support.product import Product, running_product
from support.service import FORM, JSON, Caller, Reply, add_client, basic, eventually, served

INVALID_CLIENT = {"error": "invalid_client", "error_description": "Client authentication failed."}


@dataclass
class Shop:
    """
    A running service, one client of it, and everything that must never be seen in its log.
    """

    url: str
    installation: Installation
    caller: Caller
    created: Created
    silent: list[str]

    @property
    def client_id(self) -> str:
        return self.created.client.client_id

    @property
    def cluster_id(self) -> str:
        return self.created.client.cluster_id

    @property
    def secret(self) -> str:
        return self.created.secret.reveal()

    def form(self, **changes: str | None) -> dict[str, str]:
        usual = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "audience": "zeebe.camunda.io",
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def granted(self, reply: Reply) -> dict[str, Any]:
        assert reply.status == 200, reply
        document: dict[str, Any] = reply.document
        self.silent.append(document["access_token"])
        return document


SETTINGS: dict[str, Any] = {"limit_rate": 1_000_000, "limit_burst": 1_000_000, "storm_shield": 0}


def opened_shop(url: str, installation: Installation, caller: Caller) -> Shop:
    created = add_client(installation, scopes=("Zeebe", "Secrets"))
    return Shop(url, installation, caller, created, [created.secret.reveal()])


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("shop") / "data"
    with running_product(data, with_gateway=False, log_level="debug", **SETTINGS) as product:
        yield product


@pytest.fixture(scope="module")
def real_shop(product: Product) -> Iterator[Shop]:
    with closing(open_installation(Settings(data=product.data))) as installation:
        yield opened_shop(product.http, installation, Caller(product.http_port))


@pytest.fixture(scope="module")
def asgi_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with served(tmp_path_factory.mktemp("asgi-shop") / "data", BoundedProtocol, **SETTINGS) as service:
        yield opened_shop(service.url, service.installation, service.caller)
        assert not [event for event in service.events if isinstance(event, Failed)]


@pytest.fixture(scope="module", params=["real_shop", "asgi_shop"])
def shop(request: pytest.FixtureRequest) -> Shop:
    opened: Shop = request.getfixturevalue(request.param)
    return opened


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/token/"])
def test_both_paths_answer_without_a_redirect(shop: Shop, path: str) -> None:
    """
    zbctl and the Java client have the second one built in; after a redirect zbctl would send a GET.
    """
    body = f"client_id={shop.client_id}&client_secret={shop.secret}&audience=zeebe.camunda.io".encode()

    shop.granted(shop.caller.call("POST", path, FORM, body))


def test_a_success_has_exactly_the_documented_shape(shop: Shop) -> None:
    reply = shop.caller.ask_token(shop.form())
    document = shop.granted(reply)

    assert {"access_token", "scope", "expires_in", "token_type"} == set(document)
    assert (shop.cluster_id, 86_400, "Bearer") == (document["scope"], document["expires_in"], document["token_type"])
    assert type(document["expires_in"]) is int
    assert reply.headers["content-type"] == "application/json"
    assert (reply.headers["cache-control"], reply.headers["pragma"]) == ("no-store", "no-cache")
    assert not {"server", "set-cookie", "location", "www-authenticate"} & set(reply.headers)


def test_another_implementation_verifies_the_token_with_the_published_keys(shop: Shop) -> None:
    token = shop.granted(shop.caller.ask_token(shop.form()))["access_token"]
    keys = jwk.KeySet.import_key_set(shop.caller.call("GET", "/.well-known/jwks.json").document)

    verified = jwt.decode(token, keys, ["RS256"])
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": shop.url}, aud={"essential": True, "value": "zeebe.camunda.io"}
    ).validate(verified.claims)

    assert verified.claims["exp"] - verified.claims["iat"] == 86_400
    assert abs(verified.claims["iat"] - time.time()) < 60
    assert verified.claims["https://camunda.com/clusterId"] == shop.cluster_id


def test_json_is_taken_too(shop: Shop) -> None:
    shop.granted(shop.caller.call("POST", "/oauth/token", JSON, json.dumps(shop.form()).encode()))


def test_http_basic_is_taken_too(shop: Shop) -> None:
    headers = {"authorization": basic(shop.client_id, shop.secret)}

    shop.granted(shop.caller.ask_token(shop.form(client_id=None, client_secret=None), headers))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": ""},
        {"audience": None},
        {"grant_type": None},
        {"audience": "localhost:26600"},
        {"audience": "{cluster}.local.zeebe.camunda.io"},
        {"audience": "{cluster}.zeebe.camunda.io"},
        {"audience": "secrets.camunda.io"},
        {"resource": "https://zeebe.camunda.io"},
        {"resource": "https://secrets.camunda.io", "audience": None},
        {"scope": "openid profile"},
        {"unknown": "anything"},
    ],
)
def test_what_real_clients_leave_out_or_add_is_no_fault(shop: Shop, changes: dict[str, str | None]) -> None:
    filled = {name: value and value.format(cluster=shop.cluster_id) for name, value in changes.items()}

    shop.granted(shop.caller.ask_token(shop.form(**filled)))


def test_two_tokens_differ(shop: Shop) -> None:
    tokens = {shop.granted(shop.caller.ask_token(shop.form()))["access_token"] for _ in range(3)}

    assert len(tokens) == 3


Case = tuple[Callable[[Shop], Reply], int, str]

REFUSALS: dict[str, Case] = {
    "no credentials": (lambda s: s.caller.ask_token({"grant_type": "client_credentials"}), 400, "invalid_request"),
    "no secret": (lambda s: s.caller.ask_token(s.form(client_secret=None)), 400, "invalid_request"),
    "empty body": (lambda s: s.caller.call("POST", "/oauth/token", FORM, b""), 400, "invalid_request"),
    "repeated": (
        lambda s: s.caller.call("POST", "/oauth/token", FORM, b"client_id=a&client_id=a&client_secret=b"),
        400,
        "invalid_request",
    ),
    "text/plain": (
        lambda s: s.caller.call("POST", "/oauth/token", {"content-type": "text/plain"}, b"client_id=a&client_secret=b"),
        400,
        "invalid_request",
    ),
    "lone surrogate": (
        lambda s: s.caller.call("POST", "/oauth/token", JSON, b'{"client_id":"a","client_secret":"\\ud800"}'),
        400,
        "invalid_request",
    ),
    "bearer": (lambda s: s.caller.ask_token(s.form(), {"authorization": "Bearer x"}), 400, "invalid_request"),
    "two credentials": (
        lambda s: s.caller.ask_token(s.form(), {"authorization": basic(s.client_id, s.secret)}),
        400,
        "invalid_request",
    ),
    "two clients": (
        lambda s: s.caller.ask_token(
            s.form(client_id="other", client_secret=None), {"authorization": basic(s.client_id, s.secret)}
        ),
        400,
        "invalid_request",
    ),
    "compressed": (
        lambda s: s.caller.ask_token(s.form(), {"content-encoding": "gzip"}),
        400,
        "invalid_request",
    ),
    "in the query": (
        lambda s: s.caller.call("POST", f"/oauth/token?client_id={s.client_id}&client_secret={s.secret}"),
        400,
        "invalid_request",
    ),
    "also in the query": (
        lambda s: s.caller.call("POST", "/oauth/token?audience=x", FORM, b"client_id=a&client_secret=b"),
        400,
        "invalid_request",
    ),
    "too large, declared": (
        lambda s: s.caller.call("POST", "/oauth/token", FORM, b"client_id=" + b"a" * 20_000),
        413,
        "invalid_request",
    ),
    "other grant": (
        lambda s: s.caller.ask_token(s.form(grant_type="authorization_code")),
        400,
        "unsupported_grant_type",
    ),
    "resource that is no URI": (lambda s: s.caller.ask_token(s.form(resource="anything")), 400, "invalid_target"),
    "foreign resource": (
        lambda s: s.caller.ask_token(s.form(audience=None, resource="https://evil.example")),
        400,
        "invalid_target",
    ),
    "scope outside its grammar": (lambda s: s.caller.ask_token(s.form(scope='"')), 400, "invalid_scope"),
    "wrong secret": (lambda s: s.caller.ask_token(s.form(client_secret="wrong")), 401, "invalid_client"),
    "unknown client": (lambda s: s.caller.ask_token(s.form(client_id="unknown")), 401, "invalid_client"),
    "wrong secret in basic": (
        lambda s: s.caller.ask_token({"audience": "x"}, {"authorization": basic(s.client_id, "wrong")}),
        401,
        "invalid_client",
    ),
    "unknown audience": (lambda s: s.caller.ask_token(s.form(audience="api.cloud.camunda.io")), 403, "access_denied"),
    "scope not granted": (lambda s: s.caller.ask_token(s.form(audience="operate.camunda.io")), 403, "access_denied"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_its_status_and_the_one_stable_shape(shop: Shop, name: str) -> None:
    ask, status, error = REFUSALS[name]

    reply = ask(shop)

    assert (status, error) == (reply.status, reply.document["error"])
    assert {"error", "error_description"} == set(reply.document)
    assert reply.document["error_description"].isascii()
    assert (reply.headers["content-type"], reply.headers["cache-control"]) == ("application/json", "no-store")
    assert shop.secret not in reply.body.decode()


def test_wrong_unknown_and_deleted_cannot_be_told_apart(shop: Shop) -> None:
    deleted = add_client(shop.installation, "deleted")
    client_id, secret = deleted.client.client_id, deleted.secret.reveal()
    shop.silent.append(secret)
    shop.installation.clients.delete(client_id, by="test")
    replies = [
        shop.caller.ask_token(shop.form(client_secret="wrong")),
        shop.caller.ask_token(shop.form(client_id="unknown")),
        shop.caller.ask_token(shop.form(client_id=client_id, client_secret=secret)),
    ]

    assert [(401, INVALID_CLIENT)] * 3 == [(reply.status, reply.document) for reply in replies]
    assert 1 == len(
        {tuple(sorted(set(reply.headers.items()) - {("date", reply.headers["date"])})) for reply in replies}
    )


def test_the_challenge_is_for_those_who_used_the_header(shop: Shop) -> None:
    """
    RFC 6749 section 5.2.
    """
    in_header = shop.caller.ask_token({}, {"authorization": basic(shop.client_id, "wrong")})
    in_body = shop.caller.ask_token(shop.form(client_secret="wrong"))

    assert in_header.headers["www-authenticate"] == 'Basic realm="gatekey"'
    assert "www-authenticate" not in in_body.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_post_asks_for_tokens(shop: Shop, method: str) -> None:
    headers = {"x-http-method-override": "POST", "x-method-override": "POST"}

    reply = shop.caller.call(method, "/oauth/token", headers)

    assert (405, "POST") == (reply.status, reply.headers["allow"])
    assert reply.headers["cache-control"] == "no-store"
    assert method == "HEAD" or reply.document["error"] == "invalid_request"


@pytest.mark.parametrize(
    "path",
    [
        "//oauth/token",
        "/oauth//token",
        "/oauth/./token",
        "/oauth/../oauth/token",
        "/x/../oauth/token",
        "/oauth%2ftoken",
        "/oauth%2Ftoken",
        "/%6fauth/token",
        "/oauth/token%20",
        "/oauth/token%00",
        "/oauth/token//",
        "/oauth/token/x",
        "/oauth/token;x=y",
        "/oauth;x=y/token",
        "/OAUTH/TOKEN",
        "/oauth/Token",
        "/oauth\\token",
        "/token",
    ],
)
def test_no_other_spelling_of_the_path_is_the_endpoint(shop: Shop, path: str) -> None:
    """
    A proxy in front may count, log or refuse by path: both must mean the same.
    """
    body = f"client_id={shop.client_id}&client_secret={shop.secret}".encode()
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['content-type']}\r\n"

    said = shop.caller.say(f"{request}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    assert said.startswith((b"HTTP/1.1 404", b"HTTP/1.1 405", b"HTTP/1.1 400"))
    assert b"access_token" not in said
    assert b"\r\nlocation:" not in said.lower()


def test_a_client_that_was_just_created_gets_a_token_at_once(shop: Shop) -> None:
    for number in range(20):
        fresh = add_client(shop.installation, f"fresh-{number}")
        client_id, secret = fresh.client.client_id, fresh.secret.reveal()
        shop.silent.append(secret)

        shop.granted(shop.caller.ask_token(shop.form(client_id=client_id, client_secret=secret)))


def test_the_log_names_the_client_and_the_reason_and_stays_one_line(real_shop: Shop, product: Product) -> None:
    shop = real_shop
    shop.caller.ask_token(shop.form(client_id="a\nb\x1b[2J"), {"user-agent": "agent/1\x85"})
    shop.caller.ask_token(shop.form(client_secret="wrong"), {"user-agent": "agent/2"})
    eventually(lambda: "agent/2" in product.errors)
    lines = [line for line in product.errors.splitlines() if "agent/" in line]

    assert len(lines) == 2
    assert all("127.0.0.1" in line and "401" in line for line in lines)
    assert shop.client_id in lines[1]
    assert "no secret of ours" in lines[1]
    assert "\x1b" not in lines[0]


def test_nothing_secret_was_ever_logged(real_shop: Shop, product: Product) -> None:
    shop = real_shop
    pasted = make_secret("0123456789", random.choice)
    shop.caller.ask_token(shop.form(client_id=shop.secret, client_secret=pasted), {"user-agent": "last/1"})
    shop.caller.ask_token(shop.form(audience=pasted), {"authorization": basic(pasted, shop.secret)})
    shop.caller.call("GET", f"/oauth/token?client_secret={pasted}")
    shop.caller.call("GET", f"/{pasted}?client_secret={shop.secret}")
    shop.granted(shop.caller.ask_token(shop.form(), {"user-agent": "last/2"}))
    eventually(lambda: "last/2" in product.errors)
    told = product.errors + product.printed

    assert "last/1" in told
    assert [] == [text for text in [*shop.silent, pasted] if text in told]
    assert "Traceback" not in told
