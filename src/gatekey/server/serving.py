"""
Running the service: sockets, the HTTP server, the gateway beside it, and a clean end.
"""

import asyncio
import json
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import assert_never

import uvicorn
import uvloop

from gatekey.errors import ServiceError, StorageUnavailable
from gatekey.server.app import Application, Installation, compose, gateway_view, open_directory
from gatekey.server.auditing.model import Failed, GatewayChanged
from gatekey.server.auditing.ports import Observer
from gatekey.server.dataplane import ConfigurationApplied, Died, Gateway, GatewayEvent, Noted, Restarted, Started
from gatekey.server.guarding.model import GatewayView
from gatekey.server.observing.logs import LogObserver, configure_logs
from gatekey.server.web.http_protocol import HttpProtocol

WATCH_SECONDS = 0.25
"""How often the gateway's view is compared with the database; an unchanged one costs microseconds."""

GRACE_SECONDS = 5
"""How long requests under way may take after the signal to end."""

BACKLOG = 2048
"""Connections waiting to be accepted; a storm of clients queues here rather than being refused."""


def serve(installation: Installation, *, with_gateway: bool, on_ready: Callable[[], None]) -> None:
    """
    Serve until SIGINT or SIGTERM; `on_ready` is called when tokens are issued and the gateway takes calls.

    Raises `ServiceError` with one clear sentence when that cannot be reached.
    """
    configure_logs(installation.settings.log_format)
    with installation.folder.claimed():
        _serve(installation, with_gateway=with_gateway, on_ready=on_ready)


def _serve(installation: Installation, *, with_gateway: bool, on_ready: Callable[[], None]) -> None:
    sockets = _listen(installation.settings.http)
    try:
        installation.folder.remember_site(installation.site)  # not before: a start that never listened was none
        uvloop.run(_Service(installation, LogObserver(), with_gateway=with_gateway).run(sockets, on_ready))
    finally:
        for listening in sockets:
            listening.close()


class _Server(uvicorn.Server):
    """
    uvicorn without its own signal handling: the service ends as a whole.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """
        Leave signals to the service.
        """
        yield


class _Service:
    def __init__(self, installation: Installation, observer: Observer, *, with_gateway: bool) -> None:
        self._installation = installation
        self._observer = observer
        self._directory = open_directory(installation)
        self._with_gateway = with_gateway

    async def run(self, sockets: Sequence[socket.socket], on_ready: Callable[[], None]) -> None:
        self._directory.refresh()
        application = compose(self._installation, self._directory, self._observer)
        server = _server(application)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _end, server)
        serving = asyncio.create_task(server.serve(list(sockets)))
        gateway = self._gateway() if self._with_gateway else None
        watching: asyncio.Task[None] | None = None
        try:
            if gateway is not None:
                view = await self._view()
                await gateway.start(view)
                watching = asyncio.create_task(self._watch(gateway, view))
            if not server.should_exit:
                on_ready()
            await serving
        finally:
            server.should_exit = True
            if watching is not None:
                watching.cancel()
            await asyncio.gather(serving, *([watching] if watching else []), return_exceptions=True)
            if gateway is not None:
                await gateway.stop()

    def _gateway(self) -> Gateway:
        return Gateway(self._installation.folder.gateway_path, self._tell, self._installation.settings.gateway_threads)

    def _tell(self, event: GatewayEvent) -> None:
        self._observer.tell(GatewayChanged(_in_words(event)))

    async def _view(self) -> GatewayView:
        clusters = await asyncio.to_thread(self._installation.clusters.all)
        keys = {"keys": [key.public_jwk() for key in self._directory.published_keys()]}
        return gateway_view(self._installation, clusters, json.dumps(keys))

    async def _watch(self, gateway: Gateway, applied: GatewayView) -> None:
        revision = self._directory.refresh()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                current = self._directory.refresh()
                if current == revision:
                    continue
                view = await self._view()
                if view != applied:
                    await gateway.apply(view)
                    applied = view
                revision = current
            except (StorageUnavailable, ServiceError) as error:
                self._observer.tell(Failed("gateway configuration", str(error)))


def _in_words(event: GatewayEvent) -> str:
    match event:
        case Started(process_id):
            return f"started (process {process_id})"
        case Died(code):
            return f"died (exit code {code}), starting again"
        case Restarted(process_id):
            return f"started again (process {process_id})"
        case ConfigurationApplied():
            return "took a new configuration"
        case Noted(level, text):
            return f"says ({level}): {text}"
        case never:
            assert_never(never)


def _server(application: Application) -> _Server:
    return _Server(
        uvicorn.Config(
            application,
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,  # every answer is told to the observer, in our words
            log_config=None,
            server_header=False,
            proxy_headers=False,  # uvicorn would believe X-Forwarded-For of every local process
            timeout_keep_alive=65,  # longer than common proxies keep theirs, so they close first
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def _end(server: uvicorn.Server) -> None:
    server.force_exit = server.should_exit  # asked for twice: do not wait for requests under way
    server.should_exit = True


def _listen(address: str) -> list[socket.socket]:
    """
    Bind every address that the host name stands for: clients that know `localhost` as ::1 find the service too.
    """
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except OSError as error:
        raise ServiceError(
            f"The service cannot listen on {address}: {error.strerror}.",
            hint="Choose another address with --http or GATEKEY_HTTP.",
        ) from error
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, where in dict.fromkeys(found):
        try:
            sockets.append(_bind(socket.socket(family, kind, protocol), where))
        except OSError as error:
            if family == socket.AF_INET6 and sockets:
                continue  # a host without IPv6
            for bound in sockets:
                bound.close()
            raise ServiceError(
                f"The service cannot listen on {address}: {(error.strerror or 'unknown').lower()}.",
                hint="Stop what listens there, or choose another address with --http or GATEKEY_HTTP.",
            ) from error
    return sockets


def _bind(listening: socket.socket, where: object) -> socket.socket:
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listening.family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(where)  # type: ignore[arg-type] # getaddrinfo's own answer for this family
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
