"""
The documents' commands, run as a newcomer types them: against a product that `scripts/serve` has started.
"""

import http.server
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.dialogue import Step, run, steps_of
from support.product import START_SECONDS, STOP_SECONDS, Product

REPOSITORY = Path(__file__).resolve().parents[2]


class Zeebe(http.server.BaseHTTPRequestHandler):
    """
    The one answer of an upstream that these documents show; tests/real puts a real Camunda there.
    """

    def do_GET(self) -> None:
        body = json.dumps({"brokers": [], "clusterSize": 1, "gatewayVersion": "0.0.0"}).encode()
        self.send_response(200 if self.path == "/v2/topology" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's word
        pass


@pytest.fixture
def upstream() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Zeebe) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@contextmanager
def started(script: Path, product: Product, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen([str(script)], env=product.environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Gatekey is ready" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()  # noqa: PT018 - one fact: not ready
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_SECONDS)


@pytest.mark.parametrize("document", ["README.md", "docs/tutorial.md"])
def test_the_commands_of_the_document_do_what_it_says(document: str, tmp_path: Path, upstream: str) -> None:
    product = Product(tmp_path / "data", settings={"zeebe_rest": upstream})
    elsewhere = {
        "localhost:8400": f"localhost:{product.http_port}",
        "localhost:26600": product.gateway,
        "source .venv/bin/activate": f"PATH={Path(sys.executable).parent}:$PATH",
    }
    first, *others = [moved(step, elsewhere) for step in steps_of(REPOSITORY / document)]

    assert first.command == "scripts/serve"

    with started(REPOSITORY / first.command, product, tmp_path / "serve.log"):
        outcomes = run(others, tmp_path, product.environment)

    assert len(others) == len(outcomes), outcomes
    for step, (code, output) in zip(others, outcomes, strict=True):
        assert code == 0, f"$ {step.command}\n{output}"
        assert step.pattern.match(output + "\n"), f"$ {step.command}\n{output}"


def moved(step: Step, elsewhere: dict[str, str]) -> Step:
    command, shown = step.command, step.shown
    for here, there in elsewhere.items():
        command, shown = command.replace(here, there), shown.replace(here, there)
    return Step(command, shown)
