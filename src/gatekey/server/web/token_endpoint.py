"""
The token endpoint (RFC 6749 section 3.2): a plain ASGI callable, because frameworks would cost more than the work.

The order is the security: who asks and may they ask now, before anything is parsed; then the request, the client, the
audience, the signature. Every request to this path counts against its address, also those that make no sense.
"""

from dataclasses import dataclass
from typing import assert_never

from starlette.types import Receive, Scope, Send

from gatekey.errors import StorageUnavailable
from gatekey.server.auditing.model import Failed, TokenAnswered
from gatekey.server.auditing.ports import Observer
from gatekey.server.issuing.model import Granted, Refusal, Refused
from gatekey.server.issuing.tokens import TokenService
from gatekey.server.limiting.address import key_of
from gatekey.server.limiting.model import Admitted, Blocked, Limited
from gatekey.server.limiting.ports import Limiter
from gatekey.server.web.plain import BodyRefused, Headers, header, read_body, send_json
from gatekey.wire.identifiers import loggable_client_id
from gatekey.wire.token_answer import encode_error, encode_success
from gatekey.wire.token_request import BODY_LIMIT, Malformed, TokenRequest, claimed_client, read_request

PATHS = frozenset({b"/oauth/token", b"/oauth/token/"})
"""Java and Go have the second one built in, and do not survive a redirect of a POST."""

USER_AGENT_LIMIT = 200
"""Characters that are told to the operator; honest ones have under 100."""

OWN_FAULT_RETRY_SECONDS = 2
"""Short: the new Java client sleeps as long as it is told, holding a lock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What goes back: `client_id` and `reason` are for the operator alone.
    """

    status: int
    body: bytes
    headers: Headers = ()
    client_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """
    Bytes in, bytes out; decides nothing itself.
    """

    tokens: TokenService
    limiter: Limiter
    observer: Observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request.
        """
        address = key_of(scope["client"][0] if scope.get("client") else "")
        answer = await self._answer(address, scope, receive)
        await send_json(send, answer.status, answer.body, answer.headers)
        self.observer.tell(
            TokenAnswered(
                address,
                answer.client_id and loggable_client_id(answer.client_id),
                answer.status,
                answer.reason,
                (header(scope, b"user-agent") or "")[:USER_AGENT_LIMIT],
            )
        )

    async def _answer(self, address: str, scope: Scope, receive: Receive) -> Answer:
        try:
            match self.limiter.ask(address):
                case Admitted():
                    return await self._admitted(scope, receive)
                case Limited() | Blocked() as refused:
                    return _error(
                        429,
                        "too_many_requests",
                        refused.public,
                        ((b"retry-after", str(refused.retry_after).encode()),),
                        client_id=claimed_client("", header(scope, b"authorization"), b""),
                        reason=refused.reason,
                    )
                case never:
                    assert_never(never)
        except StorageUnavailable as error:
            self.observer.tell(Failed("token endpoint", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the client's
            self.observer.tell(Failed("token endpoint", type(error).__name__))
        return _error(
            503,
            "temporarily_unavailable",
            "The token service is in trouble; the request was not looked at. Try again shortly.",
            ((b"retry-after", str(OWN_FAULT_RETRY_SECONDS).encode()),),
            reason="our own fault",
        )

    async def _admitted(self, scope: Scope, receive: Receive) -> Answer:
        refused = _check_head(scope)
        if refused is not None:
            return refused
        try:
            body = await read_body(receive, BODY_LIMIT)
        except BodyRefused as refusal:
            return _error(400, "invalid_request", str(refusal), ((b"connection", b"close"),))
        content_type, authorization = header(scope, b"content-type") or "", header(scope, b"authorization")
        match read_request(content_type, authorization, body):
            case Malformed(error, description):
                claimed = claimed_client(content_type, authorization, body)
                return _error(400, error, description, client_id=claimed)
            case TokenRequest() as request:
                return self._decide(request)
            case never:
                assert_never(never)

    def _decide(self, request: TokenRequest) -> Answer:
        match self.tokens.answer(request):
            case Granted() as granted:
                body = encode_success(granted.token.reveal(), granted.expires_in, granted.scope)
                return Answer(200, body, client_id=granted.client_id, reason=f"granted {granted.audience}")
            case Refused() as refused:
                return _refuse(refused, used_basic=request.used_basic)
            case never:
                assert_never(never)


def _check_head(scope: Scope) -> Answer | None:
    if scope["method"] != "POST":
        return _error(405, "invalid_request", "Token requests are POST requests.", ((b"allow", b"POST"),))
    if scope["query_string"]:
        return _error(400, "invalid_request", "Parameters belong in the body, never in the URL.")
    names = [name for name, _ in scope["headers"]]
    if names.count(b"authorization") > 1 or names.count(b"content-type") > 1:
        return _error(400, "invalid_request", "A header that may stand once is repeated.")
    if b"content-encoding" in names:
        return _error(400, "invalid_request", "The body must not be compressed.")
    return None


def _refuse(refused: Refused, *, used_basic: bool) -> Answer:
    match refused.refusal:
        case Refusal.INVALID_CLIENT:
            # RFC 6749 section 5.2: the challenge only for those who used the header.
            headers: Headers = ((b"www-authenticate", b'Basic realm="gatekey"'),) if used_basic else ()
            return _error(401, "invalid_client", refused.public, headers, refused.client_id, refused.reason)
        case Refusal.UNKNOWN_AUDIENCE | Refusal.SCOPE_NOT_GRANTED:
            # Never 401: clients answer that by asking again at once.
            return _error(403, "access_denied", refused.public, (), refused.client_id, refused.reason)
        case never:
            assert_never(never)


def _error(  # noqa: PLR0913, PLR0917 - an answer has these parts
    status: int,
    error: str,
    description: str,
    headers: Headers = (),
    client_id: str | None = None,
    reason: str = "",
) -> Answer:
    return Answer(status, encode_error(error, description), headers, client_id, reason or description)
