"""
What a command does without: everybody waits for what it imports.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.command import GATEKEY
from support.credentials import opened_office

SERVICE = {"alembic", "cryptography.x509", "starlette", "uvicorn", "jinja2", "prometheus_client", "structlog"}


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        (["clients", "list"], {*SERVICE, "gatekey.server.traffic", "click.shell_completion"}),
        (["status"], {*SERVICE, "sqlalchemy", "pydantic", "gatekey.server"}),
        (["--help"], {*SERVICE, "sqlalchemy", "pydantic"}),
    ],
)
def test_a_command_imports_what_it_needs(tmp_path: Path, words: list[str], spared: set[str]) -> None:
    with opened_office(tmp_path / "data"):
        run = {
            "GATEKEY_DATA": str(tmp_path / "data"),
            "GATEKEY_CACHE": str(tmp_path / "cache"),
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run(
            [sys.executable, "-X", "importtime", GATEKEY, *words], env=run, capture_output=True, text=True, check=True
        )

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"gatekey.cli", "click"} <= imported
    assert set() == spared & imported
