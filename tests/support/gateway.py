"""
A gateway with everything around it: an issuer of tokens, upstreams on loopback, the real Envoy.
"""

import asyncio
import base64
import http.server
import json
import ssl
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent import futures
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
from joserfc import jwk, jwt

from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.runner import Gateway, GatewayEvent
from gatekey.server.gateway.runner.gateway import GRACE
from support.caller import Caller, Reply
from support.ports import free_port
from support.waiting import PATIENCE, wait_until

__all__ = ["PATIENCE", "free_port", "wait_until"]  # who stands up a gateway needs them too

T = TypeVar("T")

ISSUER = "http://issuer.test"
A = "aaaaaaaa-0000-4000-8000-00000000000a"
B = "bbbbbbbb-0000-4000-8000-00000000000b"
CLUSTER_CLAIM = "https://camunda.com/clusterId"
TOPOLOGY = "/gateway_protocol.Gateway/Topology"


def compact(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    """Return a JWT with any header and any signature, good or not."""
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class Issuer:
    """Signs tokens as the token service does, by another implementation of JOSE than ours."""

    def __init__(self, key_id: str = "key-1") -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": key_id, "alg": "RS256", "use": "sig"})

    def keys(self, *others: "Issuer") -> str:
        return json.dumps({"keys": [issuer.key.as_dict(private=False) for issuer in (self, *others)]})

    def claims(self, cluster: str = A, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "sub": "client-of-the-test",
            "aud": "zeebe.camunda.io",
            "scope": cluster,
            "iat": now,
            "exp": now + 600,
            "jti": "token-of-the-test",
            "credential_id": "secret-of-the-test",
            CLUSTER_CLAIM: cluster,
        }
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def token(self, cluster: Any = A, header: Any = None, **changes: Any) -> str:
        return self.sign(self.claims(cluster, **changes), header)

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": "JWT", **(header or {})}, claims, self.key)


class RestUpstream:
    """
    An HTTP/1.1 server that answers with what it was asked, as JSON; `tls`: the files of certificate and key; `clients`:
    the authority whose client certificates it demands.
    """

    def __init__(self, name: str, tls: tuple[Path, Path] | None = None, clients: Path | None = None) -> None:
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                seen = {
                    "upstream": upstream.name,
                    "path": self.path,
                    "headers": {key.lower(): value for key, value in self.headers.items()},
                    "length": len(self.rfile.read(length)),
                }
                body = json.dumps(seen).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PURGE = do_TRACE = do_OPTIONS = do_GET  # noqa: N815 - http.server calls them by these names

            def log_message(self, *_: object) -> None: ...

        self.name = name
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            if clients is not None:
                context.load_verify_locations(clients)
                context.verify_mode = ssl.CERT_REQUIRED
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.address = Address("127.0.0.1", self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class GrpcUpstream(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc ships no types
    """
    A gRPC server for any method: unary calls are echoed with the upstream's name in front; `ActivateJobs` is a stream
    that sends one message for each `step` of the test.
    """

    def __init__(self, name: str, tls: tuple[Path, Path] | None = None, clients: Path | None = None) -> None:
        self.name = name
        self.metadata: list[tuple[str, str]] = []
        self.step = threading.Semaphore(0)
        self.streams = 0
        self.remaining = 0.0
        self._ended = threading.Event()
        limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[self], options=limits)
        self.address = Address("127.0.0.1", self._listen(tls, clients))

    def _listen(self, tls: tuple[Path, Path] | None, clients: Path | None) -> int:
        if tls is None:
            return int(self._server.add_insecure_port("127.0.0.1:0"))
        certificate, key = (path.read_bytes() for path in tls)
        authority = clients.read_bytes() if clients else None
        credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=bool(clients))
        return int(self._server.add_secure_port("127.0.0.1:0", credentials))

    def service(self, handler_call_details: Any) -> Any:
        self.metadata = [(key, str(value)) for key, value in handler_call_details.invocation_metadata]
        if handler_call_details.method.endswith("/ActivateJobs"):
            return grpc.unary_stream_rpc_method_handler(self._stream)
        return grpc.unary_unary_rpc_method_handler(self._echo)

    def _echo(self, request: bytes, context: Any) -> bytes:
        self.remaining = context.time_remaining()
        return self.name.encode() + b":" + request

    def _stream(self, request: bytes, context: Any) -> Iterator[bytes]:
        number = 0
        self.streams += 1
        context.add_callback(self._forget)
        while context.is_active() and not self._ended.is_set():
            if self.step.acquire(timeout=0.05):
                number += 1
                yield b"%s:%d" % (request, number)

    def _forget(self) -> None:
        self.streams -= 1

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.stop(None).wait()


class LoopThread:
    """An event loop in a thread of its own, as a service has one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Stand:
    """Two clusters behind a running gateway."""

    folder: Path
    issuer: Issuer
    view: GatewayView
    gateway: Gateway
    loop: LoopThread
    events: list[GatewayEvent]
    grpc_upstreams: dict[str, GrpcUpstream]
    rest_upstreams: dict[str, RestUpstream]

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.view.listen.port}"

    def apply(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)
        self.loop.run(self.gateway.apply(self.view))

    def bearer(self, cluster: str = A) -> list[tuple[str, str]]:
        return [("authorization", f"Bearer {self.issuer.token(cluster)}")]

    def ask(
        self,
        path: str,
        headers: list[tuple[str, str]] | None = None,
        *,
        host: str = "localhost",
        body: bytes = b"",
        method: str = "",
    ) -> Reply:
        """Make a REST call exactly as written: no header is added, joined or repaired."""
        named = [("host", host), *(headers or [])]
        return Caller(self.view.listen.port).send(method or ("POST" if body else "GET"), path, named, body)

    @contextmanager
    def channel(self, host: str = "localhost", **options: Any) -> Iterator[grpc.Channel]:
        settings = [
            ("grpc.default_authority", host),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
        ]
        with grpc.insecure_channel(self.target, options=settings, **options) as channel:
            yield channel

    def call(
        self,
        method: str,
        metadata: list[tuple[str, str]] | None = None,
        *,
        host: str = "localhost",
        request: bytes = b"ping",
    ) -> bytes:
        """Make a unary gRPC call; raises grpc.RpcError."""
        with self.channel(host) as channel:
            response: bytes = channel.unary_unary(method)(request, metadata=metadata, timeout=PATIENCE)
            return response


@contextmanager
def standing(folder: Path, grace: float = GRACE, **changes: Any) -> Iterator[Stand]:
    """Bring up two clusters, their upstreams and the gateway in front of them."""
    with ExitStack() as stack:
        rest = {cluster: stack.enter_context(RestUpstream(name)) for cluster, name in ((A, "a"), (B, "b"))}
        calls = {cluster: stack.enter_context(GrpcUpstream(name)) for cluster, name in ((A, "a"), (B, "b"))}
        issuer = Issuer()
        view = GatewayView(
            listen=Address("localhost", free_port()),
            issuer=ISSUER,
            keys=issuer.keys(),
            domain="camunda.io",
            hosts=True,
            clusters=tuple(GuardedCluster(c, "local", calls[c].address, rest[c].address) for c in (A, B)),
        )
        events: list[GatewayEvent] = []
        loop = stack.enter_context(LoopThread())
        gateway = Gateway(folder, events.append, 2, grace)
        stand = Stand(folder, issuer, replace(view, **changes), gateway, loop, events, calls, rest)
        loop.run(gateway.start(stand.view))
        stack.callback(lambda: loop.run(gateway.stop()))
        yield stand
