from pathlib import Path

import pytest

from gatekey.errors import ConfigurationError
from gatekey.server.limits.shared import SharedLimiter
from gatekey.server.run.limits.limiters import check_limit_store, limit_policy, make_limiter
from gatekey.server.settings import Settings
from gatekey.server.vault.master_key import MasterKey
from support.service import Memory

MASTER = MasterKey(bytes(32))


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def test_the_policy_is_what_the_settings_say() -> None:
    policy = limit_policy(settings(limit_rate=2, limit_burst=3, limit_block_after=4, limit_block_for=5))

    assert (2, 3, 4, 5) == (policy.rate, policy.burst, policy.block_after, policy.block_for)


@pytest.mark.parametrize("workers", [1, 2])
def test_without_a_store_one_worker_limits_in_the_file_of_the_host_as_two_do(tmp_path: Path, workers: int) -> None:
    SharedLimiter.create(tmp_path / "limits", 16)
    limiter = make_limiter(settings(workers=workers), MASTER, Memory(), tmp_path / "limits")

    assert isinstance(limiter, SharedLimiter)
    limiter.close()


def test_a_store_that_is_down_can_be_used_later_and_is_no_fault_of_the_settings() -> None:
    check_limit_store(settings(limit_store="redis://localhost:1"))


@pytest.mark.parametrize("query", ["socket_timeout=soon", "no_such_option=1"])
def test_a_url_that_the_library_does_not_understand_is_a_fault_and_not_quoted(query: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check_limit_store(settings(limit_store=f"redis://:a-secret@localhost/?{query}"))

    assert "a-secret" not in str(raised.value)


def test_a_secret_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        check_limit_store(settings(limit_store="redis://localhost", limit_store_secret_file=tmp_path / "none"))
