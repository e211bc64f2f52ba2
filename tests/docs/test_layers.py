"""
The layers of .importlinter bite: each planted breach of them is found.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

BREACHES = [
    ("house", "wire/vocabulary.py", "import gatekey.client"),
    ("house", "errors.py", "import gatekey.wire.vocabulary"),
    ("house", "client/flow.py", "import gatekey.cli"),
    ("house", "server/app/__init__.py", "import gatekey.cli"),
    ("house", "trifles.py", ""),
    ("server", "server/limiting/memory.py", "import gatekey.server.clients.model"),
    ("server", "server/storage/tables.py", "import gatekey.server.web"),
    ("server", "server/issuing/tokens.py", "import gatekey.server.storage"),
    ("server", "server/web/__init__.py", "import gatekey.server.app"),
    ("server", "server/limiting/memory.py", "import gatekey.server.settings"),
    ("server", "server/trifles.py", ""),
    ("apart", "server/clients/model.py", "import gatekey.client.flow"),
    ("apart", "server/app/__init__.py", "import gatekey.client"),
    ("pure", "server/limiting/decide.py", "import time"),
    ("pure", "server/limiting/model.py", "from threading import Lock"),
    ("pure", "server/guarding/compile/routes.py", "import os"),
    ("pure", "client/flow.py", "import socket"),
    ("pure", "wire/token_request.py", "import asyncio"),
    ("pure", "server/clients/decide.py", "import sqlalchemy"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        REPOSITORY / "src/gatekey", tmp_path / "gatekey", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    return tmp_path


def lint(copy: Path, contract: str) -> str:
    report = subprocess.run(
        [
            str(Path(sys.executable).with_name("lint-imports")),
            *("--no-logo", "--no-cache", "--contract", contract),
            *("--config", str(REPOSITORY / ".importlinter")),
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return report.stdout + report.stderr


@pytest.mark.parametrize(("contract", "place", "line"), BREACHES)
def test_a_planted_breach_is_found(copy: Path, contract: str, place: str, line: str) -> None:
    planted = copy / "gatekey" / place
    present = planted.read_text() if planted.exists() else '"""Planted."""\n'
    planted.write_text(f"{present}\n{line}\n")
    report = lint(copy, contract)

    assert "BROKEN" in report or ("trifles" in place and "trifles" in report), report


@pytest.mark.parametrize("contract", ["house", "server", "apart", "pure"])
def test_the_layers_are_kept_without_it(copy: Path, contract: str) -> None:
    report = lint(copy, contract)

    assert "1 kept, 0 broken" in report, report
