import pytest

from gatekey.errors import StorageUnavailable
from gatekey.server.limits.fallback import AdmitAll, AdmitNone
from gatekey.server.limits.model import Admitted


def test_one_admits_all_and_remembers_nobody() -> None:
    limiter = AdmitAll()

    assert {Admitted()} == {limiter.ask("192.0.2.1") for _ in range(100)}
    assert not limiter.forget("192.0.2.1")


def test_the_other_admits_nobody_and_blames_nobody() -> None:
    limiter = AdmitNone()
    with pytest.raises(StorageUnavailable):
        limiter.ask("192.0.2.1")

    assert not limiter.forget("192.0.2.1")
