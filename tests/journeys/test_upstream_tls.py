"""
Upstreams behind TLS that want to see a client certificate, set up by commands.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from support.certificates import write_certificate
from support.gateway import TOPOLOGY, GrpcUpstream, RestUpstream
from support.product import Product, running_product

PATIENCE = 20.0
NAME = "zeebe.example.org"


@dataclass
class Stand:
    product: Product
    folder: Path
    upstreams: tuple[GrpcUpstream, RestUpstream]
    bearer: dict[str, str]

    def update(self, *arguments: str, check: bool = True) -> Any:
        return self.product.cli("clusters", "update", "local", *arguments, check=check)

    def rest(self) -> int:
        return httpx.get(f"http://{self.product.gateway}/v2/topology", headers=self.bearer, trust_env=False).status_code

    def grpc(self) -> bytes | str:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        with grpc.insecure_channel(self.product.gateway, options) as channel:
            try:
                call = channel.unary_unary(TOPOLOGY)
                answer: bytes = call(b"ping", metadata=list(self.bearer.items()), timeout=PATIENCE)
            except grpc.RpcError as error:
                return str(error.code().name)
        return answer


def pair(folder: Path, name: str) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    return write_certificate(folder, name)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    server, client = pair(tmp_path / "server", NAME), pair(tmp_path / "client", "gateway")
    with ExitStack() as stack:
        calls = stack.enter_context(GrpcUpstream("secured", server, client[0]))
        rest = stack.enter_context(RestUpstream("secured", server, client[0]))
        product = stack.enter_context(running_product(tmp_path / "data"))
        bearer = {"authorization": f"Bearer {product.token()}"}
        yield Stand(product, tmp_path, (calls, rest), bearer)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_the_gateway_proves_itself_checks_the_upstream_and_follows_its_files(stand: Stand) -> None:
    calls, rest = stand.upstreams
    stand.update(
        *("--grpc", f"grpcs://127.0.0.1:{calls.address.port}", "--rest", f"https://127.0.0.1:{rest.address.port}"),
        *("--upstream-authorities", str(stand.folder / "server/certificate.pem"), "--upstream-server-name", NAME),
    )
    until(lambda: stand.rest() == 503)
    without = stand.rest(), stand.grpc()
    client = [f"--upstream-{what}={stand.folder}/client/{what}.pem" for what in ("certificate", "key")]
    shown = json.loads(stand.update(*client, "--json").stdout)
    until(lambda: stand.rest() == 200)
    with_certificate = stand.rest(), stand.grpc()

    for stranger in pair(stand.folder / "stranger", "gateway"):
        stranger.replace(stand.folder / "client" / stranger.name)
    until(lambda: stand.rest() == 503)

    assert (503, "UNAVAILABLE") == without
    assert (200, b"secured:ping") == with_certificate
    assert (NAME, f"{stand.folder}/client/key.pem") == (shown["upstreamServerName"], shown["upstreamKey"])


def test_an_upstream_of_another_name_gets_no_call(stand: Stand) -> None:
    _, rest = stand.upstreams
    client = [f"--upstream-{what}={stand.folder}/client/{what}.pem" for what in ("certificate", "key")]
    authorities = f"--upstream-authorities={stand.folder}/server/certificate.pem"
    url = f"--rest=https://127.0.0.1:{rest.address.port}"
    stand.update(url, authorities, f"--upstream-server-name={NAME}", *client)
    until(lambda: stand.rest() == 200)
    stand.update("--upstream-server-name", "other.example.org")

    until(lambda: stand.rest() == 503)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--upstream-authorities", "nowhere.pem"], "nowhere.pem cannot be read: No such file or directory."),
        (["--upstream-authorities", "{folder}/server/key.pem"], "holds no certificate"),
        (["--upstream-certificate", "{folder}/server/certificate.pem"], "belong together"),
        (
            ["--upstream-certificate={folder}/server/certificate.pem", "--upstream-key={folder}/client/key.pem"],
            "are no certificate and its key",
        ),
        (["--upstream-server-name", NAME, "--rest", "http://localhost:8080"], "No upstream speaks TLS"),
    ],
)
def test_what_cannot_work_is_said_by_the_command(tmp_path: Path, arguments: list[str], words: str) -> None:
    for name in ("server", "client"):
        pair(tmp_path / name, name)
    with running_product(tmp_path / "data", with_gateway=False) as product:
        given = [argument.format(folder=tmp_path) for argument in arguments]
        done = product.cli("clusters", "update", "local", *given, check=False)

    assert (1, words) == (done.returncode, words if words in done.stderr else done.stderr)
