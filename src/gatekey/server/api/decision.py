"""
The decision endpoint: other proxies than our own gateway ask here whether a call may pass (forward authentication).

Whoever asks proves with the gateway key that it is a proxy of this installation. A stranger's question would open
nothing, but cost a signature check each, and tell whoever found a token what it is good for.
"""

import asyncio
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from gatekey.errors import StorageUnavailable
from gatekey.http.asgi import header
from gatekey.oauth.vocabulary import CLUSTER_CLAIM
from gatekey.server.api.decision_forms import LOST_SCOPE, Question, Reply, form_of, let_pass, read_question, refuse
from gatekey.server.events.model import CallDecided, Failed
from gatekey.server.events.ports import Observer
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.decide import decide
from gatekey.server.gateway.policy.model import Allowed, Claims, Denied, GatewayView, Kind
from gatekey.server.tokens.verification import TokenCheck, Unverified

KEY_HEADER = b"x-gatekey-gateway-key"
"""Not Authorization: there stands the token of the call."""

BEARER = re.compile(rules.BEARER)

NO_KEY = "The proxy in front of this API is not set up: it did not send the gateway key."
NO_CALL = "The proxy in front of this API is not set up: it did not say which call it asks about."
NO_SCOPE = "The client of this access token does not have the scope {scope}."
TROUBLE = "The token service is in trouble; the call was not looked at. Try again shortly."


class CurrentView:
    """
    The clusters as of the last committed change: `revision` tells cheaply
    whether there was one, `read` may block.
    """

    def __init__(self, revision: Callable[[], int], read: Callable[[], GatewayView]) -> None:
        self._revision = revision
        self._read = read
        self._reading = asyncio.Lock()
        self._seen: tuple[int, GatewayView] | None = None

    async def get(self) -> GatewayView:
        """Return the view. Raises `StorageUnavailable`."""
        revision = self._revision()
        if self._seen is None or self._seen[0] != revision:
            async with self._reading:
                revision = self._revision()
                if self._seen is None or self._seen[0] != revision:
                    self._seen = (revision, await run_in_threadpool(self._read))
        return self._seen[1]


@dataclass(frozen=True, slots=True)
class ForwardAuth:
    """
    An ASGI callable: every call through such a proxy waits for it. `key` is the gateway key.

    Answers 200 with the cluster, the client and the path to send upstream, or the refusal that the caller should read.
    Revocations, deletions and removed scopes count from the next call on, because nothing but signatures is remembered.
    """

    check: TokenCheck
    view: CurrentView
    observer: Observer
    key: bytes

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one question."""
        form = form_of(scope["raw_path"])
        if form is None:
            raise ValueError(f"{scope['raw_path']!r} is no path of the decision endpoint")
        question = read_question(form, scope)
        judged = await self._judge_safely(question, scope)
        match judged.outcome:
            case Allowed() as allowed:
                reply = let_pass(allowed, judged.client_id)
                status, reason = reply.status, f"allowed to {allowed.cluster_id}"
            case Denied() as denied:
                reply = refuse(form, question.call, denied)
                status, reason = denied.kind.http_status, denied.reason
            case never:
                assert_never(never)
        await _send(send, reply)
        self.observer.tell(CallDecided(scope["client"][0], judged.client_id, status, reason))

    async def _judge_safely(self, question: Question, scope: Scope) -> "_Judged":
        if not hmac.compare_digest((header(scope, KEY_HEADER) or "").encode("latin-1"), self.key):
            return _Judged(Denied(Kind.UNAVAILABLE, NO_KEY, "no or a wrong gateway key"))
        if not question.clear:
            return _Judged(Denied(Kind.UNAVAILABLE, NO_CALL, "path or host missing, or there twice"))
        try:
            return await self._judge(question, scope)
        except StorageUnavailable as error:
            self.observer.tell(Failed("decision", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the caller's
            self.observer.tell(Failed("decision", type(error).__name__))
        return _Judged(Denied(Kind.UNAVAILABLE, TROUBLE, "our own fault"))

    async def _judge(self, question: Question, scope: Scope) -> "_Judged":
        view = await self.view.get()
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        if not values:
            return _Judged(_judge_call(view, question, None))
        token = BEARER.fullmatch(values[0].decode("latin-1")) if len(values) == 1 else None
        if token is None:
            return _Judged(Denied(Kind.UNAUTHENTICATED, rules.NO_BEARER, "no single bearer token"))
        found = self.check.inspect(token.group().rpartition(" ")[2])
        if isinstance(found, Unverified):
            return _Judged(Denied(Kind.UNAUTHENTICATED, found.public, found.public))
        client_id = found.client.client_id
        lost = self.check.lost_scope(found)
        if lost is not None:
            return _Judged(Denied(Kind.FORBIDDEN, NO_SCOPE.format(scope=lost), LOST_SCOPE), client_id)
        claims = Claims((str(found.claims["aud"]),), found.claims[CLUSTER_CLAIM])
        return _Judged(_judge_call(view, question, claims), client_id)


@dataclass(frozen=True, slots=True)
class _Judged:
    outcome: Allowed | Denied
    client_id: str | None = None


def _judge_call(view: GatewayView, question: Question, claims: Claims | None) -> Allowed | Denied:
    outcome = decide(view, question.call, claims)
    if isinstance(outcome, Allowed) and question.cluster_id not in {None, outcome.cluster_id}:
        return Denied(Kind.FORBIDDEN, rules.OTHER_CLUSTER, f"the proxy leads to {question.cluster_id} only")
    return outcome


async def _send(send: Send, reply: Reply) -> None:
    headers = [(b"cache-control", b"no-store"), (b"content-length", b"%d" % len(reply.body)), *reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
