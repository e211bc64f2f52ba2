import os
from dataclasses import replace
from pathlib import Path
from time import time

import pytest

from gatekey.client.cache.disk import DiskCache, default_folder, default_neighbour
from gatekey.client.cache.ports import CacheKey
from gatekey.client.failures import Failure, FailureKind
from gatekey.client.policy import NOTHING, Backoff, CacheEntry
from gatekey.client.token import Token
from gatekey.errors import CacheError
from gatekey.oauth.secret_text import SecretText

NOW = time()
KEY = CacheKey("https://host/oauth/token", "id", "zeebe.camunda.io", None, SecretText("hidden"))
TOKEN = Token(SecretText("t"), NOW, NOW + 3000, NOW + 3600)


def test_the_folder_follows_the_conventions_of_this_user() -> None:
    assert Path("/a/tokens") == default_folder({"GATEKEY_CACHE": "/a", "XDG_CACHE_HOME": "/b"})
    assert Path("/b/gatekey/tokens") == default_folder({"XDG_CACHE_HOME": "/b"})
    assert Path.home() / ".cache/gatekey/tokens" == default_folder({})
    assert Path.home() / ".cache/gatekey/tokens" == default_folder({"XDG_CACHE_HOME": "relative"})


def test_the_token_file_of_camundas_clients_is_where_they_look() -> None:
    assert Path("/a") == default_neighbour({"CAMUNDA_CLIENT_CONFIG_PATH": "/a", "ZEEBE_CLIENT_CONFIG_PATH": "/b"})
    assert Path("/b") == default_neighbour({"ZEEBE_CLIENT_CONFIG_PATH": "/b"})
    assert Path.home() / ".camunda/credentials" == default_neighbour({})


def test_another_cache_of_the_same_folder_finds_what_is_kept(tmp_path: Path) -> None:
    DiskCache(tmp_path).keep(KEY, CacheEntry(TOKEN))

    assert CacheEntry(TOKEN) == DiskCache(tmp_path).look(KEY)


def test_neither_names_nor_contents_hold_the_secret(tmp_path: Path) -> None:
    DiskCache(tmp_path).keep(KEY, CacheEntry(TOKEN))

    assert not [path for path in tmp_path.iterdir() if "hidden" in path.name or b"hidden" in path.read_bytes()]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "tokens")
    cache.keep(KEY, CacheEntry(TOKEN))
    kept = next((tmp_path / "tokens").glob("credential-*"))
    kept.rename(tmp_path / "elsewhere")
    kept.symlink_to(tmp_path / "elsewhere")

    assert NOTHING == DiskCache(tmp_path / "tokens").look(KEY)


def test_useless_files_are_removed_after_a_day_when_a_new_credential_comes(tmp_path: Path) -> None:
    cache, day = DiskCache(tmp_path), 86_400.0
    old = replace(TOKEN, obtained_at=NOW - 3 * day, expires_at=NOW - 1.1 * day)
    recent = replace(old, expires_at=NOW - 0.9 * day)
    cache.keep(replace(KEY, client_id="old"), CacheEntry(old))
    cache.keep(replace(KEY, client_id="recent"), CacheEntry(recent))
    cache.keep(
        replace(KEY, client_id="refused"), CacheEntry(old, Backoff(Failure(FailureKind.REFUSED, ""), NOW, NOW + 300))
    )

    cache.keep(KEY, CacheEntry(TOKEN))

    assert ["id", "recent", "refused"] == sorted(record.client_id for record in cache.records()[0])


def test_people_can_look_and_forget(tmp_path: Path) -> None:
    cache, pause = DiskCache(tmp_path), Backoff(Failure(FailureKind.LIMITED, ""), NOW, NOW + 5)
    cache.keep(KEY, CacheEntry(TOKEN, pause=pause))
    cache.keep(replace(KEY, client_id="other"), CacheEntry(TOKEN))
    credentials, endpoints = cache.records()

    assert {"id", "other"} == {record.client_id for record in credentials}
    assert [(KEY.token_url, pause)] == [(record.token_url, record.pause) for record in endpoints]
    assert 1 == cache.forget(lambda record: record.client_id == "other")
    assert ["id"] == [record.client_id for record in cache.records()[0]]
    assert 1 == len(cache.records()[1])


def test_people_are_told_why_they_cannot_look(tmp_path: Path) -> None:
    kept = DiskCache(tmp_path)
    kept.keep(KEY, CacheEntry(TOKEN))
    path = next(tmp_path.glob("credential-*"))
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CacheError) as caught:
        kept.records()
    assert os.fspath(tmp_path) == caught.value.folder
    with pytest.raises(CacheError):
        kept.forget(lambda _: True)
