import pytest

from gatekey.client.failures import Failure, FailureKind, TransportError, TransportErrorKind
from gatekey.errors import MalformedResponse, RateLimited, TokenError, TokenRefused, TokenUnavailable

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("failure", "error", "passing"),
    [
        (Failure(FailureKind.REFUSED, hint="mend it", status=401, error="invalid_client"), TokenRefused, False),
        (Failure(FailureKind.LIMITED, hint="wait", status=429), RateLimited, True),
        (Failure(FailureKind.MALFORMED, "a page", "the URL", 404), MalformedResponse, False),
        (Failure(FailureKind.UNAVAILABLE, "503", "later"), TokenUnavailable, True),
        (Failure(FailureKind.UNREACHABLE, "no way", "mend it"), TokenUnavailable, False),
    ],
)
def test_every_failure_is_raised_as_the_error_of_its_kind(
    failure: Failure,
    error: type[TokenError],
    passing: bool,  # noqa: FBT001 - a column
) -> None:
    raised = failure.error_at(NOW, NOW + 7, 1)

    assert (error, failure.hint, NOW + 7) == (type(raised), raised.hint, raised.until)
    assert passing == failure.kind.passing


def test_a_remembered_limit_tells_what_is_left_of_it() -> None:
    error = Failure(FailureKind.LIMITED, retry_after=60.0).error_at(NOW + 50, NOW + 60, 3)

    assert isinstance(error, RateLimited)
    assert 10.0 == error.retry_after


def test_the_attempts_are_those_of_all_processes() -> None:
    error = Failure(FailureKind.UNAVAILABLE, "503").error_at(NOW, NOW + 1, 4)

    assert isinstance(error, TokenUnavailable)
    assert (4, "503 (after 4 attempts).") == (error.attempts, error.message)


@pytest.mark.parametrize(
    ("transport", "kind"),
    [(TransportErrorKind.REFUSED, FailureKind.UNAVAILABLE), (TransportErrorKind.NOT_TLS, FailureKind.UNREACHABLE)],
)
def test_a_server_that_was_not_reached_is_named_with_reason_and_cure(
    transport: TransportErrorKind, kind: FailureKind
) -> None:
    failure = Failure.unreached("http://localhost/oauth/token", TransportError(transport, "detail"))
    error = failure.error_at(NOW, NOW + 1, 1)

    assert kind is failure.kind
    assert f"The token endpoint http://localhost/oauth/token could not be asked: {transport} (detail)" in error.message
    assert transport.cure == error.hint
    assert isinstance(error.__cause__, TransportError)
    assert transport is error.__cause__.kind


def test_a_hint_can_say_where_the_settings_came_from() -> None:
    failure = Failure(FailureKind.REFUSED, "", "Mend it.").pointing_at("They came from the file.")

    assert "Mend it. They came from the file." == failure.error_at(NOW, NOW, 1).hint


def test_every_transport_error_has_a_cure() -> None:
    assert [] == [kind for kind in TransportErrorKind if not kind.cure]


def test_only_transport_errors_that_may_pass_are_tried_again() -> None:
    assert {
        TransportErrorKind.UNTRUSTED,
        TransportErrorKind.NOT_HTTP,
        TransportErrorKind.NOT_TLS,
        TransportErrorKind.UNUSABLE,
        TransportErrorKind.CERTIFICATES,
    } == {kind for kind in TransportErrorKind if not kind.passing}


def test_a_transport_error_tells_its_kind_and_the_systems_own_word() -> None:
    assert "no answer in time" == str(TransportError(TransportErrorKind.TIMED_OUT))
    assert "the network reports an error (odd)" == str(TransportError(TransportErrorKind.OTHER, "odd"))
