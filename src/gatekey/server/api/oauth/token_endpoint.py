"""The token endpoint (RFC 6749 section 3.2)."""

from dataclasses import dataclass
from typing import assert_never

from gatekey.http.asgi import Headers
from gatekey.oauth.fields import Malformed
from gatekey.oauth.token_answer import encode_success
from gatekey.oauth.token_request import read_request
from gatekey.server.api.oauth.endpoint import (
    Answer,
    Arrived,
    Entry,
    OAuthEndpoint,
    arrived,
    malformed_answer,
    refusal_answer,
)
from gatekey.server.limits.limits import FREE
from gatekey.server.tokens.model import Granted, Refused
from gatekey.server.tokens.service import TokenService

PATH = "/oauth/token"
PATHS = frozenset({b"/oauth/token", b"/oauth/token/"})
"""Java and Go have the second one built in, and do not survive a redirect of a POST."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint(OAuthEndpoint):
    """Bytes in, bytes out; decides nothing itself."""

    tokens: TokenService

    @property
    def name(self) -> str:
        """The endpoint's name in logs and metrics."""
        return "token"

    @property
    def path(self) -> str:
        """Where it is."""
        return PATH

    async def perform(self, request: Arrived) -> Answer:
        """Grant a token or say why not."""
        return self.decide(request)

    def respond(self, entry: Entry, body: bytes, refused: Answer | None = None) -> tuple[Answer, Headers]:
        """
        Answer a request that is all there: nothing here waits, so a protocol may do without a task. The headers are
        those that tell of limits.

        `refused` is an answer that was found before the body was whole.
        """
        try:
            early = refused or entry.refused
            answer = early if early or entry.limited else self.decide(arrived(entry.head, body))
            answer = self.settle(entry, answer, body)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the client's
            answer = self.own_fault(error)
        self.tell(entry, answer)
        return answer, self.limit_headers(entry, answer)

    def decide(self, request: Arrived) -> Answer:
        """Grant a token or say why not. May raise `StorageUnavailable`."""
        wanted = read_request(request.content_type, request.authorization, request.body)
        if isinstance(wanted, Malformed):
            return malformed_answer(wanted, request)
        who = self.tokens.prove(wanted)
        if isinstance(who, Refused):
            return refusal_answer(who, request)
        ruling = None
        if self.admission.limits.fair and self.tokens.remembers(who, wanted):
            ruling = FREE  # copies of one program that ask at once get one token, and spend one request
        elif self.admission.limits.fair:
            ruling, limited = self.prove(request, who.client.client_id, who.client.organisation_id)
            if limited is not None:
                return limited
        match self.tokens.grant(who, wanted):
            case Granted() as granted:
                body = encode_success(granted.token.reveal(), granted.expires_in, granted.scope)
                reason = f"granted {granted.audience}"
                return Answer(200, body, (), granted.client_id, reason, granted.credential_id, ruling=ruling)
            case Refused() as refused:
                return refusal_answer(refused, request, ruling)
            case never:
                assert_never(never)
