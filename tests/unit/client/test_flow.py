import json
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.flow import Flow, Patience, Send, Sleep, Step, fetch_token, send, token_request
from gatekey.client.obstacle import Obstacle, TransportFailure
from gatekey.client.settings import ClientSettings
from gatekey.errors import MalformedResponse, RateLimited, TokenError, TokenRefused, TokenUnavailable
from gatekey.wire.client_authentication import Method, SecretCredential
from gatekey.wire.fields import FORM
from gatekey.wire.http import HttpRequest, HttpResponse
from gatekey.wire.secret_text import SecretText
from gatekey.wire.token_answer import TokenAnswer, encode_error, encode_success
from gatekey.wire.token_request import TokenRequest, read_request

SETTINGS = ClientSettings("http://localhost:8400/oauth/token", "id", SecretText("hidden-secret"), "zeebe.camunda.io")
REQUEST = token_request(SETTINGS)
GRANTED = HttpResponse(200, (), encode_success("t", 86_400, "cluster"))
REFUSED = HttpResponse(401, (), encode_error("invalid_client", "no"))
TOKEN = TokenAnswer(SecretText("t"), 86_400, "cluster")
PATIENT = Patience(attempts=4, wait=30.0)


def limited(retry_after: str | None = None) -> HttpResponse:
    return HttpResponse(429, (("Retry-After", retry_after),) if retry_after is not None else ())


def asked(patience: Patience = PATIENT, jitter: float = 0.0) -> Flow[TokenAnswer]:
    """
    Return a flow that has just asked for the first time.
    """
    flow = fetch_token(SETTINGS, patience, lambda: jitter)
    assert Send(REQUEST) == next(flow)
    return flow


def result_of(flow: Generator[Step, HttpResponse | None, TokenAnswer], response: HttpResponse) -> TokenAnswer:
    with pytest.raises(StopIteration) as end:
        flow.send(response)
    answer: TokenAnswer = end.value.value
    return answer


def test_the_request_is_one_that_the_service_reads() -> None:
    read = read_request(FORM, None, REQUEST.body)

    credential = SecretCredential("id", SecretText("hidden-secret"), Method.POST)
    assert TokenRequest(credential, "zeebe.camunda.io") == read
    assert ("POST", "http://localhost:8400/oauth/token") == (REQUEST.method, REQUEST.url)
    assert "hidden-secret" not in repr(REQUEST)


def test_without_an_audience_the_server_chooses() -> None:
    request = token_request(ClientSettings("http://localhost/", "id", SecretText("s"), None))

    read = read_request(FORM, None, request.body)

    assert isinstance(read, TokenRequest)
    assert read.audience is None


def test_one_granted_request_is_enough() -> None:
    assert TOKEN == result_of(asked(), GRANTED)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_final(status: int) -> None:
    with pytest.raises(TokenRefused):
        asked().send(HttpResponse(status, (), REFUSED.body))


@pytest.mark.parametrize("response", [HttpResponse(200, (), b"<html>"), HttpResponse(302), HttpResponse(404)])
def test_what_is_no_token_endpoint_is_asked_once(response: HttpResponse) -> None:
    with pytest.raises(MalformedResponse):
        asked().send(response)


def test_a_server_that_repeats_the_secret_does_not_make_us_repeat_it() -> None:
    with pytest.raises(TokenRefused) as caught:
        asked().send(HttpResponse(400, (), encode_error("invalid_request", "wrong secret hidden-secret!")))

    assert "wrong secret \u2026!" == caught.value.description
    assert "hidden-secret" not in str(caught.value)


def test_a_429_is_waited_out_as_long_as_the_server_asks() -> None:
    flow = asked()

    assert Sleep(7.0) == flow.send(limited("7"))
    assert Send(REQUEST) == flow.send(None)
    assert TOKEN == result_of(flow, GRANTED)


def test_a_random_part_keeps_many_programs_from_returning_at_once() -> None:
    flow = asked(jitter=0.5)

    assert Sleep(7.5) == flow.send(limited("7"))
    flow.send(None)
    assert Sleep(8.0) == flow.send(limited("7"))


@pytest.mark.parametrize("response", [limited(), limited("soon"), HttpResponse(500), HttpResponse(503)])
def test_without_a_readable_retry_after_pauses_double(response: HttpResponse) -> None:
    flow = asked(Patience(attempts=5, wait=60.0))

    pauses = []
    for _ in range(4):
        pauses.append(flow.send(response))
        assert Send(REQUEST) == flow.send(None)

    assert [Sleep(1.0), Sleep(2.0), Sleep(4.0), Sleep(8.0)] == pauses


def test_a_date_to_wait_for_is_measured_by_the_servers_clock() -> None:
    dates = (("Date", "Mon, 23 Nov 2026 07:00:00 GMT"), ("Retry-After", "Mon, 23 Nov 2026 07:00:09 GMT"))

    assert Sleep(9.0) == asked().send(HttpResponse(503, dates))


def test_a_pause_beyond_the_patience_is_not_cut_short_but_given_up() -> None:
    with pytest.raises(RateLimited) as caught:
        asked().send(limited("31"))

    assert 31.0 == caught.value.retry_after


def test_pauses_add_up_against_the_patience() -> None:
    flow = asked()
    assert Sleep(20.0) == flow.send(limited("20"))
    flow.send(None)

    with pytest.raises(RateLimited):
        flow.send(limited("11"))


def test_a_server_cannot_lock_us_out_for_longer_than_an_hour() -> None:
    with pytest.raises(RateLimited) as caught:
        asked().send(limited("99999999"))

    assert 3600.0 == caught.value.retry_after


def test_the_last_attempt_is_the_last() -> None:
    flow = asked(Patience(attempts=2, wait=30.0))
    flow.send(HttpResponse(503))
    flow.send(None)

    with pytest.raises(TokenUnavailable) as caught:
        flow.send(HttpResponse(503))

    assert 2 == caught.value.attempts


def test_a_broken_connection_is_tried_again() -> None:
    flow = asked()

    assert Sleep(1.0) == flow.throw(TransportFailure(Obstacle.DROPPED))
    assert Send(REQUEST) == flow.send(None)
    assert TOKEN == result_of(flow, GRANTED)


def test_a_server_that_stays_away_is_named_with_its_obstacle_and_cure() -> None:
    flow, failure = asked(Patience(attempts=1)), TransportFailure(Obstacle.REFUSED, "Connection refused")

    with pytest.raises(TokenUnavailable) as caught:
        flow.throw(failure)

    assert "http://localhost:8400/oauth/token" in caught.value.message
    assert str(failure) in caught.value.message
    assert Obstacle.REFUSED.cure == caught.value.hint
    assert failure is caught.value.__cause__


def test_an_untrusted_certificate_is_not_tried_again() -> None:
    failure = TransportFailure(Obstacle.UNTRUSTED)

    with pytest.raises(TokenUnavailable) as caught:
        asked().throw(failure)

    assert 1 == caught.value.attempts
    assert failure is caught.value.__cause__


def test_patience_for_no_attempt_at_all_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="one attempt at least"):
        next(fetch_token(SETTINGS, Patience(attempts=0), lambda: 0.0))


def test_a_driver_that_loses_an_answer_is_a_mistake_of_ours() -> None:
    flow = send(HttpRequest("GET", "http://localhost/"))
    next(flow)

    with pytest.raises(TypeError, match="the driver answers every Send"):
        flow.send(None)


replies = st.one_of(
    st.sampled_from([GRANTED, REFUSED, HttpResponse(200), HttpResponse(404)]),
    st.builds(HttpResponse, st.integers(500, 599)),
    st.builds(limited, st.none() | st.integers(0, 100).map(str)),
    st.builds(TransportFailure, st.sampled_from(Obstacle)),
)
patiences = st.builds(Patience, attempts=st.integers(1, 6), wait=st.floats(0, 120))


@given(st.lists(replies, min_size=6, max_size=6), patiences, st.floats(0, 1, exclude_max=True))
def test_no_sequence_of_answers_makes_it_ask_more_or_sleep_longer_than_allowed(
    script: list[HttpResponse | TransportFailure], patience: Patience, jitter: float
) -> None:
    flow, requests, slept = fetch_token(SETTINGS, patience, lambda: jitter), 0, 0.0
    try:
        step = next(flow)
        while True:
            if isinstance(step, Sleep):
                slept += step.seconds
                step = flow.send(None)
                continue
            reply = script[requests]
            requests += 1
            step = flow.throw(reply) if isinstance(reply, TransportFailure) else flow.send(reply)
    except StopIteration as end:
        assert TOKEN == end.value  # noqa: PT017 - either outcome is right
    except TokenError as error:
        assert "hidden-secret" not in json.dumps([str(error), repr(error)])  # noqa: PT017 - see above
    assert requests <= patience.attempts
    assert slept <= patience.wait
