"""
TLS of the gateway's port, as real clients meet it: gRPC by ALPN, REST beside it, a certificate that changes.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from gatekey.server.certificates.authority import Pair, issue, make_authority
from support.gateway import PATIENCE, TOPOLOGY, GrpcUpstream, RestUpstream, wait_until
from support.product import Product, running_product


class Stand:
    """A product whose gateway speaks TLS, and a client of it."""

    def __init__(self, product: Product, authority: bytes) -> None:
        self.product = product
        self.authority = authority
        created = product.create_client("caller")
        context = ssl.create_default_context(cadata=authority.decode())
        form = {
            "grant_type": "client_credentials",
            "client_id": created["clientId"],
            "client_secret": created["clientSecret"],
        }
        with httpx.Client(verify=context, trust_env=False) as client:
            answer = client.post(f"https://localhost:{product.http_port}/oauth/token", data=form)
        self.bearer = [("authorization", f"Bearer {answer.json()['access_token']}")]

    def call(self, trusted: bytes, host: str = "localhost") -> bytes:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        credentials = grpc.ssl_channel_credentials(trusted)
        with grpc.secure_channel(f"{host}:{self.product.gateway_port}", credentials, options) as channel:
            answer: bytes = channel.unary_unary(TOPOLOGY)(b"ping", metadata=self.bearer, timeout=PATIENCE)
            return answer


def settings_of(rest: RestUpstream, calls: GrpcUpstream) -> dict[str, Any]:
    return {"zeebe_grpc": calls.address, "zeebe_rest": f"http://{rest.address}"}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    data = tmp_path_factory.mktemp("data")
    with (
        RestUpstream("rest") as rest,
        GrpcUpstream("grpc") as calls,
        running_product(data, tls="auto", **settings_of(rest, calls)) as product,
    ):
        yield Stand(product, product.cli("authority").stdout.encode())


def test_grpc_and_rest_pass_on_one_port(stand: Stand) -> None:
    context = ssl.create_default_context(cadata=stand.authority.decode())
    with httpx.Client(verify=context, trust_env=False) as client:
        seen = client.get(f"https://localhost:{stand.product.gateway_port}/v2/topology", headers=stand.bearer).json()

    assert b"grpc:ping" == stand.call(stand.authority)
    assert b"grpc:ping" == stand.call(stand.authority, "127.0.0.1")
    assert "rest" == seen["upstream"]


def test_both_protocols_are_agreed_by_name(stand: Stand) -> None:
    context = ssl.create_default_context(cadata=stand.authority.decode())
    chosen = []
    for offered in (["h2"], ["http/1.1"], ["http/1.1", "h2"]):
        context.set_alpn_protocols(offered)
        with (
            socket.create_connection(("localhost", stand.product.gateway_port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            chosen.append(secured.selected_alpn_protocol())

    assert ["h2", "http/1.1", "h2"] == chosen


def test_who_trusts_another_authority_makes_no_call(stand: Stand) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stand.call(make_authority("stranger", datetime.now(UTC)).certificate)

    assert grpc.StatusCode.UNAVAILABLE == refused.value.code()


def test_the_doctor_finds_nothing_wrong_with_the_ways_in(stand: Stand, tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    stand.product.cli("clients", "create", "app", "--cluster", "local", "--scopes", "Zeebe", "--output", str(file))
    done = stand.product.cli("doctor", str(file), "--json")

    assert [] == [each for each in json.loads(done.stdout)["findings"] if each["outcome"] == "wrong"]


def test_the_gateway_follows_a_new_certificate_and_drops_no_stream(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authorities = [make_authority(name, now) for name in ("first", "second")]
    pairs = [issue(authority, ["localhost"], now) for authority in authorities]
    files = tmp_path / "own.pem", tmp_path / "own.key"
    place(pairs[0], files)
    own: dict[str, Any] = {"tls": "paths", "tls_certificate": files[0], "tls_key": files[1]}
    with (
        RestUpstream("rest") as rest,
        GrpcUpstream("grpc") as calls,
        running_product(tmp_path / "data", **own, **settings_of(rest, calls)) as product,
    ):
        stand = Stand(product, authorities[0].certificate)
        credentials = grpc.ssl_channel_credentials(authorities[0].certificate)
        with grpc.secure_channel(f"localhost:{product.gateway_port}", credentials) as channel:
            stream = channel.unary_stream("/gateway_protocol.Gateway/ActivateJobs")(b"job", metadata=stand.bearer)
            calls.step.release()
            received = [next(stream)]
            place(pairs[1], files)
            wait_until(lambda: trusts(stand, authorities[1].certificate))
            calls.step.release()
            received.append(next(stream))
            stream.cancel()

        assert [b"job:1", b"job:2"] == received
        assert not trusts(stand, authorities[0].certificate)


def place(pair: Pair, files: tuple[Path, Path]) -> None:
    files[0].write_bytes(pair.certificate)
    files[1].write_bytes(pair.key)


def trusts(stand: Stand, authority: bytes) -> bool:
    try:
        return stand.call(authority) == b"grpc:ping"
    except grpc.RpcError:
        return False
