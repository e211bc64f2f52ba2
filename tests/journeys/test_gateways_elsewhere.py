"""
Gateways on other machines: they get everything from the service, hear of every change, and go on without it.
"""

import json
import socket
import ssl
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from gatekey.server.certificates.authority import Pair, issue, make_authority
from support.fleet import RemoteGateway, remote_gateway
from support.gateway import RestUpstream
from support.product import Product, running_product

PATIENCE = 20.0
NUMBERS = count()


@dataclass
class Fleet:
    product: Product
    gateways: list[RemoteGateway]
    upstream: str

    def clients(self, *names: str) -> list[dict[str, str]]:
        """
        New clients of these names in a new cluster: every test has its own.
        """
        cluster = f"cluster-{next(NUMBERS)}"
        self.product.cli("clusters", "create", cluster, "--rest", self.upstream)
        return [self.product.create_client(name, cluster=cluster) for name in names]

    def new_token(self, client: dict[str, str]) -> str:
        status, body = self.product.ask_token(client["clientId"], client["clientSecret"])
        assert status == 200, body
        return str(body["access_token"])

    def statuses(self, token: str) -> set[int]:
        return {gateway.status(token) for gateway in self.gateways}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        upstream = stack.enter_context(RestUpstream("zeebe"))
        settings = {"zeebe_rest": f"http://{upstream.address}", "limit_rate": 1000, "limit_burst": 1000}
        product = stack.enter_context(running_product(folder / "data", with_gateway=False, workers=2, **settings))
        gateways = [stack.enter_context(remote_gateway(product, folder, name)) for name in ("one", "two")]
        yield Fleet(product, gateways, f"http://{upstream.address}")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_the_printed_configuration_is_a_secret_and_nothing_else_holds_the_key(fleet: Fleet) -> None:
    key = fleet.product.cli("gateway-key").stdout.strip()
    [stays] = fleet.clients("stays")
    token = fleet.new_token(stays)
    until(lambda: fleet.statuses(token) == {200})
    written = "".join(path.read_text() for gateway in fleet.gateways for path in (gateway.calls, gateway.log))

    assert {0o600} == {stat.S_IMODE(gateway.bootstrap.stat().st_mode) for gateway in fleet.gateways}
    assert key in fleet.gateways[0].bootstrap.read_text()
    assert key not in written + fleet.product.errors + fleet.product.printed


def test_every_change_reaches_every_gateway(fleet: Fleet) -> None:
    gone, stays = fleet.clients("gone", "stays")
    old, other = fleet.new_token(gone), fleet.new_token(stays)
    until(lambda: fleet.statuses(old) == {200})

    fleet.product.cli("clients", "delete", gone["clientId"], "--yes")
    until(lambda: fleet.statuses(old) == {401})
    assert {200} == fleet.statuses(other)

    fleet.product.cli("keys", "rotate", "--now")
    fresh = fleet.new_token(stays)
    until(lambda: fleet.statuses(fresh) == {200})
    assert {200} == fleet.statuses(other)

    [new] = fleet.clients("new")
    of_second = fleet.new_token(new)
    until(lambda: fleet.statuses(of_second) == {200})
    assert {200} == fleet.statuses(other)


def test_gateways_go_on_while_the_service_is_down_and_hear_of_what_happened_meanwhile(fleet: Fleet) -> None:
    gone, stays = fleet.clients("gone", "stays")
    old, other = fleet.new_token(gone), fleet.new_token(stays)
    until(lambda: fleet.statuses(old) == {200})

    fleet.product.stop()
    fleet.product.cli("clients", "delete", gone["clientId"], "--yes")
    without_service = fleet.statuses(old), fleet.statuses(other)
    fleet.product.start()
    until(lambda: fleet.statuses(old) == {401})

    assert ({200}, {200}) == without_service
    assert {200} == fleet.statuses(other)


def test_a_gateway_that_starts_without_the_service_takes_no_call_until_it_is_back(fleet: Fleet) -> None:
    [stays] = fleet.clients("stays")
    token = fleet.new_token(stays)
    until(lambda: fleet.statuses(token) == {200})

    fleet.product.stop()
    first, second = fleet.gateways
    first.stop()
    first.log.write_bytes(b"")
    first.start()
    until(lambda: b"REST update" in first.log.read_bytes())
    alone = first.status(token), second.status(token)
    fleet.product.start()
    until(lambda: fleet.statuses(token) == {200})

    assert (0, 200) == alone


def test_over_tls_gateways_trust_the_services_authority_and_follow_their_own_certificate(tmp_path: Path) -> None:
    authority, names, now = make_authority("elsewhere", datetime.now(UTC)), ["localhost"], datetime.now(UTC)
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"

    def show(pair: Pair) -> None:
        for path, content in ((key, pair.key), (chain, pair.certificate)):
            new = path.with_suffix(".new")
            new.write_bytes(content)
            new.replace(path)

    first, second = (issue(authority, names, now) for _ in range(2))
    show(first)
    files = ("--certificate", str(chain), "--key", str(key))
    with (
        running_product(tmp_path / "data", with_gateway=False, tls="auto") as product,
        remote_gateway(product, tmp_path, "one", *files) as gateway,
    ):
        until(lambda: served_certificate(gateway.port) == ssl.PEM_cert_to_DER_cert(first.certificate.decode()))
        show(second)
        until(lambda: served_certificate(gateway.port) == ssl.PEM_cert_to_DER_cert(second.certificate.decode()))


def served_certificate(port: int) -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.getpeercert(binary_form=True)
    except OSError:
        return None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--service", "http://login.example.org"], "without TLS"),
        (["--service", "https://login.example.org/base"], "no URL of the service"),
        (["--listen", "localhost:26600"], "no address to listen on"),
        (["--key", "key.pem"], "belong together"),
        (["--output", "nowhere/gateway.json"], "cannot be written"),
    ],
)
def test_what_cannot_work_is_said_at_once(product: Product, arguments: list[str], words: str) -> None:
    done = product.cli("gateway", "bootstrap", *arguments, check=False)

    assert (True, words in done.stderr, "") == (done.returncode != 0, True, done.stdout)


@pytest.mark.parametrize("kind", ["clusters", "routes", "extension_configs", "secrets"])
@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer wrong"])
def test_without_the_key_there_is_no_configuration(product: Product, kind: str, key: str) -> None:
    question = json.dumps({"node": {"id": "stranger"}, "resource_names": ["verification"]}).encode()
    request = urllib.request.Request(f"{product.http}/v3/discovery:{kind}", question, {"authorization": key})
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request, timeout=PATIENCE):
        pass
    with refused.value as refusal:
        document = json.load(refusal)

    assert (401, "The gateway key is needed.") == (refused.value.code, document["detail"])


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("data"), with_gateway=False) as product:
        yield product
