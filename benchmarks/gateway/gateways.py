"""
The gateways that are measured, each started with one worker thread.
"""

import asyncio
import json
import threading
import uuid
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Self

from benchmarks.gateway.load import Target
from benchmarks.gateway.plain import bootstrap
from benchmarks.gateway.plan import MANY_CLUSTERS, MANY_REVOCATIONS
from benchmarks.gateway.ports import free_port, is_open
from benchmarks.gateway.processes import Tree, start, stop, wait_for
from benchmarks.gateway.stage import Stage
from benchmarks.gateway.tokens import DOMAIN, ISSUER
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject
from gatekey.server.gateway.runner import Gateway, GatewayEvent, Started
from gatekey.server.gateway.runner.envoy import find_envoy

HAPROXY = """\
global
    nbthread 1
    log stderr local0 emerg
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend gateway
    bind 127.0.0.1:{port}
    http-request set-var(txn.bearer) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify("RS256","{key}") 1 }}
    use_backend grpc if {{ req.hdr(content-type) -m beg application/grpc }}
    default_backend rest
backend grpc
    server one 127.0.0.1:{grpc} proto h2
backend rest
    server one 127.0.0.1:{rest}
"""


class _LoopThread:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def gatekey(stage: Stage) -> Iterator[Target]:
    """
    Gatekey's gateway in front of one cluster.
    """
    with _gatekey(stage, clusters=1, revocations=0) as target:
        yield target


@contextmanager
def gatekey_with_much(stage: Stage) -> Iterator[Target]:
    """
    Gatekey's gateway with many clusters, all with names of their own, and many revoked clients.
    """
    with _gatekey(stage, clusters=MANY_CLUSTERS, revocations=MANY_REVOCATIONS) as target:
        yield target


@contextmanager
def _gatekey(stage: Stage, *, clusters: int, revocations: int) -> Iterator[Target]:
    places = (Address("127.0.0.1", stage.upstreams.grpc), Address("127.0.0.1", stage.upstreams.rest))
    cluster_ids = [str(uuid.uuid4()) for _ in range(clusters)]
    view = GatewayView(
        listen=Address("127.0.0.1", free_port()),
        issuer=ISSUER,
        keys=stage.issuer.keys,
        domain=DOMAIN,
        hosts=clusters > 1,
        clusters=tuple(GuardedCluster(cluster_id, "local", *places) for cluster_id in cluster_ids),
        revocations={Subject(Named.CLIENT, uuid.uuid4().hex): FOREVER for _ in range(revocations)},
    )
    events: list[GatewayEvent] = []
    gateway = Gateway(stage.folder / f"gatekey-{clusters}", events.append, 1)
    with _LoopThread() as loop:
        loop.run(gateway.start(view))
        try:
            tree = Tree(next(event.process_id for event in events if isinstance(event, Started)))
            tree.pin(stage.core)
            yield Target(view.listen.port, stage.issuer.token(cluster_ids[clusters // 2]), tree)
        finally:
            loop.run(gateway.stop())


@contextmanager
def plain_envoy(stage: Stage) -> Iterator[Target]:
    """
    The same binary with its own token filter and nothing else.
    """
    port = free_port()
    settings = stage.folder / "plain.json"
    settings.write_text(json.dumps(bootstrap(port, stage.issuer.keys, stage.upstreams)))
    options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    command = [str(find_envoy()), "--config-path", str(settings), *options]
    with _running(stage, command, port, "plain Envoy") as target:
        yield target


@contextmanager
def haproxy(stage: Stage) -> Iterator[Target]:
    """
    HAProxy, which verifies the signature of every call anew, and no claim here.
    """
    port = free_port()
    key, settings = stage.folder / "key.pem", stage.folder / "haproxy.cfg"
    key.write_text(stage.issuer.pem)
    ports = {"grpc": stage.upstreams.grpc, "rest": stage.upstreams.rest}
    settings.write_text(HAPROXY.format(port=port, key=key, **ports))
    with _running(stage, ["haproxy", "-db", "-f", str(settings)], port, "HAProxy") as target:
        yield target


@contextmanager
def _running(stage: Stage, command: list[str], port: int, name: str) -> Iterator[Target]:
    process = start(command, stage.folder / f"{name}.log")
    try:
        wait_for(lambda: is_open(port), name)
        tree = Tree(process.pid)
        tree.pin(stage.core)
        yield Target(port, stage.issuer.token(str(uuid.uuid4())), tree)
    finally:
        stop(process)
