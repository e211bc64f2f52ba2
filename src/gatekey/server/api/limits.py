"""
Why addresses are limited, for programs: `/api/limits`.

Asked with the operator key as bearer token, or by a person's browser with a console session; whoever changes something
by a session shows the token of its forms in `X-CSRF-Token`, so that no other site can do it for them.
"""

import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gatekey.errors import StorageUnavailable
from gatekey.http.asgi import BodyRefused, read_body
from gatekey.http.csrf import csrf_token, is_own, same
from gatekey.http.problems import problem
from gatekey.oauth.secret_text import SecretText
from gatekey.server.accounts.sign_in import SignIn
from gatekey.server.events.model import Failed
from gatekey.server.events.ports import Observer
from gatekey.server.limits.administration import LimitAdministration
from gatekey.server.limits.orders import Refused
from gatekey.server.traffic.documents import address_document, client_document, overview_document
from gatekey.server.traffic.explanations import DAY, HOUR, Explanations

PATH = "/api/limits"
BEARER = "Bearer "
MOST = 100
"""Addresses in one answer unless `most` says otherwise."""

MOST_OF_ALL = 10_000
"""Addresses in one answer at most; some 3 MB."""

LONGEST = 43_200
"""Minutes; thirty days, as long as the settings let counts be kept."""

BODY_LIMIT = 4_096
"""Bytes; a reason has 200 characters."""

PROGRAM = "operator key"
"""Who did it, in the audit, when a program showed the key."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request that is refused: its HTTP status and words for the caller."""

    status: int
    public: str


NO_ADDRESS = Wrong(404, "This is no IP address, such as 192.0.2.7 or 2001:db8::/64.")
NOBODY = Wrong(401, "The operator key or a console session is needed.")
FORGED = Wrong(403, "A session changes something only with its X-CSRF-Token, from a page of this service.")

Action = Callable[[Request, str], Awaitable[Response | Wrong]]


@dataclass(frozen=True, slots=True)
class LimitsApi:
    """Answers with the documents that `gatekey limits --json` prints."""

    limits: LimitAdministration
    explanations: Explanations
    sign_in: SignIn
    cookie: str
    public_url: str
    csrf_key: bytes = field(repr=False)
    key: str = field(repr=False)
    observer: Observer

    def routes(self) -> list[Route]:
        """Return the API's routes; the more exact paths come first, as the key of an IPv6 network has a slash."""
        return [
            Route(PATH, self._guarded(self._overview), methods=["GET"]),
            Route(PATH + "/clients/{client_id}", self._guarded(self._client), methods=["GET"]),
            Route(PATH + "/{address:path}/unblock", self._guarded(self._unblock), methods=["POST"]),
            Route(PATH + "/{address:path}", self._guarded(self._address), methods=["GET"]),
        ]

    def _guarded(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                who = await self._who(request)
                outcome = who if isinstance(who, Wrong) else await action(request, who)
            except StorageUnavailable as error:
                self.observer.tell(Failed("limits API", str(error)))
                return problem(request, 503, "The database does not answer.", {"retry-after": "2"})
            if isinstance(outcome, Wrong):
                headers = {"www-authenticate": "Bearer"} if outcome is NOBODY else None
                return problem(request, outcome.status, outcome.public, headers)
            return outcome

        return endpoint

    async def _who(self, request: Request) -> str | Wrong:
        given = request.headers.get("authorization")
        if given is not None:
            right = hmac.compare_digest(given.encode(), f"{BEARER}{self.key}".encode())
            return PROGRAM if right else NOBODY
        session = request.cookies.get(self.cookie, "")
        member = await run_in_threadpool(self.sign_in.recognise, session) if session else None
        if member is None:
            return NOBODY
        if request.method == "POST" and not self._is_own(request, SecretText(session)):
            return FORGED
        return member.email

    def _is_own(self, request: Request, session: SecretText) -> bool:
        headers = request.headers
        site, origin, host = headers.get("sec-fetch-site"), headers.get("origin"), headers.get("host")
        token = csrf_token(self.csrf_key, session)
        return is_own(site, origin, host, self.public_url) and same(token, headers.get("x-csrf-token", ""))

    async def _overview(self, request: Request, _who: str) -> Response | Wrong:
        minutes, most = _number(request, "minutes", HOUR, LONGEST), _number(request, "most", MOST, MOST_OF_ALL)
        if isinstance(minutes, Wrong):
            return minutes
        if isinstance(most, Wrong):
            return most
        return _answer(overview_document(await run_in_threadpool(self.explanations.overview, minutes, most)))

    async def _address(self, request: Request, _who: str) -> Response | Wrong:
        address = self.limits.key_of(request.path_params["address"])
        minutes = _number(request, "minutes", HOUR, LONGEST)
        if address is None:
            return NO_ADDRESS
        if isinstance(minutes, Wrong):
            return minutes
        return _answer(address_document(await run_in_threadpool(self.explanations.address, address, minutes)))

    async def _client(self, request: Request, _who: str) -> Response | Wrong:
        minutes = _number(request, "minutes", DAY, LONGEST)
        if isinstance(minutes, Wrong):
            return minutes
        client_id = request.path_params["client_id"]
        explained = await run_in_threadpool(self.explanations.client, client_id, minutes)
        if explained.client is None and not explained.tally.requests:
            return Wrong(404, "There was never a client with this id, and nobody asked with it lately.")
        return _answer(client_document(explained))

    async def _unblock(self, request: Request, who: str) -> Response | Wrong:
        reason = await _reason(request)
        if isinstance(reason, Wrong):
            return reason
        address = self.limits.key_of(request.path_params["address"])
        if address is None:
            return NO_ADDRESS
        outcome = await run_in_threadpool(self.limits.unblock, address, reason=reason, by=who)
        if isinstance(outcome, Refused):
            return Wrong(400, outcome.public)
        return _answer({"address": outcome, "unblocked": True})


def _answer(document: dict[str, Any]) -> Response:
    return JSONResponse(document, headers={"cache-control": "no-store"})


def _number(request: Request, name: str, usual: int, most: int) -> int | Wrong:
    text = request.query_params.get(name)
    if text is None:
        return usual
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(most)) else 0
    return number if 1 <= number <= most else Wrong(400, f"{name} is a whole number from 1 to {most}.")


async def _reason(request: Request) -> str | Wrong:
    """Return the `reason` in a JSON body; a body may be missing."""
    try:
        body = await read_body(request.receive, BODY_LIMIT)
        document = json.loads(body) if body else {}
    except (BodyRefused, ValueError, RecursionError):
        return Wrong(400, 'The body is missing, or JSON such as {"reason": "the old worker is stopped"}.')
    reason = document.get("reason", "") if isinstance(document, dict) else None
    if not isinstance(reason, str) or set(document) - {"reason"}:
        return Wrong(400, 'The body is missing, or JSON such as {"reason": "the old worker is stopped"}.')
    return reason
