"""
Starts that cannot succeed: each is one sentence, what to do about it, and nothing else.
"""

import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest

from support.product import Product, running_product
from support.service import installed

Preparation = Callable[[Product], AbstractContextManager[object]]


@contextmanager
def taken() -> Iterator[int]:
    """
    Listen on a port that the system chooses.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def with_data(product: Product) -> Path:
    with installed(product.data) as installation:
        return installation.folder.database_path


@contextmanager
def the_port_is_taken(product: Product) -> Iterator[None]:
    with taken() as product.http_port:
        yield


@contextmanager
def the_gateways_port_is_taken(product: Product) -> Iterator[None]:
    with taken() as product.gateway_port:
        yield


def a_file_stands_where_the_folder_should(product: Product) -> AbstractContextManager[object]:
    product.data.write_text("a file")
    return nullcontext()


def the_folder_would_be_below_a_file(product: Product) -> AbstractContextManager[object]:
    product.data.write_text("a file")
    product.data /= "data"
    return nullcontext()


def the_folder_cannot_be_made(product: Product) -> AbstractContextManager[object]:
    product.data = Path("/proc/gatekey/data")
    return nullcontext()


def the_database_is_garbage(product: Product) -> AbstractContextManager[object]:
    with_data(product).write_bytes(b"garbage" * 1000)
    return nullcontext()


def the_database_is_a_folder(product: Product) -> AbstractContextManager[object]:
    database = with_data(product)
    database.unlink()
    database.mkdir()
    return nullcontext()


def the_master_key_is_missing(product: Product) -> AbstractContextManager[object]:
    (with_data(product).parent / "master.key").unlink()
    return nullcontext()


def the_master_key_is_cut(product: Product) -> AbstractContextManager[object]:
    (with_data(product).parent / "master.key").write_text("AAAA\n")
    return nullcontext()


def the_master_key_is_another_one(product: Product) -> AbstractContextManager[object]:
    (with_data(product).parent / "master.key").write_text("A" * 43 + "\n")
    return nullcontext()


def the_lock_cannot_be_made(product: Product) -> AbstractContextManager[object]:
    (with_data(product).parent / "serve.lock").mkdir()
    return nullcontext()


def the_host_is_unknown(product: Product) -> AbstractContextManager[object]:
    product.settings["http"] = "no-such-host.invalid:8400"
    return nullcontext()


def an_upstream_is_no_address(product: Product) -> AbstractContextManager[object]:
    product.settings["zeebe_grpc"] = "user@host:1"
    return nullcontext()


PREPARATIONS: list[Preparation] = [
    the_port_is_taken,
    the_gateways_port_is_taken,
    a_file_stands_where_the_folder_should,
    the_folder_would_be_below_a_file,
    the_folder_cannot_be_made,
    the_database_is_garbage,
    the_database_is_a_folder,
    the_master_key_is_missing,
    the_master_key_is_cut,
    the_master_key_is_another_one,
    the_lock_cannot_be_made,
    the_host_is_unknown,
    an_upstream_is_no_address,
]


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """
    All the starts, several at a time.
    """

    parent = tmp_path_factory.mktemp("starts")  # here: pytest's base folder is not made safely by several threads

    def start(prepare: Preparation) -> subprocess.CompletedProcess[str]:
        folder = parent / prepare.__name__
        folder.mkdir()
        product = Product(folder / "data")
        with prepare(product):
            return product.start_in_vain()

    names = [prepare.__name__ for prepare in PREPARATIONS]
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(start, PREPARATIONS), strict=True))


@pytest.mark.parametrize("name", [prepare.__name__ for prepare in PREPARATIONS])
def test_a_start_that_cannot_succeed_says_why_and_what_to_do(
    starts: dict[str, subprocess.CompletedProcess[str]], name: str
) -> None:
    done = starts[name]
    lines = [line for line in done.stderr.splitlines() if not line.startswith("20")]  # log lines begin with the year

    assert done.returncode in {3, 6}, done.stderr
    assert ["gatekey: error: ", "gatekey: hint: "] == [line[: line.find(": ", 9) + 2] for line in lines], done.stderr
    assert "Traceback" not in done.stderr
    assert "Gatekey is ready" not in done.stdout


def test_two_services_never_share_a_data_folder(tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False) as running:
        second = Product(tmp_path / "data", with_gateway=False)
        done = second.start_in_vain("--no-gateway")
        client = running.create_client("a-client")
        answer = running.ask_token(client["clientId"], client["clientSecret"])[0]

    assert done.returncode == 6
    assert done.stderr.startswith("gatekey: error: Another `gatekey serve` runs on the data folder")
    assert answer == 200


def test_a_failed_start_does_not_change_what_commands_tell_clients(tmp_path: Path) -> None:
    """
    Commands know the addresses of the last start: one that never listened was none.
    """
    product = Product(tmp_path / "data", with_gateway=False)
    with installed(product.data, public_url="https://the-last-start.example.org") as installation:
        installation.folder.remember_site(installation.site)
    with taken() as product.http_port:
        product.start_in_vain("--no-gateway")

    assert "the-last-start" in (product.data / "site.json").read_text()


def test_a_settings_file_that_is_no_text_is_a_configuration_error(tmp_path: Path) -> None:
    product = Product(tmp_path / "data")
    file = tmp_path / "gatekey.toml"
    file.write_bytes(b"http = '\xff'")

    done = product.start_in_vain("--config", str(file))

    assert done.returncode == 3, done.stderr
    assert "cannot be read" in done.stderr
    assert not product.data.exists()
