import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.http import HttpRequest, HttpResponse, retry_after, sent_at, shown

DATE = "Mon, 23 Nov 2026 07:00:00 GMT"
DATE_SECONDS = 1795417200.0


def test_a_header_is_found_in_any_case() -> None:
    response = HttpResponse(200, (("content-TYPE", "application/json"), ("Content-Type", "second")))

    assert "application/json" == response.header("Content-Type")
    assert response.header("Missing") is None


def test_neither_repr_shows_headers_bodies_or_queries() -> None:
    request = HttpRequest("POST", "https://u:p@host/x?q=hidden", (("Authorization", "hidden"),), b"hidden")
    response = HttpResponse(200, (("Set-Cookie", "hidden"),), b"hidden")

    assert "HttpRequest(POST https://host/x, 6 bytes)" == repr(request)
    assert "HttpResponse(200, 6 bytes)" == repr(response)


def test_a_shown_url_has_no_user_query_or_fragment() -> None:
    assert "https://host:1/path" == shown("https://id:secret@host:1/path?token=x#y")
    assert "https://host/a@b" == shown("https://host/a@b")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 2 ", 2.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("Mon, 23 Nov 2026 07:01:30 GMT", 90.0),
        ("Mon, 23 Nov 2026 06:00:00 GMT", 0.0),
        ("Mon, 23 Nov 9999999 06:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    response = HttpResponse(429, (("Date", DATE), ("Retry-After", value)))

    assert seconds == retry_after(response)


def test_retry_after_is_unknown_when_missing_or_without_a_date_to_measure_by() -> None:
    assert retry_after(HttpResponse(429)) is None
    assert retry_after(HttpResponse(429, (("Retry-After", DATE),))) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (DATE, DATE_SECONDS),
        ("Monday, 23-Nov-26 07:00:00 GMT", DATE_SECONDS),
        ("Mon, 23 Nov 2026 07:00:00", DATE_SECONDS),
        ("yesterday", None),
    ],
)
def test_the_date_of_an_answer_is_read_in_utc(value: str, seconds: float | None) -> None:
    assert seconds == sent_at(HttpResponse(200, (("date", value),)))


@given(st.text())
def test_no_header_text_breaks_the_reading(text: str) -> None:
    response = HttpResponse(429, (("Date", text), ("Retry-After", text)))

    seconds = retry_after(response)

    assert seconds is None or seconds >= 0
