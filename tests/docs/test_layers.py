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
    ("house", "oauth/vocabulary.py", "import gatekey.client"),
    ("house", "errors.py", "import gatekey.oauth.vocabulary"),
    ("house", "client/acquire.py", "import gatekey.cli"),
    ("house", "server/run/__init__.py", "import gatekey.cli"),
    ("house", "trifles.py", ""),
    ("server", "server/limits/memory.py", "import gatekey.server.clients.model"),
    ("server", "server/storage/sql/tables.py", "import gatekey.server.api"),
    ("server", "server/tokens/service.py", "import gatekey.server.storage"),
    ("server", "server/api/__init__.py", "import gatekey.server.run"),
    ("server", "server/limits/memory.py", "import gatekey.server.settings"),
    ("server", "server/trifles.py", ""),
    ("server", "server/api/limits.py", "import gatekey.server.console.routes"),
    ("server", "server/callers/trust.py", "import gatekey.server.limits"),
    ("gateway", "server/gateway/policy/decide.py", "import gatekey.server.gateway.envoy"),
    ("house", "http/problems.py", "import gatekey.server"),
    ("apart", "server/clients/model.py", "import gatekey.client.acquire"),
    ("apart", "server/run/__init__.py", "import gatekey.client"),
    ("pure", "server/limits/decide.py", "import time"),
    ("pure", "server/limits/model.py", "from threading import Lock"),
    ("pure", "server/gateway/envoy/routes.py", "import os"),
    ("pure", "client/acquire.py", "import socket"),
    ("pure", "oauth/token_request.py", "import asyncio"),
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


@pytest.mark.parametrize("contract", ["house", "server", "gateway", "apart", "pure"])
def test_the_layers_are_kept_without_it(copy: Path, contract: str) -> None:
    report = lint(copy, contract)

    assert "1 kept, 0 broken" in report, report
