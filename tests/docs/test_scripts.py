"""
What the scripts say on a machine that lacks something: one sentence, and exit code 1.
"""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted((REPOSITORY / "scripts").iterdir()), REPOSITORY / ".ci/run"]
PYTHONS = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """
    A checkout in which nothing has been set up yet.
    """
    for name in ("scripts", "requirements"):
        shutil.copytree(REPOSITORY / name, tmp_path / "checkout" / name)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path / "checkout")
    return tmp_path / "checkout"


def plant_pythons(folder: Path, script: str) -> str:
    """
    Put programs that answer to every name of Python before the real ones, and return the PATH.
    """
    folder.mkdir()
    for name in PYTHONS:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def serve(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / "scripts/serve")],
        env={**os.environ, "GATEKEY_CACHE": str(checkout.parent / "cache"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def last_words(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    return done.returncode, done.stderr.splitlines()[-1]


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    path = plant_pythons(checkout.parent / "old", "exit 1")
    code, words = last_words(serve(checkout, PATH=path))

    assert (1, "serve: Gatekey needs Python 3.11 or newer, and no such python3 is on the PATH.") == (code, words)


def test_a_python_without_its_venv_module_is_named(checkout: Path) -> None:
    path = plant_pythons(checkout.parent / "bare", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    code, words = last_words(serve(checkout, PATH=path))

    assert code == 1
    assert "lacks its venv module" in words


def test_a_cache_that_cannot_be_written_is_named(checkout: Path) -> None:
    occupied = checkout.parent / "occupied"
    occupied.touch()
    code, words = last_words(serve(checkout, GATEKEY_CACHE=str(occupied)))

    assert (1, f"serve: cannot write {occupied}: set GATEKEY_CACHE to a folder that can be written.") == (code, words)


def test_a_registry_that_does_not_answer_is_named_and_leaves_nothing_half_made(checkout: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
    code, words = last_words(serve(checkout, **nowhere))

    assert code == 1
    assert "Is a Python package registry reachable?" in words
    assert [] == list((checkout.parent / "cache").iterdir())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_script_is_valid_bash(script: Path) -> None:
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)  # noqa: S607 - the one on PATH runs them

    assert (0, "") == (done.returncode, done.stderr)


def pins(name: str) -> dict[str, str]:
    lines = (REPOSITORY / "requirements" / name).read_text().splitlines()
    pairs = (line.split(";")[0].rstrip(" \\").split("==") for line in lines if not line.startswith(" "))
    return {package: version.strip() for package, version in pairs}


@pytest.mark.parametrize(
    ("file", "tables"), [("locked.txt", ["groups", "product", "client"]), ("serve.txt", ["product"])]
)
def test_all_that_pyproject_asks_for_is_locked(file: str, tables: list[str]) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    served = {"server", "gateway"}
    lists = {
        "product": [project["project"]["dependencies"], *(extras[name] for name in served)],
        "client": [texts for name, texts in extras.items() if name not in served],
        "groups": list(project["dependency-groups"].values()),
    }
    asked = [Requirement(text) for table in tables for texts in lists[table] for text in texts if isinstance(text, str)]
    locked = pins(file)
    lost = [str(one) for one in asked if not one.specifier.contains(locked.get(one.name, "0"))]

    assert [] == lost, "scripts/lock --keep"


def test_what_serves_is_what_was_tested() -> None:
    locked = pins("locked.txt")

    assert [] == [name for name, version in pins("serve.txt").items() if locked.get(name) != version]
