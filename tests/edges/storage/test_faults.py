"""
What callers see while the database is away, and that all is well when it is back.
"""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from gatekey.server.events.model import Failed, OAuthAnswered
from support.product import GATEKEY, Product
from support.service import PROTOCOLS, Caller, Reply, Service, add_client, served


@pytest.fixture(params=PROTOCOLS)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with served(tmp_path / "data", request.param) as running:
        clusters = running.installation.clusters
        clusters.set_secret(clusters.all()[0], "A", "a-made-up-value", by="test")
        yield running


@contextmanager
def away(database: Path) -> Iterator[None]:
    database.rename(database.with_suffix(".away"))
    try:
        yield
    finally:
        database.with_suffix(".away").rename(database)


@contextmanager
def garbage(database: Path) -> Iterator[None]:
    with away(database):
        database.write_bytes(b"garbage" * 1000)
        try:
            yield
        finally:
            database.unlink()


@contextmanager
def a_folder(database: Path) -> Iterator[None]:
    with away(database):
        database.mkdir()
        try:
            yield
        finally:
            database.rmdir()


FAULTS = [away, garbage, a_folder]


@pytest.mark.parametrize("fault", FAULTS)
def test_our_own_fault_is_503_everywhere_and_passes(
    service: Service, fault: Callable[[Path], AbstractContextManager[None]]
) -> None:
    calls = ways_to_call(service)
    caller, database = service.caller, service.installation.folder.database_path
    with fault(database):
        during = [call() for call in calls]
        malformed = caller.ask_token({})
        alive = caller.call("GET", "/health/live")
    after = [call() for call in calls]

    assert [503] * 6 == [reply.status for reply in during]
    assert not [reply for reply in during if not 1 <= int(reply.headers["retry-after"]) <= 30]
    assert {"no-store"} == {reply.headers["cache-control"] for reply in during}
    assert {"temporarily_unavailable"} == {reply.document["error"] for reply in during[:3]}
    assert (400, 200) == (malformed.status, alive.status)
    assert [200, 401, 401, 200, 200, 200] == [reply.status for reply in after]
    assert after[4].document == {"A": "a-made-up-value"}


def ways_to_call(service: Service) -> list[Callable[[], Reply]]:
    """
    Every kind of request that needs the database: three for tokens first.
    """
    caller = service.caller
    created = add_client(service.installation, scopes=("Zeebe", "Secrets"))
    form = {"client_id": created.client.client_id, "client_secret": created.secret.reveal()}
    token = caller.ask_token({**form, "audience": "secrets.camunda.io"}).document["access_token"]
    with closing(sqlite3.connect(service.installation.folder.database_path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what stands in the log outlives a broken main file
    return [
        lambda: caller.ask_token(form),
        lambda: caller.ask_token({**form, "client_secret": "wrong"}),
        lambda: caller.ask_token({**form, "client_id": "unknown"}),
        lambda: caller.call("GET", "/.well-known/jwks.json"),
        lambda: caller.call("GET", "/secrets", {"authorization": f"Bearer {token}"}),
        lambda: caller.call("GET", "/health/ready"),
    ]


def test_the_operator_is_told_what_was_wrong(service: Service) -> None:
    with away(service.installation.folder.database_path):
        service.caller.ask_token({"client_id": "a", "client_secret": "b"})

    kinds = [type(event) for event in service.events]
    assert [Failed, OAuthAnswered] == kinds
    assert "No such file" in f"{service.events[0]}"


def test_a_log_that_nobody_reads_any_more_stops_nothing(tmp_path: Path) -> None:
    """
    As after `gatekey serve 2>&1 | head`.
    """
    product = Product(tmp_path / "data", with_gateway=False, settings={"limit_burst": "1000000"})
    start_and_stop_listening(product)
    try:
        caller = Caller(product.http_port)
        client = product.create_client("a-client")
        form = {"client_id": client["clientId"], "client_secret": client["clientSecret"]}
        good = [caller.ask_token(form).status for _ in range(5)]
        bad = caller.ask_token({**form, "client_secret": "wrong"}).status
        with away(product.data / "gatekey.db"):
            ours = caller.ask_token(form).status
    finally:
        code = product.stop()

    assert ([200] * 5, 401, 503) == (good, bad, ours)
    assert code == 0


def start_and_stop_listening(product: Product) -> None:
    """
    Start `gatekey serve` and close the reading ends of its output as soon as it is ready.
    """
    product.process = subprocess.Popen(
        [str(GATEKEY), "serve", "--no-gateway"],
        env=product.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert product.process.stdout is not None
    assert product.process.stderr is not None
    assert product.process.stdout.readline()  # the first line of the greeting, which comes as one piece
    product.process.stdout.close()
    product.process.stderr.close()
