"""
Commands beside a running service: they take effect at once, and say what went wrong.
"""

import json
import stat
import subprocess
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.product import GATEKEY, Product, running_product
from support.service import Caller


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    data = tmp_path_factory.mktemp("commands") / "data"
    with running_product(data, with_gateway=False, limit_rate=1000, limit_burst=1000) as running:
        yield running


def told(product: Product, *arguments: str) -> Any:
    return json.loads(product.cli(*arguments, "--json").stdout)


def test_the_life_of_a_client(product: Product) -> None:
    created = told(product, "clients", "create", "my-app", "--cluster", "local", "--scopes", "zeebe,Secrets")
    cluster = told(product, "clusters", "show", "local")
    first = product.ask_token(created["clientId"], created["clientSecret"])
    listed = told(product, "clients", "list", "--cluster", "local")
    shown = told(product, "clients", "show", "my-app")
    deleted = told(product, "clients", "delete", "my-app", "--yes")
    last = product.ask_token(created["clientId"], created["clientSecret"])

    assert {"name", "clientId", "secretId", "clientSecret", "permissions", "lifetime"} == set(created)
    assert ["Zeebe", "Secrets"] == created["permissions"]
    assert (200, cluster["clusterId"]) == (first[0], first[1]["scope"])
    assert [True] == [client["secretPresented"] for client in listed if client["clientId"] == created["clientId"]]
    assert created["clientId"] == shown["clientId"]
    assert {"name": "my-app", "clientId": created["clientId"], "deleted": True} == deleted
    assert (401, "invalid_client") == (last[0], last[1]["error"])
    assert created["clientSecret"] not in json.dumps([listed, shown, deleted])


def test_the_life_of_a_cluster(product: Product) -> None:
    created = told(product, "clusters", "create", "second", "--region", "bru-2", "--grpc", "zeebe:1")
    listed = told(product, "clusters", "list")
    client = product.create_client("of-the-second", cluster="second")
    status, body = product.ask_token(client["clientId"], client["clientSecret"])

    assert str(uuid.UUID(created["clusterId"])) == created["clusterId"]
    assert ["local", "second"] == [cluster["name"] for cluster in listed]
    assert created == listed[1]
    assert (200, created["clusterId"]) == (status, body["scope"])
    assert created["oauthUrl"] == product.token_url


def test_the_life_of_a_cluster_secret(product: Product) -> None:
    client = product.create_client("connectors", "Secrets")
    _, body = product.ask_token(client["clientId"], client["clientSecret"], "secrets.camunda.io")
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    caller = Caller(product.http_port)
    product.cli("secrets", "set", "KEY", "--cluster", "local", input="a-made-up-value\n")
    with_it = caller.call("GET", "/secrets", bearer).document
    names = told(product, "secrets", "list", "--cluster", "local")
    product.cli("secrets", "delete", "KEY", "--cluster", "local", "--yes")

    assert {"KEY": "a-made-up-value"} == with_it
    assert ["KEY"] == names
    assert {} == caller.call("GET", "/secrets", bearer).document


def test_a_credentials_file_is_private_complete_and_never_overwritten(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "my-app.env"
    arguments = ["clients", "create", "with-a-file", "--cluster", "local", "--scopes", "Zeebe", "--output", str(file)]
    done = product.cli(*arguments)
    written = file.read_text()
    arguments[2] = "another"
    again = product.cli(*arguments, check=False)
    arguments[-1] = str(tmp_path / "missing" / "my-app.env")
    nowhere = product.cli(*arguments, check=False)
    listed = product.cli("clients", "list").stdout

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [file] == list(tmp_path.iterdir())
    assert "export ZEEBE_CLIENT_SECRET='gks_" in written
    assert "gks_" not in done.stdout + done.stderr
    assert (6, 6) == (again.returncode, nowhere.returncode)
    assert "nothing was changed" in again.stderr
    assert "nothing was changed" in nowhere.stderr
    assert written == file.read_text()
    assert "with-a-file" in listed
    assert "another" not in listed


REFUSED = {
    "client unknown": ["clients", "show", "nobody"],
    "nothing to delete": ["clients", "delete", "nobody", "--yes"],
    "client name": ["clients", "create", "a b", "--cluster", "local", "--scopes", "Zeebe"],
    "cluster unknown": ["clients", "create", "a", "--cluster", "nowhere", "--scopes", "Zeebe"],
    "scope unknown": ["clients", "create", "a", "--cluster", "local", "--scopes", "Everything"],
    "cluster name taken": ["clusters", "create", "local"],
    "no upstream": ["clusters", "create", "bad", "--grpc", "user@host:1"],
    "no secret": ["secrets", "delete", "NOTHING", "--cluster", "local", "--yes"],
}


@pytest.fixture(scope="module")
def refused(product: Product) -> dict[str, subprocess.CompletedProcess[str]]:
    """
    All the refused commands, several at a time.
    """
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda arguments: product.cli(*arguments, check=False), REFUSED.values())
        return dict(zip(REFUSED, done, strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_sentence_and_exit_code_1(
    refused: dict[str, subprocess.CompletedProcess[str]], name: str
) -> None:
    done = refused[name]

    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("gatekey: error: ")
    assert len(done.stderr.splitlines()) <= 2
    assert done.stdout == ""


def test_a_value_that_is_no_text_is_one_sentence(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "binary"
    file.write_bytes(b"\xff\xfe\x00")
    arguments = ["secrets", "set", "BINARY", "--cluster", "local"]
    from_a_file = product.cli(*arguments, "--value-file", str(file), check=False)
    with file.open("rb") as stdin:
        from_standard_input = subprocess.run(
            [str(GATEKEY), *arguments],
            env=product.environment,
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    for done in (from_a_file, from_standard_input):
        assert done.returncode in {1, 2, 6}, done.stderr
        assert done.stderr.startswith("gatekey: error: "), done.stderr
        assert "Traceback" not in done.stderr


def test_commands_without_an_installation_create_none(tmp_path: Path) -> None:
    product = Product(tmp_path / "data")
    done = product.cli("clients", "list", check=False)

    assert done.returncode == 6
    assert "There is no Gatekey installation" in done.stderr
    assert not product.data.exists()


@contextmanager
def hammered(product: Product) -> Iterator[list[int]]:
    """
    Ask for tokens as fast as one can, from two other addresses, until the end.
    """
    statuses: list[int] = []
    over = threading.Event()

    def hammer(address: str) -> None:
        caller = Caller(product.http_port, address)
        while not over.is_set():
            statuses.append(caller.ask_token({"client_id": "unknown", "client_secret": "wrong"}).status)

    threads = [threading.Thread(target=hammer, args=(address,)) for address in ("127.0.0.2", "127.0.0.3")]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_new_client_gets_its_first_token_at_once_while_others_hammer_the_service(product: Product) -> None:
    with hammered(product) as statuses:
        clients = [product.create_client(f"new-{number}") for number in range(2)]
        answers = [product.ask_token(client["clientId"], client["clientSecret"])[0] for client in clients]

    assert [200] * 2 == answers
    assert {401} <= set(statuses) <= {401, 429}
