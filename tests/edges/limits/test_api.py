"""
The limits API: the operator key or a session opens it, nothing else; it answers as `gatekey limits --json` prints.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gatekey.http.csrf import csrf_token
from gatekey.oauth.secret_text import SecretText
from gatekey.server.storage.traffic.request_history import SqlRequestHistory
from gatekey.server.storage.traffic.request_recorder import RequestRecorder
from support.service import JSON, Reply, Service, add_client, served

NETWORK = "2001:db8::/64"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with served(tmp_path_factory.mktemp("limits") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client_id(service: Service) -> str:
    """
    A client that was refused twice and served once, a moment ago.
    """
    created = add_client(service.installation)
    form = {"grant_type": "client_credentials", "client_id": created.client.client_id}
    for secret in ("wrong", "wrong", created.secret.reveal()):
        service.caller.ask_token({**form, "client_secret": secret}, {"user-agent": "curl/8"})
    recorder = RequestRecorder(SqlRequestHistory(service.installation.database, 86_400), time.time)
    for event in service.events:
        recorder.tell(event)
    recorder.flush()
    return created.client.client_id


def call(service: Service, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
    usual = {"authorization": f"Bearer {service.installation.operating.key}", **(JSON if body else {})}
    return service.caller.call(method, f"/api/limits{path}", {**usual, **headers}, body)


def session(service: Service) -> tuple[str, str]:
    """
    Return the cookie of a signed-in person, and the token of their forms.
    """
    installation = service.installation
    signed_in = installation.sign_in.redeem(installation.sign_in.issue_link())
    assert signed_in is not None
    return f"gatekey={signed_in.key}", csrf_token(
        installation.master.derive("console forms"), SecretText(signed_in.key)
    )


def orders(service: Service) -> list[str]:
    return [order.address for order in service.installation.operating.limits.store.orders(None)]


def test_the_overview_an_address_and_a_client_say_the_same(service: Service, client_id: str) -> None:
    overview, address, client = (
        call(service, path).document for path in ("", "/127.0.0.1", f"/clients/{client_id}?minutes=60")
    )
    parts = ("requests", "granted", "faulty", "limited", "blocked", "failed")

    assert "127.0.0.1" == overview["addresses"][0]["address"]
    assert [3, 1, 2, 0, 0, 0] == [overview["addresses"][0][part] for part in parts]
    assert [3, 1, 2, 0, 0, 0] == [address[part] for part in parts] == [client[part] for part in parts]
    assert {"granted": 1, "wrong secret": 2} == address["askers"][0]["outcomes"]
    assert ("a-client", "known", "curl/8") == tuple(
        address["askers"][0][name] for name in ("name", "standing", "userAgent")
    )
    assert ["wrong secret"] == [finding["kind"] for finding in client["findings"]]
    assert 60 == len(client["overTime"])


def test_nothing_may_store_the_answers(service: Service) -> None:
    assert "no-store" == call(service, "").headers["cache-control"]


@pytest.mark.parametrize("path", ["", "/127.0.0.1", "/clients/x", "/127.0.0.1/unblock"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": ""},
        {"authorization": "Basic eDp5"},
        {"cookie": "gatekey=wrong"},
        {"authorization": "Bearer wrong", "cookie": "session"},
    ],
)
def test_without_the_key_or_a_session_nothing_is_told(service: Service, path: str, headers: dict[str, str]) -> None:
    cookie, _ = session(service)
    headers = {name: cookie if value == "session" else value for name, value in headers.items()}
    method = "POST" if path.endswith("unblock") else "GET"
    reply = service.caller.call(method, f"/api/limits{path}", headers)

    assert (401, "application/problem+json", "Bearer") == (
        reply.status,
        reply.headers["content-type"],
        reply.headers["www-authenticate"],
    )
    assert {"type", "title", "status", "detail", "instance"} == set(reply.document)


def test_other_keys_of_the_installation_do_not_open_it(service: Service) -> None:
    gateway = call(service, "", authorization=f"Bearer {service.installation.gateway_key}")

    assert 401 == gateway.status


def test_a_session_opens_it(service: Service) -> None:
    cookie, _ = session(service)
    reply = service.caller.call("GET", "/api/limits", {"cookie": cookie})

    assert 200 == reply.status


def test_a_session_changes_something_only_with_the_token_of_its_forms(service: Service) -> None:
    cookie, token = session(service)
    path = "/api/limits/192.0.2.80/unblock"
    refused = [
        service.caller.call("POST", path, {"cookie": cookie, **headers}).status
        for headers in (
            {},
            {"x-csrf-token": "wrong"},
            {"x-csrf-token": token, "sec-fetch-site": "cross-site"},
            {"x-csrf-token": token, "origin": "https://evil.example"},
        )
    ]

    assert [403] * 4 == refused
    assert "192.0.2.80" not in orders(service)

    done = service.caller.call("POST", path, {"cookie": cookie, "x-csrf-token": token})

    assert (200, {"address": "192.0.2.80", "unblocked": True}) == (done.status, done.document)
    assert "192.0.2.80" in orders(service)


def unblocked(service: Service, address: str) -> Any:
    return service.installation.operating.explanations.history.unblocked(0, address)[-1]


def test_unblocking_keeps_who_and_why(service: Service) -> None:
    reply = call(service, "/192.0.2.81/unblock", "POST", json.dumps({"reason": "our own test"}).encode())
    kept = unblocked(service, "192.0.2.81")

    assert 200 == reply.status
    assert ("operator key", "our own test") == (kept.by, kept.reason)


@pytest.mark.parametrize("spelt", [NETWORK, quote(NETWORK, safe=""), "2001:db8::5"])
def test_a_network_is_named_as_it_is_limited(service: Service, spelt: str) -> None:
    assert NETWORK == call(service, f"/{spelt}/unblock", "POST").document["address"]
    assert NETWORK == call(service, f"/{spelt}").document["address"]


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        ("/nonsense", "GET", None, 404),
        ("/nonsense/unblock", "POST", None, 404),
        ("/clients/nobody-ever", "GET", None, 404),
        ("?minutes=0", "GET", None, 400),
        ("?minutes=x", "GET", None, 400),
        ("?minutes=99999999999999999999", "GET", None, 400),
        ("?most=-1", "GET", None, 400),
        ("?most=%D9%A3", "GET", None, 400),
        ("/127.0.0.1?minutes=1e3", "GET", None, 400),
        ("/clients/x?minutes=0", "GET", None, 400),
        ("/192.0.2.82/unblock", "POST", b"[]", 400),
        ("/192.0.2.82/unblock", "POST", b'{"reason": 7}', 400),
        ("/192.0.2.82/unblock", "POST", b'{"reason": "a", "by": "b"}', 400),
        ("/192.0.2.82/unblock", "POST", b"\xff", 400),
        ("/192.0.2.82/unblock", "POST", b"[" * 4_000, 400),
        ("/192.0.2.82/unblock", "POST", b'{"reason": "' + b"x" * 201 + b'"}', 400),
        ("/192.0.2.82/unblock", "POST", b"x" * 5_000, 400),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    service: Service, path: str, method: str, body: bytes | None, status: int
) -> None:
    reply = call(service, path, method, body)

    assert (status, "application/problem+json") == (reply.status, reply.headers["content-type"])
    assert "192.0.2.82" not in orders(service)


def test_while_the_database_is_away_it_asks_to_come_back(tmp_path: Path) -> None:
    with served(tmp_path / "data") as running:
        path = running.installation.folder.database_path
        path.rename(path.with_suffix(".away"))
        reply = call(running, "")
        path.with_suffix(".away").rename(path)

    assert (503, "2") == (reply.status, reply.headers["retry-after"])
