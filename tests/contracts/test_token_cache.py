"""
What every cache of the client software promises; memory and folder alike.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekey import DiskCache, MemoryCache
from gatekey.client.cache.ports import Cache, CacheKey
from gatekey.client.failures import Failure, FailureKind
from gatekey.client.policy import NOTHING, Backoff, CacheEntry
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText

NOW = 1_800_000_000.0
KEY = CacheKey("https://host/oauth/token", "id", "zeebe.camunda.io", None, SecretText("secret"))
OTHERS = [
    replace(KEY, token_url="https://other/oauth/token"),
    replace(KEY, client_id="other"),
    replace(KEY, audience="operate.camunda.io"),
    replace(KEY, audience=None),
    replace(KEY, scope="other"),
    replace(KEY, fingerprint=SecretText("other")),
]
TOKEN = Token(SecretText("t"), NOW, NOW + 3000, NOW + 3600, "cluster")
REFUSAL = Backoff(Failure(FailureKind.REFUSED, "", "mend it", 401, "invalid_client", "no"), NOW, NOW + 300)
PAUSE = Backoff(Failure(FailureKind.LIMITED, "", status=429, retry_after=5.0), NOW, NOW + 5, 2)


@pytest.fixture(params=["memory", "folder"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    caches: dict[str, Callable[[], Cache]] = {"memory": MemoryCache, "folder": lambda: DiskCache(tmp_path / "tokens")}
    return caches[request.param]()


def test_what_is_kept_is_found(cache: Cache) -> None:
    entry = CacheEntry(TOKEN, replace(REFUSAL, since=NOW + 1), PAUSE, NOW)
    assert NOTHING == cache.look(KEY)

    cache.keep(KEY, entry)

    assert entry == cache.look(KEY)


@pytest.mark.parametrize("other", OTHERS)
def test_every_part_of_a_credential_tells_it_from_others(cache: Cache, other: CacheKey) -> None:
    cache.keep(KEY, CacheEntry(TOKEN, replace(REFUSAL, since=NOW + 1)))

    assert NOTHING == cache.look(other)


def test_a_pause_is_everybodys_at_the_same_token_endpoint(cache: Cache) -> None:
    cache.keep(KEY, CacheEntry(pause=PAUSE))

    assert [None, *[PAUSE] * 5] == [cache.look(other).pause for other in OTHERS]


def test_a_later_token_takes_the_place_of_what_was_there(cache: Cache) -> None:
    later = replace(TOKEN, access_token=SecretText("later"), obtained_at=NOW + 100)
    cache.keep(KEY, CacheEntry(TOKEN, replace(REFUSAL, since=NOW + 1)))

    cache.keep(KEY, CacheEntry(later))

    assert CacheEntry(later) == cache.look(KEY)


def test_one_at_a_time_has_the_lock(cache: Cache) -> None:
    release = cache.lock(KEY)

    assert release
    assert cache.lock(KEY) is None
    release()
    again = cache.lock(KEY)
    assert again
    again()


def test_who_waits_is_told_when_the_lock_is_free(cache: Cache) -> None:
    release, told = cache.lock(KEY), [threading.Event() for _ in range(3)]
    assert release

    for event in told:
        cache.when_free(KEY, event.set)
    early = [event.is_set() for event in told]
    release()

    assert [False] * 3 == early
    assert all(event.wait(30) for event in told)
    assert_taken_again(cache)


def test_who_waits_for_a_lock_that_nobody_has_is_told_at_once(cache: Cache) -> None:
    told = threading.Event()

    cache.when_free(KEY, told.set)

    assert told.wait(30)
    assert_taken_again(cache)


def test_a_lock_is_given_back_once(cache: Cache) -> None:
    first = cache.lock(KEY)
    assert first
    first()
    second = cache.lock(KEY)
    assert second

    first()

    assert cache.lock(KEY) is None
    second()


def assert_taken_again(cache: Cache) -> None:
    """
    Nobody has the lock any more, neither for good nor for the moment in which it was found free.
    """
    deadline = time.monotonic() + 30
    while (release := cache.lock(KEY)) is None:
        assert time.monotonic() < deadline, "the lock is not free"
    release()


def test_of_many_threads_one_gets_the_lock(cache: Cache) -> None:
    begin, taken = threading.Barrier(20), []

    def take() -> None:
        begin.wait()
        taken.append(cache.lock(KEY))

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    releases = [release for release in taken if release]
    assert 1 == len(releases)
    releases[0]()
