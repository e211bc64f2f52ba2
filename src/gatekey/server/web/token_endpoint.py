"""
The token endpoint (RFC 6749 section 3.2).
"""

from dataclasses import dataclass
from typing import assert_never

from gatekey.server.issuing.model import Granted, Refused
from gatekey.server.issuing.tokens import TokenService
from gatekey.server.web.oauth import Answer, Arrived, Head, OAuthEndpoint, arrived, malformed_answer, refusal_answer
from gatekey.wire.fields import Malformed
from gatekey.wire.token_answer import encode_success
from gatekey.wire.token_request import read_request

PATHS = frozenset({b"/oauth/token", b"/oauth/token/"})
"""Java and Go have the second one built in, and do not survive a redirect of a POST."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint(OAuthEndpoint):
    """
    Bytes in, bytes out; decides nothing itself.
    """

    tokens: TokenService

    @property
    def name(self) -> str:
        """
        The endpoint's name in logs and metrics.
        """
        return "token"

    async def perform(self, request: Arrived) -> Answer:
        """
        Grant a token or say why not.
        """
        return self.decide(request)

    def answer_at_once(self, head: Head, body: bytes, refused: Answer | None = None) -> Answer:
        """
        Answer a request that is all there: nothing here waits, so a protocol may do without a task.

        `refused` is an answer that was found before the body was.
        """
        try:
            answer = refused or self.decide(arrived(head, body))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and must not look like the client's
            answer = self.own_fault(error)
        self.tell(head, answer)
        return answer

    def decide(self, request: Arrived) -> Answer:
        """
        Grant a token or say why not. May raise `StorageUnavailable`.
        """
        wanted = read_request(request.content_type, request.authorization, request.body)
        if isinstance(wanted, Malformed):
            return malformed_answer(wanted, request)
        match self.tokens.answer(wanted):
            case Granted() as granted:
                body = encode_success(granted.token.reveal(), granted.expires_in, granted.scope)
                reason = f"granted {granted.audience}"
                return Answer(200, body, (), granted.client_id, reason, granted.credential_id)
            case Refused() as refused:
                return refusal_answer(refused, request)
            case never:
                assert_never(never)
