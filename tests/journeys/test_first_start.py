"""
From nothing to a running product and back, with the gateway.
"""

import os
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.product import GATEKEY, STOP_SECONDS, Product
from support.service import Caller, eventually

DOCUMENTS = ["/.well-known/jwks.json", "/.well-known/openid-configuration"]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "data", preloaded=False)
    yield product
    product.kill()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """
    A first start, in a folder whose name shells have to be told about.
    """
    product = Product(tmp_path_factory.mktemp("first") / "a folder's name" / "data", preloaded=False)
    product.start()
    yield product
    product.stop()


def printed_command(product: Product, label: str) -> str:
    """
    Return what the start printed to be typed next.
    """
    found = re.search(rf"^  {label} +(.+)$", product.printed, re.MULTILINE)
    assert found is not None, product.printed
    return found[1]


def type_in(command: str) -> str:
    """
    Run a line in a shell as a newcomer does: in the folder where the product was started, with no settings.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEKEY_")}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def gateways_of(product: Product) -> list[int]:
    """
    Return the processes that the service has started, whichever of its threads did.
    """
    assert product.process is not None
    tasks = Path(f"/proc/{product.process.pid}/task").glob("*/children")
    return [int(word) for children in tasks for word in children.read_text().split()]


def lives(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
        if not path.is_socket()
    }


def test_a_newcomer_gets_from_nothing_to_a_token_with_the_lines_that_were_printed(
    first: Product, tmp_path: Path
) -> None:
    file = tmp_path / "my-app.env"

    created = type_in(printed_command(first, "Create a client").replace("my-app.env", str(file)))
    token = type_in(printed_command(first, "Get a token").replace("my-app.env", str(file))).strip()

    assert str(file) in created
    assert token.count(".") == 2


def test_the_start_says_where_everything_is(first: Product) -> None:
    link = printed_command(first, "Console").split()[0]

    assert httpx.get(link, trust_env=False).status_code == 200
    assert f"Gatekey is ready: {first.http}, gateway {first.gateway}" in first.printed
    assert f"Data is in {first.data}." in first.printed
    assert "localhost:26500" in printed_command(first, "Cluster local")
    assert f"http://{first.gateway}/" in printed_command(first, "Call Zeebe")


def test_what_it_makes_is_for_the_owner_alone(first: Product) -> None:
    found = modes(first.data)
    open_to_others = {name for name, mode in found.items() if mode & 0o077}

    assert found["data"] == 0o700
    assert {"data/gatekey.db", "data/gatekey.db-wal", "data/master.key", "data/gateway"} <= set(found)
    assert open_to_others <= {"data/serve.lock", "data/site.json"}  # in a folder of 0700, and with no secret in them


def test_ctrl_c_ends_all_of_it_and_the_next_start_goes_on_from_there(product: Product) -> None:
    product.start()
    client = product.create_client("a-client", "Zeebe,Secrets")
    caller = Caller(product.http_port)
    _, body = product.ask_token(client["clientId"], client["clientSecret"], "secrets.camunda.io")
    before = [caller.call("GET", path).body for path in DOCUMENTS]
    gateways = gateways_of(product)
    code = product.stop()
    left = [gateway for gateway in gateways if lives(gateway)]
    product.start()
    after = [caller.call("GET", path).body for path in DOCUMENTS]
    with_old_token = caller.call("GET", "/secrets", {"authorization": f"Bearer {body['access_token']}"})

    assert (0, 1, []) == (code, len(gateways), left)
    assert before == after
    assert with_old_token.status == 200
    assert product.ask_token(client["clientId"], client["clientSecret"])[0] == 200


def test_after_a_kill_it_starts_again_and_a_stop_by_the_system_ends_all_of_it(product: Product) -> None:
    product.start()
    client = product.create_client("a-client")
    killed = gateways_of(product)
    product.kill()
    eventually(lambda: not any(lives(gateway) for gateway in killed))
    product.start()
    answer = product.ask_token(client["clientId"], client["clientSecret"])[0]
    gateways, process = gateways_of(product), product.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    code = process.wait(STOP_SECONDS)

    assert (1, 200) == (len(killed), answer)
    assert (0, 1, []) == (code, len(gateways), [gateway for gateway in gateways if lives(gateway)])
    assert "Traceback" not in product.errors


def test_ctrl_c_during_the_start_ends_it_without_a_traceback(product: Product) -> None:
    process = subprocess.Popen(
        [str(GATEKEY), "serve"], env=product.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    eventually((product.data / "gateway" / "bootstrap.json").exists)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=STOP_SECONDS)

    assert process.returncode in {0, 130}
    assert "Traceback" not in errors
