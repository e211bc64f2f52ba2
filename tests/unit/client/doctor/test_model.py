from gatekey.client.doctor.model import (
    Check,
    CheckOutcome,
    CheckResult,
    NotReached,
    doubtful,
    fine,
    printable,
    skipped,
    wrong,
)
from gatekey.client.failures import TransportErrorKind


def test_an_outcome_is_named_by_its_maker() -> None:
    assert CheckResult(Check.GRPC, CheckOutcome.FINE, "found", "") == fine(Check.GRPC, "found")
    assert CheckResult(Check.GRPC, CheckOutcome.WARNING, "found", "cure") == doubtful(Check.GRPC, "found", "cure")
    assert CheckResult(Check.GRPC, CheckOutcome.WRONG, "found", "cure") == wrong(Check.GRPC, "found", "cure")
    assert CheckResult(Check.GRPC, CheckOutcome.SKIPPED, "why", "") == skipped(Check.GRPC, "why")


def test_a_printable_finding_holds_no_secret_and_no_control_character() -> None:
    finding = doubtful(Check.TOKEN, "it said hidden-secret\x1b[2J\n", "do not send hidden-secret")

    shown = printable(finding, ["hidden-secret"])

    assert doubtful(Check.TOKEN, "it said \u2026?[2J?", "do not send \u2026") == shown


def test_a_text_too_short_to_be_a_secret_is_left_in_the_words() -> None:
    finding = doubtful(Check.TOKEN, "a finding", "a cure")

    assert finding == printable(finding, ["", "a"])


def test_an_obstacle_is_told_with_the_systems_own_word() -> None:
    assert "no answer in time" == str(NotReached(TransportErrorKind.TIMED_OUT))
    assert "the connection broke off (reset)" == str(NotReached(TransportErrorKind.DROPPED, "reset"))
