from gatekey.oauth.fields import FORM
from gatekey.server.api.oauth.admission import LOOK_LIMIT, Admission, Sampler
from gatekey.server.api.oauth.limit_answers import LimitAnswers
from gatekey.server.limits.limits import Limits, Mode
from gatekey.server.limits.model import Limited, LimitPolicy
from support.service import basic, host_limiter


def admission(mode: Mode = Mode.FAIR, *, look: bool = True) -> Admission:
    policy = LimitPolicy(burst=1)
    limits = Limits(host_limiter(policy, lambda: 1), policy, lambda: 1.0, mode=mode)
    return Admission(limits, LimitAnswers("", lambda: 1.0), "known".__eq__, lambda: look)


def test_a_few_requests_a_second_are_all_looked_at_and_of_more_a_sixteenth() -> None:
    now = [7.0]
    look = Sampler(lambda: now[0], per_second=32)
    first = [look() for _ in range(32 + 160)]
    now[0] = 8.5

    assert [True] * 32 + ([False] * 15 + [True]) * 10 == first
    assert look()


def test_who_is_refused_is_known_by_header_or_by_a_short_body() -> None:
    body = b"client_id=a&client_secret=b"

    assert "a" == admission().claimed(FORM, None, body)
    assert "u" == admission().claimed(FORM, basic("u", "s"), b"")
    assert admission().claimed(FORM, None, body + b"&x=" + b"y" * LOOK_LIMIT) is None
    assert admission().claimed(FORM, None, b"") is None
    assert admission(look=False).claimed(FORM, None, body) is None


def test_only_fair_limits_have_budgets_for_clients() -> None:
    assert admission(Mode.STRICT).of_proved("192.0.2.1", "known", "o") is None
    assert admission().of_proved("192.0.2.1", "known", "o") is not None


def test_all_ids_that_no_client_has_fail_together() -> None:
    door = admission()
    for claimed in ("invented", "known"):
        door.of_failed("192.0.2.1", claimed)

    assert [Limited(1)] * 3 == [door.of_failed("192.0.2.1", who).verdict for who in ("another", None, "known")]
