"""
What is sealed under a passphrase opens under that one only.
"""

import pytest

from gatekey.errors import ServiceError
from gatekey.server.vault.passphrase import open_under, seal_under

PASSPHRASE = "a made-up passphrase"


def test_it_opens_in_its_place_and_looks_different_each_time() -> None:
    sealed = [seal_under(PASSPHRASE, b"clear", "here") for _ in range(2)]

    assert sealed[0] != sealed[1]
    assert [b"clear"] * 2 == [open_under(PASSPHRASE, each, "here") for each in sealed]


@pytest.mark.parametrize(
    ("passphrase", "where", "cut"),
    [("another made-up one", "here", 0), (PASSPHRASE, "there", 0), (PASSPHRASE, "here", 1), (PASSPHRASE, "here", 1000)],
)
def test_nothing_else_opens_it(passphrase: str, where: str, cut: int) -> None:
    sealed = seal_under(PASSPHRASE, b"clear", "here")

    with pytest.raises(ServiceError):
        open_under(passphrase, sealed[: len(sealed) - cut], where)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(ServiceError, match="12 characters"):
        seal_under("elevenchars", b"clear", "here")
