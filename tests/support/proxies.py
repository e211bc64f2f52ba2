"""
Other proxies in front of real upstreams, each started with its example from deploy/ and asking a real Gatekey.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from gatekey.server.gateway.runner.envoy import find_envoy
from support.caller import Caller, Reply
from support.certificates import write_certificate
from support.gateway import PATIENCE, GrpcUpstream, RestUpstream, wait_until
from support.ports import free_port
from support.product import Product, running_product

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
EXAMPLE_CLUSTER = "00000000-0000-4000-8000-000000000000"
HERE = "127.0.0.1"


@dataclass
class Proxied:
    """
    A proxy on `port` before two upstreams; `certificate` is what it shows, None in plain text.
    """

    name: str
    product: Product
    cluster_id: str
    rest: RestUpstream
    calls: GrpcUpstream
    port: int
    certificate: Path | None

    def client(self, name: str) -> tuple[str, list[tuple[str, str]]]:
        """
        Create a client and return its id and the header that carries a token of it.
        """
        created = self.product.create_client(name)
        status, body = self.product.ask_token(created["clientId"], created["clientSecret"])
        assert status == 200, body
        return created["clientId"], [("authorization", f"Bearer {body['access_token']}")]

    def ask(self, path: str, headers: list[tuple[str, str]] | None = None, *, body: bytes = b"") -> Reply:
        """
        Make a REST call exactly as written: no header is added, joined or repaired.
        """
        trusting = ssl.create_default_context(cafile=str(self.certificate)) if self.certificate else None
        named = [("host", "localhost"), *(headers or [])]
        caller = Caller(self.port, host="localhost", trusting=trusting)
        return caller.send("POST" if body else "GET", path, named, body)

    @contextmanager
    def channel(self) -> Iterator[grpc.Channel]:
        options = [("grpc.use_local_subchannel_pool", 1)]
        target = f"localhost:{self.port}"
        if self.certificate is None:
            channel = grpc.insecure_channel(target, options)
        else:
            trusting = grpc.ssl_channel_credentials(self.certificate.read_bytes())
            channel = grpc.secure_channel(target, trusting, options)
        with channel:
            yield channel

    def call(self, method: str, metadata: list[tuple[str, str]] | None = None, request: bytes = b"ping") -> bytes:
        """
        Make a unary gRPC call; raises grpc.RpcError.
        """
        with self.channel() as channel:
            response: bytes = channel.unary_unary(method)(request, metadata=metadata, timeout=PATIENCE)
            return response


@dataclass(frozen=True)
class Setting:
    """
    How one proxy is started in a folder that holds its example; `program` is the file that runs.
    """

    program: str
    command: Callable[[str, int], list[str]]
    tls: bool = False
    outage: tuple[int, grpc.StatusCode] = (503, grpc.StatusCode.UNAVAILABLE)
    """What callers hear while nobody decides."""


SETTINGS = {
    "nginx": Setting(
        "nginx", lambda program, _: [program, "-p", ".", "-c", "nginx.conf", "-g", "daemon off;"], tls=True
    ),
    "haproxy": Setting("haproxy", lambda program, _: [program, "-db", "-f", "haproxy.cfg"]),
    "caddy": Setting(
        "caddy",
        lambda program, _: [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
        outage=(502, grpc.StatusCode.UNAVAILABLE),
    ),
    "traefik": Setting(
        "traefik", lambda program, _: [program, "--configFile=traefik.yaml"], outage=(500, grpc.StatusCode.UNKNOWN)
    ),
    "envoy": Setting(
        "envoy", lambda program, base: [program, "-c", "envoy.yaml", "--base-id", str(base), "-l", "error"]
    ),
}


def find_program(name: str) -> str | None:
    """
    Return where a proxy is: on the PATH, in the cache of downloads, or in the wheel that we run ourselves.
    """
    if name == "envoy":
        return str(find_envoy())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("GATEKEY_CACHE") or home / "gatekey")
    places = [os.environ.get("PATH", ""), "/usr/sbin", str(cache / "proxies/bin")]
    return shutil.which(name, path=os.pathsep.join(places))


@contextmanager
def proxied(name: str, program: str, folder: Path) -> Iterator[Proxied]:
    """
    Bring up Gatekey, two upstreams and the proxy in front of them.
    """
    with ExitStack() as stack:
        rest, calls = stack.enter_context(RestUpstream("rest")), stack.enter_context(GrpcUpstream("grpc"))
        product = stack.enter_context(
            running_product(
                folder / "data",
                with_gateway=False,
                limit_rate=1000,
                limit_burst=1000,
                zeebe_grpc=calls.address,
                zeebe_rest=f"http://{rest.address}",
            )
        )
        cluster_id = json.loads(product.cli("clusters", "list", "--json").stdout)[0]["clusterId"]
        port = free_port()
        example = shutil.copytree(DEPLOY / name, folder / name)
        key = product.cli("gateway-key").stdout.strip()
        ports = {8400: product.http_port, 8080: rest.address.port, 26500: calls.address.port, 26600: port}
        for file in example.iterdir():
            file.write_text(_adapted(file.read_text(), ports, cluster_id, key))
        certificate = write_certificate(example)[0] if SETTINGS[name].tls else None
        (example / "gateway-key.conf").write_text(f'proxy_set_header X-Gatekey-Gateway-Key "{key}";\n')
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(example),
            "GATEKEY_GATEWAY_KEY": key,
            "GATEKEY_DECISION": f"http://{HERE}:{product.http_port}/gateway/decision",
        }
        stack.enter_context(running_proxy(name, program, example, port, environment))
        yield Proxied(name, product, cluster_id, rest, calls, port, certificate)


def _adapted(example: str, ports: dict[int, int], cluster_id: str, key: str) -> str:
    """
    Return the example with what everybody has to put in: the cluster's id, the key, and here also free ports.
    """
    text = example.replace(EXAMPLE_CLUSTER, cluster_id).replace("THE GATEWAY KEY", key)
    for usual, free in ports.items():
        for form in (f"{HERE}:{usual}", f"listen {usual}", f"http://:{usual}", f"port_value: {usual}"):
            text = text.replace(form, form.replace(str(usual), str(free)))
    return text


@contextmanager
def running_proxy(name: str, program: str, folder: Path, port: int, environment: dict[str, str]) -> Iterator[None]:
    """
    Run a proxy in the folder that holds its configuration, until it is told to end.
    """
    command = SETTINGS[name].command(program, port)
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)

        def answers() -> bool:
            assert process.poll() is None, (folder / "said.txt").read_text()
            return _is_open(port)

        try:
            wait_until(answers)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _is_open(port: int) -> bool:
    try:
        socket.create_connection((HERE, port), timeout=1).close()
    except OSError:
        return False
    return True


def document(answer: Reply) -> Any:
    """
    Return the problem document of a refusal.
    """
    assert answer.headers["content-type"] == "application/problem+json", answer
    return answer.document
