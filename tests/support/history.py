"""
Counts by minute, as tests write them down.
"""

from gatekey.server.events.model import Outcome, Verdict
from gatekey.server.traffic.history import Counted, NamedClient, Trace

NOW = 1_900_000_050.0
"""Half a minute into a minute of 2030."""

MINUTE = int(NOW // 60)
HOME, AWAY = "192.0.2.1", "198.51.100.7"
VERDICTS = {Outcome.LIMITED: Verdict.LIMITED, Outcome.BLOCKED: Verdict.BLOCKED}


def counted(  # noqa: PLR0913 - what requests are counted by
    number: int = 1,
    outcome: Outcome = Outcome.GRANTED,
    *,
    ago: int = 0,
    address: str = HOME,
    client_id: str = "a",
    user_agent: str = "python-requests/2.32",
    endpoint: str = "token",
    credential_id: str = "",
    verdict: Verdict | None = None,
) -> Counted:
    """
    Return that `number` requests came, `ago` minutes ago.
    """
    verdict = verdict or VERDICTS.get(outcome, Verdict.ADMITTED)
    trace = Trace(MINUTE - ago, address, client_id, user_agent, endpoint, outcome, verdict, credential_id)
    return trace, number


def named(
    client_id: str = "a", *, deleted: float | None = None, changed: float | None = None, lifetime: int = 86_400
) -> NamedClient:
    """
    Return a client called `client-<id>`.
    """
    return NamedClient(client_id, f"client-{client_id}", "c", "local", lifetime, deleted, changed)
