import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.doctor.endpoint import ServerAddress, endpoint_of


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("http://localhost:8400/oauth/token", ServerAddress("localhost", 8400, secure=False)),
        ("https://login.example.org/oauth/token", ServerAddress("login.example.org", 443, secure=True)),
        ("http://login.example.org", ServerAddress("login.example.org", 80, secure=False)),
        ("grpcs://zeebe.example.org:443", ServerAddress("zeebe.example.org", 443, secure=True)),
        ("GRPCS://zeebe.example.org", ServerAddress("zeebe.example.org", 443, secure=True)),
        ("grpc://zeebe.example.org", ServerAddress("zeebe.example.org", 26500, secure=False)),
        ("localhost:26600", ServerAddress("localhost", 26600, secure=False)),
        ("localhost", ServerAddress("localhost", 26500, secure=False)),
        ("zeebe.example.org:443", ServerAddress("zeebe.example.org", 443, secure=True)),
        ("[::1]:26600", ServerAddress("::1", 26600, secure=False)),
    ],
)
def test_every_form_of_an_address_is_understood(address: str, endpoint: ServerAddress) -> None:
    assert endpoint == endpoint_of(address)


@pytest.mark.parametrize(
    "address", ["", "http://", "ftp://host", "host:port", "host:99999", "http://[::1", ":26500", "://host"]
)
def test_what_is_no_address_gives_none(address: str) -> None:
    assert endpoint_of(address) is None


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    endpoint = endpoint_of(text)

    assert endpoint is None or endpoint.host
