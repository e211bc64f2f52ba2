"""
What all OAuth endpoints have in common: the order of checks, and answers that never blame the client for our faults.

The order is the security: who asks and may they ask now, before anything is parsed; then the request, then the client.
Every request counts against its address, also those that make no sense. Where limits are fair, whoever proves to be a
client then spends its own budget, and whoever does not, that of failures.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple, assert_never

from starlette.types import Receive, Scope, Send

from gatekey.errors import StorageUnavailable
from gatekey.http.asgi import BodyRefused, Headers, read_body, send_json
from gatekey.oauth.client_authentication import claimed_client
from gatekey.oauth.fields import BODY_LIMIT, JSON, Malformed
from gatekey.oauth.identifiers import loggable_client_id
from gatekey.oauth.token_answer import encode_error
from gatekey.server.api.oauth.admission import Admission
from gatekey.server.api.oauth.limit_answers import PROBLEM, wants_problem
from gatekey.server.events.model import Failed, OAuthAnswered, Outcome, Verdict
from gatekey.server.events.ports import Observer
from gatekey.server.limits.limits import FREE, Ruling
from gatekey.server.limits.model import Admitted, Blocked, Limited
from gatekey.server.tokens.model import Cause, Refusal, Refused

USER_AGENT_LIMIT = 200
"""Characters that are told to the operator; honest ones have under 100."""

OUTCOMES = {
    Cause.UNKNOWN_CLIENT: Outcome.UNKNOWN_CLIENT,
    Cause.WRONG_SECRET: Outcome.WRONG_SECRET,
    Cause.ENDED_SECRET: Outcome.ENDED_SECRET,
    Cause.WRONG_ASSERTION: Outcome.WRONG_ASSERTION,
    Cause.DENIED: Outcome.DENIED,
}
"""Why issuing refused, in the words of auditing: neither knows the other."""

OWN_FAULT_RETRY_SECONDS = 2
"""Short: the new Java client sleeps as long as it is told, holding a lock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: all but the first three are for the operator alone."""

    status: int
    body: bytes
    headers: Headers = ()
    client_id: str | None = None
    reason: str = ""
    credential_id: str | None = None
    outcome: Outcome = Outcome.GRANTED
    ruling: Ruling | None = None
    """On whoever asked, where clients have budgets of their own; that on the address was found before."""
    is_problem: bool = False
    """Whether the caller asked for `application/problem+json` and gets it."""


@dataclass(frozen=True, slots=True)
class Head:
    """
    What comes before the body; header names are lower case, as ASGI has them. `address` is the caller as `Callers`
    names it.
    """

    address: str
    method: str
    query: bytes
    headers: Headers

    def value(self, name: bytes) -> str | None:
        """
        Return a header's value as Latin-1 text; None when it is missing. Repeated ones that matter were refused
        before.
        """
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None


class Entry(NamedTuple):
    """
    A request whose head was looked at: what was ruled on its address, and the answer where its body does not
    matter.
    """

    head: Head
    ruling: Ruling = FREE
    refused: Answer | None = None
    limited: bool = False
    began: float = 0.0
    """Seconds of a clock that only measures."""

    @property
    def closed(self) -> bool:
        """Whether nothing more of the request need be read."""
        return self.limited or self.refused is not None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request whose head and body were read: what endpoints look at, and nothing else."""

    head: Head
    content_type: str
    authorization: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class OAuthEndpoint:
    """An ASGI callable, because frameworks would cost more than the work. Subclasses say what is done."""

    admission: Admission
    observer: Observer

    @property
    @abstractmethod
    def name(self) -> str:
        """The endpoint's name in logs and metrics."""

    @property
    @abstractmethod
    def path(self) -> str:
        """Where it is; the `instance` of problem details."""

    @abstractmethod
    async def perform(self, request: Arrived) -> Answer:
        """Answer a request that was admitted and read. May raise `StorageUnavailable`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        entry = self.enter(Head(scope["client"][0], scope["method"], scope["query_string"], scope["headers"]))
        answer = await self._answer(entry, receive)
        kind = PROBLEM if answer.is_problem else JSON
        headers = (*answer.headers, *self.limit_headers(entry, answer))
        await send_json(send, answer.status, answer.body, headers, kind.encode())
        self.tell(entry, answer)

    async def _answer(self, entry: Entry, receive: Receive) -> Answer:
        try:
            if entry.closed:
                return self.settle(entry, entry.refused, b"")
            try:
                body = await read_body(receive, BODY_LIMIT)
            except BodyRefused as refusal:
                return self.settle(entry, body_refused(str(refusal), refusal.status), b"")
            return self.settle(entry, await self.perform(arrived(entry.head, body)), body)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the client's
            return self.own_fault(error)

    def enter(self, head: Head) -> Entry:
        """Count the request against its address and look at all but its body."""
        began = perf_counter()
        try:
            ruling = self.admission.limits.ask(head.address)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the client's
            return Entry(head, refused=self.own_fault(error), began=began)
        if ruling.refusal is not None:
            return Entry(head, ruling, limited=True, began=began)
        return Entry(head, ruling, _check_head(head), began=began)

    def settle(self, entry: Entry, answer: Answer | None, body: bytes) -> Answer:
        """
        Return the answer to send: a refusal where the address is over its limit or, where limits are fair, those who
        proved nothing are. `body` is what has arrived of it.
        """
        if answer is None or entry.limited:
            head = entry.head
            authorization = head.value(b"authorization")
            claimed = self.admission.claimed(head.value(b"content-type") or "", authorization, body)
            return self.limited(head, entry.ruling, claimed)
        if not self.admission.limits.fair or answer.ruling is not None or answer.outcome is Outcome.FAILED:
            return answer
        ruling = self.admission.of_failed(entry.head.address, answer.client_id)
        if ruling.refusal is None:
            return replace(answer, ruling=ruling)
        limited = self.limited(entry.head, ruling, answer.client_id, answer.reason)
        return replace(limited, ruling=ruling, credential_id=answer.credential_id)

    def prove(self, request: Arrived, client_id: str, organisation_id: str) -> tuple[Ruling | None, Answer | None]:
        """
        Count a request against the budget of the client that proved itself, if it has one; return the refusal, if
        any.
        """
        ruling = self.admission.of_proved(request.head.address, client_id, organisation_id)
        if ruling is None or ruling.refusal is None:
            return ruling, None
        return ruling, replace(self.limited(request.head, ruling, client_id), ruling=ruling)

    def limited(self, head: Head, ruling: Ruling, client_id: str | None, because: str = "") -> Answer:
        """Return the refusal of a request that is over a limit, in OAuth's form and that of problem details."""
        refusal = ruling.refusal
        body, headers = self.admission.answers.refusal(ruling, self.path)
        reason = refusal.reason if refusal else ""
        return Answer(
            429,
            body,
            headers,
            client_id,
            f"{reason}: {because}" if because else reason,
            outcome=Outcome.BLOCKED if isinstance(refusal, Blocked) else Outcome.LIMITED,
            is_problem=wants_problem(head.value(b"accept")),
        )

    def limit_headers(self, entry: Entry, answer: Answer) -> Headers:
        """Return the fields that tell of limits; every answer has them."""
        return self.admission.answers.headers(entry.ruling, answer.ruling)

    def own_fault(self, error: Exception) -> Answer:
        """Return 503 for whatever went wrong here, and tell the operator without any data of the request."""
        words = str(error) if isinstance(error, StorageUnavailable) else type(error).__name__
        self.observer.tell(Failed(self.name, words))
        return error_answer(
            503,
            "temporarily_unavailable",
            "The token service is in trouble; the request was not looked at. Try again shortly.",
            headers=((b"retry-after", str(OWN_FAULT_RETRY_SECONDS).encode()),),
            reason="our own fault",
            outcome=Outcome.FAILED,
        )

    def tell(self, entry: Entry, answer: Answer) -> None:
        """Tell the operator how a request ended."""
        head, (verdict, blocked_for) = entry.head, _verdict(answer.ruling or entry.ruling)
        self.observer.tell(
            OAuthAnswered(
                self.name,
                head.address,
                answer.client_id and loggable_client_id(answer.client_id),
                answer.status,
                answer.reason,
                (head.value(b"user-agent") or "")[:USER_AGENT_LIMIT],
                answer.credential_id,
                answer.outcome,
                verdict,
                blocked_for,
                perf_counter() - entry.began,
            )
        )


def _verdict(ruling: Ruling) -> tuple[Verdict, int]:
    match ruling.verdict:
        case Admitted():
            return Verdict.ADMITTED, 0
        case Limited():
            return Verdict.LIMITED, 0
        case Blocked(retry_after):
            return Verdict.BLOCKED, retry_after
        case never:
            assert_never(never)


def arrived(head: Head, body: bytes) -> Arrived:
    """Return what endpoints look at."""
    return Arrived(head, head.value(b"content-type") or "", head.value(b"authorization"), body)


def body_refused(why: str, status: int = 400) -> Answer:
    """Return the refusal of a body that is too large or too slow; the connection is not used again."""
    return error_answer(status, "invalid_request", why, headers=((b"connection", b"close"),))


def error_answer(  # noqa: PLR0913 - an answer has these parts
    status: int,
    error: str,
    description: str,
    *,
    headers: Headers = (),
    client_id: str | None = None,
    reason: str = "",
    outcome: Outcome = Outcome.MALFORMED,
    credential_id: str | None = None,
    ruling: Ruling | None = None,
) -> Answer:
    """Return a refusal in OAuth's form (RFC 6749 section 5.2)."""
    body = encode_error(error, description)
    return Answer(status, body, headers, client_id, reason or description, credential_id, outcome, ruling)


def malformed_answer(malformed: Malformed, request: Arrived) -> Answer:
    """Return the refusal of a request that could not be read, with whoever it claims to be from for the operator."""
    claimed = claimed_client(request.content_type, request.authorization, request.body)
    return error_answer(400, malformed.error, malformed.description, client_id=claimed)


def refusal_answer(refused: Refused, request: Arrived, ruling: Ruling | None = None) -> Answer:
    """Return the refusal of a client or of what it wants; `ruling` is that on a client that proved who it is."""
    match refused.refusal:
        case Refusal.INVALID_CLIENT:
            status, error = 401, "invalid_client"
        case Refusal.UNKNOWN_AUDIENCE | Refusal.SCOPE_NOT_GRANTED:
            # Never 401: clients answer that by asking again at once.
            status, error = 403, "access_denied"
        case Refusal.INVALID_TARGET:
            status, error = 400, "invalid_target"  # RFC 8707 section 2
        case never:
            assert_never(never)
    # RFC 6749 section 5.2: the challenge only for those who used the header.
    challenge = status == 401 and request.authorization is not None  # noqa: PLR2004 - HTTP's own number
    headers: Headers = ((b"www-authenticate", b'Basic realm="gatekey"'),) if challenge else ()
    return error_answer(
        status,
        error,
        refused.public,
        headers=headers,
        client_id=refused.client_id,
        reason=refused.reason,
        outcome=OUTCOMES[refused.cause],
        credential_id=refused.credential_id,
        ruling=ruling,
    )


def _check_head(head: Head) -> Answer | None:
    if head.method != "POST":
        return error_answer(405, "invalid_request", "This endpoint takes POST.", headers=((b"allow", b"POST"),))
    if head.query:
        return error_answer(400, "invalid_request", "Parameters belong in the body, never in the URL.")
    names = [name for name, _ in head.headers]
    if names.count(b"authorization") > 1 or names.count(b"content-type") > 1:
        return error_answer(400, "invalid_request", "A header that may stand once is repeated.")
    if b"content-encoding" in names:
        return error_answer(400, "invalid_request", "The body must not be compressed.")
    return None
