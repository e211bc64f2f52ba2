"""
What becomes of a block when the service starts again, for each place where limits are kept; and several hosts with one
store.
"""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ports import free_port
from support.product import Product, running_product
from support.redis_store import RedisServer, redis_server
from support.service import eventually

STRICT = {"limit_rate": 0.0001, "limit_burst": 1, "limit_block_after": 1, "limit_block_for": 3600}
"""One wrong secret is heard, the next request blocks for an hour."""

MASTER_KEY = "A" * 43


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    with redis_server(tmp_path / "redis", "--requirepass", "a-store-secret") as server:
        yield server


def store_url(store: RedisServer) -> str:
    return store.url.replace("redis://", "redis://:a-store-secret@")


def ask(product: Product) -> int:
    return product.ask_token("unknown", "wrong")[0]


def start_again(product: Product) -> None:
    product.stop()
    product.start()


@pytest.mark.parametrize("workers", [1, 2])
def test_in_the_file_of_a_host_a_block_survives_a_restart_of_the_service(tmp_path: Path, workers: int) -> None:
    """
    Not one of the machine, which begins a new file: that is tested where the file is.
    """
    with running_product(tmp_path / "data", with_gateway=False, workers=workers, **STRICT) as product:
        before = [ask(product), ask(product)]
        start_again(product)

        assert [401, 429, 429] == [*before, ask(product)]


def test_in_a_store_a_block_survives_a_restart_and_holds_on_every_host(tmp_path: Path, store: RedisServer) -> None:
    settings = {**STRICT, "limit_store": store_url(store), "master_key": MASTER_KEY}
    with (
        running_product(tmp_path / "one", with_gateway=False, **settings, workers=2) as one,
        running_product(tmp_path / "other", with_gateway=False, **settings) as other,
    ):
        before = [ask(one), ask(one), ask(other)]
        start_again(one)
        assert [401, 429, 429, 429] == [*before, ask(one)]
        said = [product.printed + product.errors for product in (one, other)]

    assert not any("a-store-secret" in text for text in said)


def test_the_secret_of_the_store_may_stand_in_a_file(tmp_path: Path, store: RedisServer) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a-store-secret\n")
    settings = {**STRICT, "limit_store": store.url, "limit_store_secret_file": secret}
    with running_product(tmp_path / "data", with_gateway=False, **settings) as product:
        answers = [ask(product), ask(product)]
        with store.client(password="a-store-secret") as client:
            keys = client.keys("gatekey:*:limit:*")

    assert [401, 429] == answers
    assert isinstance(keys, list)
    assert 1 <= len(keys) <= 2  # the address, and as long as it lasts who knocked


def outages(product: Product) -> str:
    with urllib.request.urlopen(f"http://{product.settings['metrics']}/metrics", timeout=30) as answer:
        lines: list[str] = answer.read().decode().splitlines()
    return next(line.split()[-1] for line in lines if line.startswith('gatekey_outages{where="limit store"}'))


def test_a_service_whose_store_is_away_starts_says_so_limits_alone_and_says_when_it_is_back(
    tmp_path: Path, store: RedisServer
) -> None:
    store.end()
    settings = {**STRICT, "limit_store": store_url(store), "workers": 2, "metrics": f"localhost:{free_port()}"}
    with running_product(tmp_path / "data", with_gateway=False, **settings) as product:
        alone = [ask(product), ask(product)]
        assert "2.0" == outages(product)
        store.start()
        eventually(lambda: outages(product) == "0.0")

        assert [401, 429] == alone
        assert [401, 429] == [ask(product), ask(product)]
        assert [2, 2] == [product.errors.count(text) for text in ("the store cannot be reached", "recovered")]


def test_whoever_wants_no_service_without_a_limit_answers_503_and_never_401(tmp_path: Path, store: RedisServer) -> None:
    store.end()
    settings = {**STRICT, "limit_store": store_url(store), "limit_when_down": "closed"}
    with running_product(tmp_path / "data", with_gateway=False, **settings) as product:
        status, body = product.ask_token("unknown", "wrong")

        assert (503, "temporarily_unavailable") == (status, body["error"])
        store.start()
        eventually(lambda: ask(product) == 401)


@pytest.mark.parametrize(
    ("library", "url", "words"),
    [
        ("raise ModuleNotFoundError(__name__)", "redis://localhost", "Install gatekey[server,redis]."),
        (None, "redis://:a-store-secret@localhost/?socket_timeout=soon", "is no URL of a Redis or Valkey"),
        (None, "http://:a-store-secret@localhost", "must be a redis://, rediss:// or unix:// URL"),
    ],
)
def test_a_store_that_can_never_work_stops_the_start(tmp_path: Path, library: str | None, url: str, words: str) -> None:
    if library is not None:
        (tmp_path / "redis.py").write_text(library)
    product = Product(tmp_path / "data", settings={"limit_store": url})
    done = product.start_in_vain("--no-gateway", PYTHONPATH=os.fspath(tmp_path))

    assert words in done.stderr
    assert "a-store-secret" not in done.stderr
    assert done.returncode != 0
