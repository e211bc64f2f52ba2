"""
The leak endpoint: whoever finds a client secret posts it here, and it stops working.

The answer is the same whether the secret was ours, alive, or invented: nobody learns anything by asking. What does not
even have our checksum never reaches the database.
"""

from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from gatekey.oauth.fields import UnreadableError, read_fields
from gatekey.oauth.identifiers import read_secret
from gatekey.server.api.oauth.endpoint import Answer, Arrived, OAuthEndpoint, malformed_answer
from gatekey.server.clients.secret_administration import SecretAdministration
from gatekey.server.limits.limits import Ruling

PATH = "/leaks"
THANKS = b'{"message":"Thank you. If this is a secret of ours, it no longer works."}'


@dataclass(frozen=True, slots=True)
class LeakEndpoint(OAuthEndpoint):
    """Takes `secret`, in a form or as JSON."""

    secrets: SecretAdministration

    @property
    def name(self) -> str:
        """The endpoint's name in logs and metrics."""
        return "leak report"

    @property
    def path(self) -> str:
        """Where it is."""
        return PATH

    async def perform(self, request: Arrived) -> Answer:
        """End the secret if it is one of ours."""
        ruling, limited = self._count(request)
        return limited or replace(await self._report(request), ruling=ruling)

    def _count(self, request: Arrived) -> tuple[Ruling | None, Answer | None]:
        # Nobody proves anything here, so where limits are fair it is counted with failures, and before it is done.
        if not self.admission.limits.fair:
            return None, None
        ruling = self.admission.of_failed(request.head.address, None)
        if ruling.refusal is None:
            return ruling, None
        return ruling, replace(self.limited(request.head, ruling, None), ruling=ruling)

    async def _report(self, request: Arrived) -> Answer:
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
