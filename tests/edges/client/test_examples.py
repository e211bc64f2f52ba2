"""
Every example of the client software, run as its reader would run it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from support.token_server import TokenServer, token_serving

EXAMPLES = Path(__file__).parents[3] / "examples/client"
BY_GRPC = ["with_grpc.py", "with_grpc_aio.py", "with_pyzeebe.py"]
WITHOUT_CALL = {"metrics.py": "{'TokenRequested': 1, 'TokenReceived': 1}", "own_transport.py": "good until"}
BY_HTTP = sorted({path.name for path in EXAMPLES.glob("*.py")} - {*BY_GRPC, *WITHOUT_CALL})


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_serving() as serving:
        yield serving


class Zeebe(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc ships no types
    """
    Answers any call that has a token with an empty message.
    """

    def __init__(self) -> None:
        self.tokens: list[Any] = []

    def service(self, _: Any) -> Any:
        def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
            metadata: dict[str, Any] = dict(context.invocation_metadata())
            self.tokens.append(metadata.get("authorization"))
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


def run(name: str, server: TokenServer, folder: Path, *arguments: str) -> str:
    file = folder / "my-app.env"
    file.write_text(
        f"ZEEBE_CLIENT_ID=my-app\nZEEBE_CLIENT_SECRET=hidden-secret\nCAMUNDA_OAUTH_URL={server.url}/oauth/token\n"
    )
    file.chmod(0o600)
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), str(file), *arguments],
        env={**environment, "GATEKEY_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    assert 1 == len(server.token_requests)
    return done.stdout


@pytest.mark.parametrize("name", BY_HTTP)
def test_an_example_calls_the_api_with_a_token(name: str, server: TokenServer, tmp_path: Path) -> None:
    assert run(name, server, tmp_path, server.url).startswith("200 ")
    assert {"Bearer t1"} == {token for _, token in server.calls}


@pytest.mark.parametrize("name", BY_GRPC)
def test_an_example_calls_zeebe_with_a_token(name: str, server: TokenServer, tmp_path: Path) -> None:
    zeebe = Zeebe()
    with ThreadPoolExecutor(2) as threads:
        listening = grpc.server(threads)
        listening.add_generic_rpc_handlers((zeebe,))
        port = listening.add_insecure_port("localhost:0")
        listening.start()
        printed = run(name, server, tmp_path, f"localhost:{port}")
        listening.stop(0).wait()

    assert printed.startswith("OK 0")
    assert ["Bearer t1"] == zeebe.tokens


@pytest.mark.parametrize("name", WITHOUT_CALL)
def test_an_example_gets_a_token(name: str, server: TokenServer, tmp_path: Path) -> None:
    assert run(name, server, tmp_path).startswith(WITHOUT_CALL[name])
