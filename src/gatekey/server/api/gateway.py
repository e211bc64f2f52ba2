"""
The configuration of gateways on other machines, by Envoy's REST discovery (xDS).

Long polling: a gateway says which version it has, and is answered when there is another, or after a while with 304. So
a change is everywhere within a fraction of a second, and a quiet gateway costs nothing.
"""

import asyncio
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from gatekey.http.asgi import BodyRefused, read_body
from gatekey.http.problems import problem
from gatekey.server.events.model import ConfigurationGiven, Failed
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.envoy.remote import certificate_of
from gatekey.server.gateway.envoy.resources import (
    BASE,
    DELTA,
    JWT_AUTHN,
    Part,
    Response,
    discovery_response,
)

PREFIX = "/v3/discovery:"
"""Envoy's own paths: the discovery service of each kind of resource stands behind the colon."""

CERTIFICATES = "secrets"
FILTERS = "extension_configs"
PARTS = {"clusters": Part.UPSTREAMS, "routes": Part.ROUTES}
FILTER_PARTS = {JWT_AUTHN: Part.JWT_AUTHN, BASE: Part.BASE, DELTA: Part.DELTA}

BEARER = "Bearer "

LARGEST_REQUEST = 1024 * 1024
"""Bytes; Envoy tells 77 kB about itself with every request, most of it the names of its extensions."""

POLL_SECONDS = 25.0
"""How long a poll waits for a change; common proxies give up after 60 s, some after 30."""

LOOK_SECONDS = 0.05
"""Between two looks at what is published, one for all polls of this process: five calls of `stat`."""

WRONG_KEY_SECONDS = 1.0
"""An Envoy with a wrong key asks for each part five times a second, for ever; waiting spares both sides' logs."""


class Parts(Protocol):
    """What is published."""

    def current(self, part: Part) -> Response | None:
        """Return what gateways are given of a part; None before the first time. Raises OSError."""
        ...


class PendingPolls:
    """Any number of polls that wait for what is published, with one look for all of them, until the service ends."""

    def __init__(self, parts: Parts, is_ending: Callable[[], bool]) -> None:
        self._parts = parts
        self._is_ending = is_ending
        self._waiting = 0
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def newer(self, current: Callable[[], Response | None], version: str) -> Response | None:
        """Return what is `current` as soon as it has another version; None if it has not for `POLL_SECONDS`."""
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    while not self._is_ending():
                        # First join those who wait, then look: what changes in between wakes us.
                        changed = self._next_change()
                        found = current()
                        if found is not None and found.version != version:
                            return found
                        await changed.wait()
            return None
        finally:
            self._waiting -= 1

    def _next_change(self) -> asyncio.Event:
        if self._watching is None or self._watching.done():
            self._changed = asyncio.Event()
            self._watching = asyncio.create_task(self._watch(self._versions()))
        return self._changed

    async def _watch(self, seen: list[str | None]) -> None:
        try:
            while self._waiting and not self._is_ending():
                await asyncio.sleep(LOOK_SECONDS)
                versions = self._versions()
                if versions != seen:
                    seen, changed, self._changed = versions, self._changed, asyncio.Event()
                    changed.set()
        finally:  # trouble too is for those who wait: they look themselves
            self._changed.set()

    def _versions(self) -> list[str | None]:
        return [current.version if (current := self._parts.current(part)) else None for part in Part]


@dataclass(frozen=True, slots=True)
class GatewayDiscovery:
    """Answers Envoys that show the installation's gateway key; all others get 401 and nothing else."""

    parts: Parts
    polls: PendingPolls
    key: str = field(repr=False)
    observer: Observer

    def routes(self) -> list[Route]:
        """Return a route for each kind of resource that a gateway asks for."""
        kinds = (*PARTS, FILTERS, CERTIFICATES)
        return [Route(f"{PREFIX}{kind}", partial(self._answer, kind), methods=["POST"]) for kind in kinds]

    async def _answer(self, kind: str, request: Request) -> HttpResponse:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"{BEARER}{self.key}".encode()):
            await asyncio.sleep(WRONG_KEY_SECONDS)
            self._tell(request, "", kind, HTTPStatus.UNAUTHORIZED)
            return problem(request, 401, "The gateway key is needed.", {"www-authenticate": "Bearer"})
        try:
            asked = _read(await read_body(request.receive, LARGEST_REQUEST))
        except (BodyRefused, ValueError):
            return problem(request, 400, "The body is no DiscoveryRequest of Envoy in JSON.")
        try:
            found = await self._find(kind, asked)
        except OSError as error:
            self.observer.tell(Failed("gateway discovery", str(error)))
            return problem(request, 503, "The configuration cannot be read now.", {"retry-after": "2"})
        if found is None:
            return HttpResponse(status_code=HTTPStatus.NOT_MODIFIED)
        self._tell(request, asked.gateway, asked.name or kind, HTTPStatus.OK)
        return HttpResponse(found.text, media_type="application/json", headers={"cache-control": "no-store"})

    async def _find(self, kind: str, asked: "DiscoveryRequest") -> Response | None:
        if kind == CERTIFICATES:
            # Where its files are, the gateway has said itself; it is only told what it knows.
            said = discovery_response(certificate_of(asked.node))
            return await self.polls.newer(lambda: said, asked.version)
        part = FILTER_PARTS.get(asked.name) if kind == FILTERS else PARTS[kind]
        return await self.polls.newer(lambda: self.parts.current(part) if part else None, asked.version)

    def _tell(self, request: Request, gateway: str, what: str, status: HTTPStatus) -> None:
        address = request.client.host if request.client else ""
        self.observer.tell(ConfigurationGiven(address, gateway, what, status.value))


@dataclass(frozen=True, slots=True)
class DiscoveryRequest:
    """What a gateway asks for: the `version` that it has, empty if none; the first `name`, where names matter."""

    version: str
    name: str
    node: dict[str, Any]  # Any: a part of Envoy's own message

    @property
    def gateway(self) -> str:
        """The gateway's own name."""
        return str(self.node.get("id", ""))


def _read(body: bytes) -> DiscoveryRequest:
    """Return the request in the body. Raises ValueError."""
    document = json.loads(body)
    match document:
        case {"node": dict(node)}:
            names = document.get("resource_names") or [""]
            return DiscoveryRequest(str(document.get("version_info", "")), str(names[0]), node)
        case _:
            raise ValueError("no DiscoveryRequest")
