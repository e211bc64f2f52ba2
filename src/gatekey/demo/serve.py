"""Runs the demo cluster on loopback until it is told to end."""

import asyncio
import ipaddress
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gatekey.demo.apis.answers import problem
from gatekey.demo.apis.commands import CommandApi
from gatekey.demo.apis.graphql import GraphQlApi
from gatekey.demo.apis.grpc_gateway import grpc_server
from gatekey.demo.apis.operate import OperateApi
from gatekey.demo.apis.optimize import OptimizeApi
from gatekey.demo.apis.reads import ReadApi
from gatekey.demo.apis.tasklist import TasklistApi
from gatekey.demo.cluster import VERSION, DemoCluster
from gatekey.errors import ServiceError

WHAT_IT_IS = f"Demo cluster {VERSION}, a small engine for trying: not Camunda, and it forgets all when it ends"

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 7_200
"""Longer than Envoy keeps an idle connection (an hour): whoever closes first must be the one who would use it next."""

GRACE_SECONDS = 0.5
"""Long polls and job streams end by themselves in none; workers connect again."""


def serve(grpc: str, rest: str) -> None:
    """Serve gRPC and REST on two loopback addresses, `host:port`. Raises `ServiceError`."""
    for address in (grpc, rest):
        _check_loopback(address)
    asyncio.run(_serve(grpc, rest))


def application(cluster: DemoCluster) -> Starlette:
    """Return the HTTP half of a demo cluster."""
    apis = (ReadApi, CommandApi, OperateApi, TasklistApi, GraphQlApi, OptimizeApi)
    routes = [route for api in apis for route in api(cluster).routes()]
    return Starlette(routes=routes, exception_handlers={404: _not_served, 405: _not_served})


def _not_served(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    if request.url.path.startswith("/v2/"):
        # Some clients take 404 for something that is not there yet, and ask again.
        status = 501
    return problem(request, status, f"The demo cluster does not serve {request.method} {request.url.path}.")


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: one signal ends both halves."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


async def _serve(grpc: str, rest: str) -> None:
    cluster = DemoCluster()
    try:
        server, _ = grpc_server(cluster, grpc)
        listening = socket.create_server(_split(rest))
    except (RuntimeError, OSError) as error:
        raise ServiceError(f"The demo cluster cannot listen on {grpc} and {rest}: one of them is taken.") from error
    config = uvicorn.Config(
        application(cluster),
        log_level="warning",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    http, ending = _Server(config), asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ending.set)
    await server.start()
    clock = asyncio.ensure_future(cluster.keep_time())
    serving = asyncio.ensure_future(http.serve([listening]))
    logger.info("%s: gRPC on %s, REST on http://%s", WHAT_IT_IS, grpc, rest)
    await asyncio.wait({asyncio.ensure_future(ending.wait()), serving}, return_when=asyncio.FIRST_COMPLETED)
    http.should_exit = True
    clock.cancel()
    await server.stop(GRACE_SECONDS)
    await serving


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise ServiceError(f"{address!r} is no address such as 127.0.0.1:26510.")
    return host.strip("[]"), int(port)


def _check_loopback(address: str) -> None:
    name, _ = _split(address)
    if name != "localhost" and not _is_loopback(name):
        raise ServiceError("The demo cluster listens on loopback only: it asks nobody for a token.")


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
