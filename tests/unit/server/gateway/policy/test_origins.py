import pytest

from gatekey.server.gateway.policy.origins import read_origins


@pytest.mark.parametrize("text", ["https://app.example.org", "http://localhost:5173", "http://[::1]:80", "*"])
def test_an_origin_is_what_browsers_send(text: str) -> None:
    assert (text,) == read_origins([text])


def test_browsers_write_origins_in_small_letters() -> None:
    assert ("https://app.example.org",) == read_origins(["HTTPS://App.Example.org"])


def test_every_fault_is_named() -> None:
    with pytest.raises(ValueError, match=r"example\.org is no origin.*; https://a/ is no origin"):
        read_origins(["example.org", "https://a", "https://a/"])


@pytest.mark.parametrize("text", ["null", "ftp://a", "https://a/x", "https://*.a", "https://a b", "https://a:1:2", ""])
def test_nothing_else_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        read_origins([text])
