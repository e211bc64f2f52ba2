"""
Each fault is found, named and told what to do about; who does nothing wrong is left in peace.
"""

import pytest

from gatekey.server.events.model import Outcome
from gatekey.server.traffic.findings import IMPATIENT_AFTER, Finding, Kind, find, find_new_places, program_of
from gatekey.server.traffic.history import NOBODY, OTHERS, Counted
from support.history import AWAY, HOME, MINUTE, NOW, counted, named

DAY = 1_440
NAMES = {
    "a": named("a"),
    "gone": named("gone", deleted=NOW - 3 * 3_600 - 600),
    "hasty": named("hasty", lifetime=60),
}


def found(*history: Counted) -> tuple[Finding, ...]:
    return find(history, NAMES, NOW)


def only(*history: Counted) -> Finding:
    [finding] = found(*history)
    return finding


def test_a_day_of_ordinary_requests_is_nothing_to_tell() -> None:
    assert () == found(*(counted(ago=ago) for ago in range(0, DAY, 700)), counted(3, Outcome.LIMITED))


def test_a_deleted_client_that_still_asks_is_named_with_its_address_and_program() -> None:
    finding = only(counted(214, Outcome.UNKNOWN_CLIENT, client_id="gone"))

    assert (Kind.DELETED_CLIENT, 214, HOME, "gone") == (
        finding.kind,
        finding.requests,
        finding.address,
        finding.client_id,
    )
    assert (
        "client-gone was deleted 3 h 10 min ago and has asked since: 214 requests, the last this minute, "
        "from 192.0.2.1 by python-requests/2.32 (pyzeebe, or a script)." == finding.what
    )


def test_a_client_that_stopped_when_it_was_deleted_is_left_in_peace() -> None:
    deleted = MINUTE - 190
    before = [counted(5, ago=ago, client_id="gone") for ago in (192, 191, 190)]
    limited = counted(7, Outcome.LIMITED, ago=190, client_id="gone")

    assert MINUTE - 190 == int((NOW - 3 * 3_600 - 600) // 60) == deleted
    assert () == found(*before, limited)


def test_only_the_program_that_asked_after_the_deletion_is_named() -> None:
    before = counted(5, ago=300, client_id="gone", user_agent="zeebe-client-go/8")
    finding = only(before, counted(2, Outcome.UNKNOWN_CLIENT, ago=4, client_id="gone", user_agent="curl/8"))

    assert (2, MINUTE - 4) == (finding.requests, finding.last)
    assert "2 requests, the last 4 min ago, from 192.0.2.1 by curl/8" in finding.what
    assert "zbctl" not in finding.what


def test_a_fault_ends_when_the_same_program_is_served() -> None:
    wrong = counted(3, Outcome.WRONG_SECRET, ago=9)

    assert () == found(wrong, counted(1, ago=8))
    assert 3 == only(wrong, counted(1, ago=8, user_agent="curl/8")).requests
    assert 3 == only(wrong, counted(1, ago=10)).requests


def test_what_was_denied_ends_with_a_change_of_the_client() -> None:
    denied = counted(3, Outcome.DENIED, ago=9)
    granted = {"a": named("a", changed=NOW - 300)}

    assert () == find([denied], granted, NOW)
    assert 2 == find([denied, counted(2, Outcome.DENIED, ago=1)], granted, NOW)[0].requests
    assert "Change scopes" in find([denied, counted(1)], {"a": named("a")}, NOW)[0].advice


def test_an_id_that_never_was_here_is_another_installation_s() -> None:
    finding = only(counted(2, Outcome.UNKNOWN_CLIENT, client_id="stranger", user_agent=""))

    assert Kind.UNKNOWN_CLIENT is finding.kind
    assert "stranger is no client of this installation: 2 requests, the last this minute, from" in finding.what
    assert "a program without a user agent" in finding.what


def test_ids_that_are_made_up_are_one_finding() -> None:
    history = [counted(2, Outcome.UNKNOWN_CLIENT, client_id=f"made-up-{number}") for number in range(300)]
    finding = only(*history)

    assert (Kind.UNKNOWN_CLIENT, 600, "") == (finding.kind, finding.requests, finding.client_id)
    assert (
        "300 different ids that are no clients of this installation: 600 requests, the last this minute, from 192.0.2.1"
        in finding.what
    )
    assert 5 == len(found(*history[:5]))


def test_whom_an_unreadable_request_claims_to_be_from_says_nothing() -> None:
    assert 300 == only(*(counted(1, Outcome.MALFORMED, client_id=f"x{number}") for number in range(300))).requests


def test_an_ended_secret_is_named() -> None:
    finding = only(counted(1, Outcome.ENDED_SECRET, credential_id="secret0001"))

    assert (Kind.ENDED_SECRET, "secret0001") == (finding.kind, finding.credential_id)
    assert "client-a has used its ended secret secret0001: 1 request, the last this minute, from" in finding.what


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.WRONG_SECRET, Kind.WRONG_SECRET),
        (Outcome.WRONG_ASSERTION, Kind.WRONG_ASSERTION),
        (Outcome.DENIED, Kind.DENIED),
        (Outcome.MALFORMED, Kind.UNREADABLE),
    ],
)
def test_other_faults_are_found_too(outcome: Outcome, kind: Kind) -> None:
    assert kind is only(counted(1, outcome)).kind


def test_requests_that_name_nobody_are_somebody_s() -> None:
    assert "Somebody comes with a secret" in only(counted(1, Outcome.WRONG_SECRET, client_id=NOBODY)).what
    assert "various programs" in only(counted(1, Outcome.MALFORMED, client_id=OTHERS, user_agent=OTHERS)).what


def test_a_program_that_keeps_no_token_is_found() -> None:
    finding = only(*(counted(4, ago=ago) for ago in range(60)))

    assert (Kind.ASKS_TOO_OFTEN, 240) == (finding.kind, finding.requests)
    assert "client-a got 240 tokens within an hour, in 60 different minutes" in finding.what
    assert "Its tokens live 24 h: a program that keeps them needs 2 an hour." in finding.what


def test_a_fleet_that_starts_at_once_is_not_blamed() -> None:
    assert () == found(counted(130, ago=1), counted(130, ago=2))


def test_short_tokens_are_rightly_renewed_often() -> None:
    assert () == found(*(counted(2, ago=ago, client_id="hasty") for ago in range(60)))


def test_a_program_that_was_mended_shows_its_worst_hour() -> None:
    finding = only(*(counted(2, ago=ago) for ago in range(600, 660)), counted(1))

    assert (Kind.ASKS_TOO_OFTEN, 121) == (finding.kind, finding.requests)
    assert "got 120 tokens within an hour" in finding.what


def test_introspection_is_no_token() -> None:
    assert () == found(*(counted(4, ago=ago, endpoint="introspection") for ago in range(60)))


def test_clients_that_are_unknown_are_not_told_to_cache() -> None:
    kinds = {finding.kind for finding in found(*(counted(4, ago=ago, client_id=OTHERS) for ago in range(60)))}

    assert set() == kinds


def test_who_goes_on_while_refused_is_found() -> None:
    finding = only(counted(IMPATIENT_AFTER, Outcome.BLOCKED, client_id=NOBODY))

    assert (Kind.IMPATIENT, IMPATIENT_AFTER) == (finding.kind, finding.requests)
    assert () == found(counted(IMPATIENT_AFTER - 1, Outcome.LIMITED))


def test_a_proxy_that_names_nobody_is_told() -> None:
    finding = only(counted(7, address="via:10.0.0.1"))

    assert (Kind.UNNAMED, 7) == (finding.kind, finding.requests)
    assert "7 requests, the last this minute, came through the trusted proxy 10.0.0.1" in finding.what


def test_the_gravest_comes_first_and_every_one_says_what_to_do() -> None:
    findings = found(
        counted(500, Outcome.LIMITED, client_id=NOBODY),
        counted(1, Outcome.ENDED_SECRET, credential_id="s"),
        counted(2, Outcome.UNKNOWN_CLIENT, client_id="gone"),
        counted(9, Outcome.UNKNOWN_CLIENT, client_id="gone", address=AWAY, user_agent="x"),
        counted(1, Outcome.UNKNOWN_CLIENT, client_id="gone", address=AWAY, user_agent="y"),
    )

    assert [(Kind.DELETED_CLIENT, 10), (Kind.DELETED_CLIENT, 2), (Kind.ENDED_SECRET, 1), (Kind.IMPATIENT, 500)] == [
        (finding.kind, finding.requests) for finding in findings
    ]
    assert "x and 1 other." in findings[0].what
    assert all(finding.what.endswith(".") and finding.advice.endswith(".") for finding in findings)


def test_an_address_where_a_client_never_was_is_told() -> None:
    history = [counted(1, ago=600), counted(1, ago=5), counted(3, ago=5, address=AWAY)]
    [finding] = find_new_places(history, NAMES["a"], NOW, DAY)

    assert (Kind.NEW_PLACE, 3, AWAY, "a") == (finding.kind, finding.requests, finding.address, finding.client_id)
    assert "in the last 24 h it never asked there before this hour" in finding.what


def test_where_nothing_is_older_nothing_is_new() -> None:
    assert () == find_new_places([counted(1, ago=5)], NAMES["a"], NOW, DAY)
    assert () == find_new_places([counted(1, ago=90), counted(1, address=AWAY)], NAMES["a"], NOW, 60)


def test_a_refused_request_is_no_new_place() -> None:
    assert () == find_new_places(
        [counted(1, ago=600), counted(3, Outcome.WRONG_SECRET, address=AWAY)], NAMES["a"], NOW, DAY
    )


@pytest.mark.parametrize(
    ("user_agent", "program"),
    [
        ("zeebe-client-go/8.4.0", "zeebe-client-go/8.4.0 (zbctl or a Go program)"),
        ("Java/17.0.2", "Java/17.0.2 (a Java program, such as Camunda's client)"),
        ("something/1", "something/1"),
        (OTHERS, "various programs"),
    ],
)
def test_known_programs_are_named(user_agent: str, program: str) -> None:
    assert program == program_of(user_agent)
