"""
The leak endpoint: whoever finds a client secret posts it here, and it stops working.

The answer is the same whether the secret was ours, alive, or invented: nobody learns anything by asking. What does not
even have our checksum never reaches the database.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from gatekey.server.clients.secret_administration import SecretAdministration
from gatekey.server.web.oauth import Answer, Arrived, OAuthEndpoint, malformed_answer
from gatekey.wire.fields import UnreadableError, read_fields
from gatekey.wire.identifiers import read_secret

PATH = "/leaks"
THANKS = b'{"message":"Thank you. If this is a secret of ours, it no longer works."}'


@dataclass(frozen=True, slots=True)
class LeakEndpoint(OAuthEndpoint):
    """
    Takes `secret`, in a form or as JSON.
    """

    secrets: SecretAdministration

    @property
    def name(self) -> str:
        """
        The endpoint's name in logs and metrics.
        """
        return "leak report"

    async def perform(self, request: Arrived) -> Answer:
        """
        End the secret if it is one of ours.
        """
        try:
            fields = read_fields(request.content_type, request.body)
        except UnreadableError as unreadable:
            return malformed_answer(unreadable.malformed, request)
        text = fields.get("secret", "")
        shape = read_secret(text)
        if shape is None:
            return Answer(202, THANKS, reason="not a secret of ours")
        ended = await run_in_threadpool(self.secrets.report_leak, shape.secret_id, text)
        return Answer(202, THANKS, reason=f"ended secret {shape.secret_id}" if ended else "no live secret")
