"""
The commands of docs/how-to, run as they stand there, against a running product that has a client `my-app`.
"""

import sys
from pathlib import Path

import pytest

from docs.dialogue import run, steps_of
from docs.test_dialogues import moved
from support.product import running_product

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    "rotate-a-secret",
    "backup",
    "answer-a-leaked-secret",
    "use-a-key-instead-of-a-secret",
    "rotate-signing-keys",
    "gateways-on-other-machines",
    "find-out-why-an-address-is-limited",
    "give-connectors-secrets",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_the_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    with running_product(tmp_path / "data", with_gateway=False) as product:
        product.create_client("my-app")
        steps = [
            moved(step, {"localhost:8400": f"localhost:{product.http_port}"})
            for step in steps_of(REPOSITORY / f"docs/how-to/{page}.md")
        ]
        path = f"{Path(sys.executable).parent}:{product.environment['PATH']}"
        outcomes = run(steps, tmp_path, {**product.environment, "PATH": path})

    assert len(steps) == len(outcomes), outcomes
    for step, (code, output) in zip(steps, outcomes, strict=True):
        assert code == 0, f"$ {step.command}\n{output}"
        assert step.pattern.match(output + "\n"), f"$ {step.command}\n{output}"
