"""
Shadow mode: what would be refused is told, and nothing is. Over both ways of a token request.
"""

from collections.abc import Iterator

import pytest

from gatekey.server.events.model import OAuthAnswered, Outcome, Verdict
from support.service import PROTOCOLS, Service, add_client, served


@pytest.fixture(scope="module", params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("shadow") / "data"
    with served(
        data, request.param, limit_mode="shadow", limit_rate=0.001, limit_burst=2, limit_block_after=3
    ) as running:
        yield running


def test_nothing_is_refused_and_what_would_have_been_is_told(service: Service) -> None:
    created = add_client(service.installation)
    right = {"client_id": created.client.client_id, "client_secret": created.secret.reveal()}
    replies = [service.caller.ask_token(right) for _ in range(6)]
    wrong = service.caller.ask_token({**right, "client_secret": "wrong"})
    events = [one for one in service.events if isinstance(one, OAuthAnswered)]

    assert [200] * 6 + [401] == [reply.status for reply in (*replies, wrong)]
    assert [Verdict.ADMITTED] * 2 + [Verdict.LIMITED] * 2 + [Verdict.BLOCKED] * 3 == [one.verdict for one in events]
    assert [Outcome.GRANTED] * 6 == [one.outcome for one in events[:6]]
    assert events[6].outcome not in {Outcome.LIMITED, Outcome.BLOCKED}
    assert [0] * 4 + [60] * 3 == [one.blocked_for for one in events]
    assert {created.client.client_id} == {one.client_id for one in events}


def test_no_field_makes_a_client_hold_back(service: Service) -> None:
    reply = service.caller.ask_token({})

    assert set() == {"ratelimit", "ratelimit-policy", "retry-after"} & reply.headers.keys()
