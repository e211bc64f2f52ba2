import json

import pytest

from gatekey.server.api.oauth.limit_answers import REMEMBERED, LimitAnswers, wants_problem
from gatekey.server.limits.limits import FREE, Budget, Part, Ruling
from gatekey.server.limits.model import Admitted, Blocked, Limited, LimitPolicy

HELP = "https://gatekey.test/help/rate-limit"
ADDRESS = Budget(Part.ADDRESS, LimitPolicy())
CLIENT = Budget(Part.CLIENT, LimitPolicy(rate=0.3, burst=3))


@pytest.fixture
def answers() -> LimitAnswers:
    return LimitAnswers(HELP, lambda: 1_800_000_000.25)


@pytest.mark.parametrize(
    ("ruling", "policy", "limit"),
    [
        (Ruling(ADDRESS, Admitted(9)), '"address";q=10;w=10', '"address";r=9;t=1'),
        (Ruling(ADDRESS, Admitted(0)), '"address";q=10;w=10', '"address";r=0;t=1'),
        (Ruling(ADDRESS, Limited(1)), '"address";q=10;w=10', '"address";r=0;t=1'),
        (Ruling(ADDRESS, Blocked(60, 1)), '"address";q=10;w=10', '"address";r=0;t=60'),
        (Ruling(CLIENT, Admitted(2)), '"client";q=3;w=10', '"client";r=2;t=4'),
    ],
)
def test_the_fields_say_what_may_come(answers: LimitAnswers, ruling: Ruling, policy: str, limit: str) -> None:
    expected = ((b"ratelimit-policy", policy.encode()), (b"ratelimit", limit.encode()))

    assert expected == answers.headers(ruling)
    assert expected == answers.headers(ruling)


def test_two_budgets_make_one_list_each(answers: LimitAnswers) -> None:
    assert (
        (b"ratelimit-policy", b'"client";q=3;w=10, "address";q=10;w=10'),
        (b"ratelimit", b'"client";r=2;t=4, "address";r=7;t=1'),
    ) == tuple(answers.headers(Ruling(ADDRESS, Admitted(7)), Ruling(CLIENT, Admitted(2))))


def test_what_nothing_limits_or_is_only_watched_has_no_fields(answers: LimitAnswers) -> None:
    watched = Ruling(Budget(Part.ADDRESS, LimitPolicy(), watched=True), Limited(1))

    assert () == answers.headers(FREE)
    assert () == answers.headers(watched)
    assert answers.headers(Ruling(CLIENT, Limited(1))) == answers.headers(FREE, Ruling(CLIENT, Limited(1)))


def test_a_rate_beyond_whole_seconds_has_windows_of_one(answers: LimitAnswers) -> None:
    fast = Budget(Part.ADDRESS, LimitPolicy(rate=1e9, burst=2))

    assert [b'"address";q=2;w=1', b'"address";r=1;t=1'] == [v for _, v in answers.headers(Ruling(fast, Admitted(1)))]


def test_a_refusal_has_the_members_of_oauth_and_of_problem_details(answers: LimitAnswers) -> None:
    ruling = Ruling(ADDRESS, Limited(3))
    body, headers = answers.refusal(ruling, "/oauth/token")

    assert {
        "error": "too_many_requests",
        "error_description": ruling.public,
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too many requests",
        "status": 429,
        "detail": ruling.public,
        "instance": "/oauth/token",
        "violated-policies": ["address"],
        "help": HELP,
    } == json.loads(body)
    assert ((b"retry-after", b"3"), (b"link", f'<{HELP}>; rel="help"'.encode())) == headers


def test_a_block_says_until_when_and_never_too_early(answers: LimitAnswers) -> None:
    body, headers = answers.refusal(Ruling(CLIENT, Blocked(900, 1)), "/oauth/token")
    document = json.loads(body)

    assert "2027-01-15T08:15:01Z" == document["blocked_until"]
    assert "https://iana.org/assignments/http-problem-types#abnormal-usage-detected" == document["type"]
    assert (["client"], (b"retry-after", b"900")) == (document["violated-policies"], headers[0])


def test_what_is_remembered_is_bounded_and_stays_right(answers: LimitAnswers) -> None:
    wide = Budget(Part.ADDRESS, LimitPolicy(burst=10**6))
    for number in range(REMEMBERED + 10):
        answers.headers(Ruling(wide, Admitted(number)))
        answers.refusal(Ruling(wide, Limited(number)), "/oauth/token")

    assert b'"address";r=5;t=1' == answers.headers(Ruling(wide, Admitted(5)))[1][1]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/*", False),
        ("application/problem+json", True),
        ("Application/Problem+JSON;q=0.9", True),
        ("application/json, application/problem+json", True),
        ("application/problem+json; q=0, application/json", False),
        ("application/problem+jsonx", False),
    ],
)
def test_problem_details_are_for_who_names_them(accept: str | None, expected: bool) -> None:  # noqa: FBT001 - a table
    assert expected == wants_problem(accept)
