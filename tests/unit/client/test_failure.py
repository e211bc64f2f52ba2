import pytest

from gatekey.client.failure import Failure, Kind
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.errors import MalformedResponse, RateLimited, TokenError, TokenRefused, TokenUnavailable

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("error", "kind", "passing"),
    [
        (TokenRefused("invalid_client", "no", 401, hint="mend it"), Kind.REFUSED, False),
        (RateLimited(7.0, hint="wait"), Kind.LIMITED, True),
        (MalformedResponse("a page", 404, hint="the URL"), Kind.MALFORMED, False),
        (TokenUnavailable("The token endpoint answered 503", 1, hint="later"), Kind.UNAVAILABLE, True),
    ],
)
def test_every_answer_survives_as_a_value(error: TokenError, kind: Kind, passing: bool) -> None:  # noqa: FBT001 - a column
    failure = Failure.answered(error, None, "hidden")
    again = failure.error_at(NOW, NOW + 7, 1)

    assert (kind, passing) == (failure.kind, failure.kind.passing)
    assert (type(error), error.message, error.hint) == (type(again), again.message, again.hint)
    assert NOW + 7 == again.until


def test_a_remembered_limit_tells_what_is_left_of_it() -> None:
    error = Failure.answered(RateLimited(60.0), None, "").error_at(NOW + 50, NOW + 60, 3)

    assert isinstance(error, RateLimited)
    assert 10.0 == error.retry_after


def test_the_attempts_are_those_of_all_processes() -> None:
    error = Failure.answered(TokenUnavailable("503", 1), 5.0, "").error_at(NOW, NOW + 1, 4)

    assert isinstance(error, TokenUnavailable)
    assert (4, "503 (after 4 attempts).") == (error.attempts, error.message)


@pytest.mark.parametrize(
    ("obstacle", "kind"), [(Obstacle.REFUSED, Kind.UNAVAILABLE), (Obstacle.NOT_TLS, Kind.UNREACHABLE)]
)
def test_a_server_that_was_not_reached_is_named_with_its_obstacle_and_cure(obstacle: Obstacle, kind: Kind) -> None:
    failure = Failure.unreached("http://localhost/oauth/token", TransportFailure(obstacle, "detail"))
    error = failure.error_at(NOW, NOW + 1, 1)

    assert kind is failure.kind
    assert f"The token endpoint http://localhost/oauth/token could not be asked: {obstacle} (detail)" in error.message
    assert obstacle.cure == error.hint
    assert isinstance(error.__cause__, TransportFailure)
    assert obstacle is error.__cause__.obstacle


def test_a_server_that_repeats_the_secret_does_not_make_us_repeat_it() -> None:
    failure = Failure.answered(TokenRefused("invalid_client", "wrong hidden!", 401), None, "hidden")

    assert "wrong …!" == failure.description


def test_a_hint_can_say_where_the_settings_came_from() -> None:
    failure = Failure(Kind.REFUSED, "", "Mend it.").pointing_at("They came from the file.")

    assert "Mend it. They came from the file." == failure.error_at(NOW, NOW, 1).hint
