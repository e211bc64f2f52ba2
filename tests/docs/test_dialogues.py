"""
The documents' commands, run as a newcomer types them: against a product that `scripts/serve` has started.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.dialogue import Step, run, steps_of
from support.ports import free_port
from support.product import START_SECONDS, STOP_SECONDS, Product

REPOSITORY = Path(__file__).resolve().parents[2]


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
def test_the_commands_of_the_document_do_what_it_says(document: str, tmp_path: Path) -> None:
    addresses = {f"demo_{kind}": f"127.0.0.1:{free_port()}" for kind in ("grpc", "rest")}
    product = Product(tmp_path / "data", settings={"demo": "on", **addresses})
    elsewhere = {
        "localhost:8400": f"localhost:{product.http_port}",
        "localhost:26600": product.gateway,
        "examples/worker": str(REPOSITORY / "examples/worker"),
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
