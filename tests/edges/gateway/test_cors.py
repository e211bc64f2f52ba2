"""
Web pages call the APIs: only those of the origins that the operator named.
"""

from collections.abc import Iterator

import pytest

from support.caller import Reply
from support.gateway import Stand, standing

PAGE = "https://app.example.org"
STRANGER = "https://evil.example.org"
CALL = "/v2/topology"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with standing(tmp_path_factory.mktemp("gateway"), origins=(PAGE, "http://localhost:5173")) as stand:
        yield stand


def preflight(stand: Stand, origin: str) -> Reply:
    asked = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")]
    return stand.ask(CALL, [("origin", origin), *asked], method="OPTIONS")


def test_a_preflight_of_a_named_origin_is_answered_without_a_token(stand: Stand) -> None:
    answer = preflight(stand, PAGE)

    assert (204, PAGE, b"") == (answer.status, answer.headers["access-control-allow-origin"], answer.body)
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", [STRANGER, f"{PAGE}.evil.org", "http://app.example.org", "null"])
def test_no_other_origin_is_allowed_anything(stand: Stand, origin: str) -> None:
    answers = [preflight(stand, origin), stand.ask(CALL, [("origin", origin), *stand.bearer()])]

    assert [401, 200] == [answer.status for answer in answers]
    assert not [answer for answer in answers if "access-control-allow-origin" in answer.headers]


def test_a_page_of_a_named_origin_reads_answers_and_refusals(stand: Stand) -> None:
    answers = [stand.ask(CALL, [("origin", PAGE), *headers]) for headers in (stand.bearer(), [])]

    assert [200, 401] == [answer.status for answer in answers]
    assert [PAGE, PAGE] == [answer.headers["access-control-allow-origin"] for answer in answers]
    assert "www-authenticate" in answers[1].headers["access-control-expose-headers"]


def test_a_call_from_a_page_needs_its_token_as_any_other(stand: Stand) -> None:
    assert 401 == stand.ask(CALL, [("origin", PAGE), ("access-control-request-method", "POST")]).status
    assert 401 == stand.ask(CALL, [("origin", PAGE)], method="OPTIONS").status


def test_by_default_no_page_may_call(tmp_path_factory: pytest.TempPathFactory) -> None:
    with standing(tmp_path_factory.mktemp("gateway")) as stand:
        answers = [preflight(stand, PAGE), stand.ask(CALL, [("origin", PAGE), *stand.bearer()])]

    assert [401, 200] == [answer.status for answer in answers]
    assert not [answer for answer in answers if "access-control-allow-origin" in answer.headers]


def test_every_origin_may_call_where_the_operator_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    with standing(tmp_path_factory.mktemp("gateway"), origins=("*",)) as stand:
        assert (204, STRANGER) == (
            (answer := preflight(stand, STRANGER)).status,
            answer.headers["access-control-allow-origin"],
        )
