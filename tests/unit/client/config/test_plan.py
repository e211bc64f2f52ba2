import logging
from pathlib import Path

import pytest

from gatekey import DiskCache, MemoryCache
from gatekey.client.config.plan import choose_cache, is_async, make_plan
from gatekey.client.http import HttpRequest, HttpResponse


def test_sources_of_one_user_share_the_folder_and_its_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GATEKEY_CACHE", str(tmp_path))

    assert isinstance(choose_cache("disk"), DiskCache)
    assert choose_cache("disk") is choose_cache("disk")
    assert choose_cache("memory") is not choose_cache("memory")


@pytest.fixture
def _homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("GATEKEY_CACHE", "XDG_CACHE_HOME", "HOME", "CAMUNDA_CLIENT_CONFIG_PATH", "ZEEBE_CLIENT_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)


@pytest.mark.usefixtures("_homeless")
def test_a_user_without_a_home_has_one_memory_for_all_sources_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(choose_cache("disk"), MemoryCache)
    assert choose_cache("disk") is choose_cache("disk")
    assert [("gatekey", logging.WARNING)] == [(record.name, record.levelno) for record in caplog.records]
    assert "GATEKEY_CACHE" in caplog.text


@pytest.mark.usefixtures("_homeless")
def test_a_user_without_a_home_shares_in_the_folder_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEKEY_CACHE", str(tmp_path))

    assert isinstance(choose_cache("disk"), DiskCache)


def test_functions_methods_and_objects_that_are_awaited_are_told_from_those_that_are_not() -> None:
    class LazyApp:
        async def __call__(self, request: HttpRequest) -> HttpResponse:
            raise NotImplementedError

        async def send(self, request: HttpRequest) -> HttpResponse:
            raise NotImplementedError

    def now(request: HttpRequest) -> HttpResponse:
        raise NotImplementedError

    assert [True, True, False] == [is_async(LazyApp()), is_async(LazyApp().send), is_async(now)]


def test_a_plan_tells_what_makes_its_credential() -> None:
    plan = make_plan(
        None,
        {
            "token_url": "https://host/oauth/token",
            "client_id": "id",
            "client_secret": "hidden",
            "audience": "a",
            "token_scope": "s",
            "cache": "memory",
        },
    )

    assert ("https://host/oauth/token", "id", "a", "s", "hidden") == (
        plan.key.token_url,
        plan.key.client_id,
        plan.key.audience,
        plan.key.scope,
        plan.key.fingerprint.reveal(),
    )
    assert "hidden" not in repr(plan)
