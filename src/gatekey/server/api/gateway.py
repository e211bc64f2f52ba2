"""
The configuration of gateways on other machines, by Envoy's REST discovery (xDS).

A gateway says which version it has, and gets an answer when there is another: a question is held until then, and after
a while answered with 304. So a change is everywhere within a fraction of a second, and a quiet gateway costs nothing.
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
    VERIFICATION,
    Part,
    Response,
    discovery_response,
)

PREFIX = "/v3/discovery:"
"""Envoy's own paths: the discovery service of each kind of resource stands behind the colon."""

CERTIFICATES = "secrets"
FILTERS = "extension_configs"
PARTS = {"clusters": Part.UPSTREAMS, "routes": Part.ROUTES}
FILTER_PARTS = {VERIFICATION: Part.VERIFICATION, BASE: Part.BASE, DELTA: Part.DELTA}

BEARER = "Bearer "

LONGEST_QUESTION = 1024 * 1024
"""Bytes; Envoy tells 77 kB about itself with every question, most of it the names of its extensions."""

HELD_SECONDS = 25.0
"""How long a question waits for a change; common proxies give up after 60 s, some after 30."""

LOOK_SECONDS = 0.05
"""Between two looks at what is published, one for all questions of this process: five calls of `stat`."""

STRANGER_SECONDS = 1.0
"""An Envoy with a wrong key asks for each part five times a second, for ever; waiting spares both sides' logs."""


class Parts(Protocol):
    """What is published."""

    def current(self, part: Part) -> Response | None:
        """Return what gateways are given of a part; None before the first time. Raises OSError."""
        ...


class PendingPolls:
    """
    Lets any number of questions wait for what is published, with one look for
    all of them, until the service ends.
    """

    def __init__(self, parts: Parts, is_ending: Callable[[], bool]) -> None:
        self._parts = parts
        self._is_ending = is_ending
        self._waiting = 0
        self._turn = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    async def newer(self, current: Callable[[], Response | None], version: str) -> Response | None:
        """Return what is `current` as soon as it has another version; None if it has not for `HELD_SECONDS`."""
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(HELD_SECONDS):
                    while not self._is_ending():
                        # First join those who wait, then look: what changes in between wakes us.
                        turn = self._next_turn()
                        found = current()
                        if found is not None and found.version != version:
                            return found
                        await turn.wait()
            return None
        finally:
            self._waiting -= 1

    def _next_turn(self) -> asyncio.Event:
        if self._watching is None or self._watching.done():
            self._turn = asyncio.Event()
            self._watching = asyncio.create_task(self._watch(self._versions()))
        return self._turn

    async def _watch(self, seen: list[str | None]) -> None:
        try:
            while self._waiting and not self._is_ending():
                await asyncio.sleep(LOOK_SECONDS)
                versions = self._versions()
                if versions != seen:
                    seen, turn, self._turn = versions, self._turn, asyncio.Event()
                    turn.set()
        finally:  # trouble too is for those who wait: they look themselves
            self._turn.set()

    def _versions(self) -> list[str | None]:
        return [current.version if (current := self._parts.current(part)) else None for part in Part]


@dataclass(frozen=True, slots=True)
class GatewayDiscovery:
    """Answers Envoys that show the installation's gateway key; all others get 401 and nothing else."""

    parts: Parts
    board: PendingPolls
    key: str = field(repr=False)
    observer: Observer

    def routes(self) -> list[Route]:
        """Return a route for each kind of resource that a gateway asks for."""
        kinds = (*PARTS, FILTERS, CERTIFICATES)
        return [Route(f"{PREFIX}{kind}", partial(self._answer, kind), methods=["POST"]) for kind in kinds]

    async def _answer(self, kind: str, request: Request) -> HttpResponse:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"{BEARER}{self.key}".encode()):
            await asyncio.sleep(STRANGER_SECONDS)
            self._tell(request, "", kind, HTTPStatus.UNAUTHORIZED)
            return problem(request, 401, "The gateway key is needed.", {"www-authenticate": "Bearer"})
        try:
            question = _read(await read_body(request.receive, LONGEST_QUESTION))
        except (BodyRefused, ValueError):
            return problem(request, 400, "The question is no DiscoveryRequest of Envoy in JSON.")
        try:
            found = await self._find(kind, question)
        except OSError as error:
            self.observer.tell(Failed("gateway discovery", str(error)))
            return problem(request, 503, "The configuration cannot be read now.", {"retry-after": "2"})
        if found is None:
            return HttpResponse(status_code=HTTPStatus.NOT_MODIFIED)
        self._tell(request, question.gateway, question.name or kind, HTTPStatus.OK)
        return HttpResponse(found.text, media_type="application/json", headers={"cache-control": "no-store"})

    async def _find(self, kind: str, question: "Question") -> Response | None:
        if kind == CERTIFICATES:
            # Where its files are, the gateway has said itself; it is only told what it knows.
            said = discovery_response(certificate_of(question.node))
            return await self.board.newer(lambda: said, question.version)
        part = FILTER_PARTS.get(question.name) if kind == FILTERS else PARTS[kind]
        return await self.board.newer(lambda: self.parts.current(part) if part else None, question.version)

    def _tell(self, request: Request, gateway: str, what: str, status: HTTPStatus) -> None:
        address = request.client.host if request.client else ""
        self.observer.tell(ConfigurationGiven(address, gateway, what, status.value))


@dataclass(frozen=True, slots=True)
class Question:
    """What a gateway asks: the `version` that it has, empty if none; the first `name` it wants, where names matter."""

    version: str
    name: str
    node: dict[str, Any]  # Any: a part of Envoy's own message

    @property
    def gateway(self) -> str:
        """The gateway's own name."""
        return str(self.node.get("id", ""))


def _read(body: bytes) -> Question:
    """Return the question in the body. Raises ValueError."""
    document = json.loads(body)
    match document:
        case {"node": dict(node)}:
            names = document.get("resource_names") or [""]
            return Question(str(document.get("version_info", "")), str(names[0]), node)
        case _:
            raise ValueError("no DiscoveryRequest")
