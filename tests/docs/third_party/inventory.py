"""
What this repository fetches from package registries, as its lock files and scripts say.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
JAVA = REPOSITORY / "tests/real/java"
LOCK = "locked.txt"
"""Beside each pom.xml: what Maven made of it, for Maven itself locks nothing."""

KINDS = {"PyPI": "Python", "npm": "Node.js", "Maven": "Java", "Go": "Go", "Debian": "Debian"}


@dataclass(frozen=True, order=True)
class Artifact:
    """
    One version of one package of one registry; Debian's versions are those of the machine and stand for nothing here.
    """

    kind: str
    name: str
    version: str


def inventory() -> dict[Artifact, set[str]]:
    """
    Every artifact with the files that ask for it.
    """
    found: dict[Artifact, set[str]] = defaultdict(set)
    for file in _files():
        for artifact in _artifacts(file):
            found[artifact].add(str(file.relative_to(REPOSITORY)))
    return dict(found)


def stale_locks() -> list[Path]:
    """
    The locks in tests/real/java that belong to an older pom.xml, or are missing.
    """
    locks = [pom.with_name(LOCK) for pom in sorted(JAVA.glob("*/pom.xml"))]
    return [lock for lock in locks if not lock.exists() or lock.read_text().partition("\n")[0] != first_line(lock)]


def first_line(lock: Path) -> str:
    """
    What ties a lock to its pom.xml.
    """
    return f"# pom.xml: {hashlib.sha256(lock.with_name('pom.xml').read_bytes()).hexdigest()}"


def _files() -> Iterator[Path]:
    python = ("requirements/*.txt", "benchmarks/**/*.txt", "tests/real/python/*.txt")
    for pattern in (*python, f"tests/real/java/*/{LOCK}", "tests/**/go.mod"):
        yield from REPOSITORY.glob(pattern)
    for folder in ("requirements", "tests", "benchmarks"):
        yield from (REPOSITORY / folder).rglob("package-lock.json")
    yield from (file for file in (REPOSITORY / "scripts").iterdir() if file.is_file())
    yield from (REPOSITORY / ".ci/run", REPOSITORY / "tests/support/java.py")


def _artifacts(file: Path) -> Iterator[Artifact]:
    text = file.read_text()
    if file.name == "package-lock.json":
        return _of_npm(text)
    if file.name == LOCK and JAVA in file.parents:
        return _of_maven(text)
    if file.parent == REPOSITORY / "scripts" or file.name == "run":
        return _of_debian(text)
    kind, pattern = {
        ".mod": ("Go", r"^(?:require)?\s+([\w.-]+\.\w+/\S+) (v\S+)"),
        ".py": ("Maven", r'"(org\.apache\.maven\.plugins:[\w-]+):([\d.]+):'),
        ".txt": ("PyPI", r"^([\w.-]+)==([^\s;]+)"),
    }[file.suffix]
    return (Artifact(kind, *found) for found in re.findall(pattern, text, re.MULTILINE))


def _of_npm(lock: str) -> Iterator[Artifact]:
    for place, package in json.loads(lock)["packages"].items():
        if place:  # the empty place is the folder itself
            yield Artifact("npm", package.get("name", place.rpartition("node_modules/")[2]), package["version"])


def _of_maven(lock: str) -> Iterator[Artifact]:
    for line in lock.splitlines()[1:]:
        group, name, version = line.split(":")
        yield Artifact("Maven", f"{group}:{name}", version)


def _of_debian(script: str) -> Iterator[Artifact]:
    for line in script.replace("\\\n", " ").splitlines():
        asked = re.search(r"^\s*prepare_machine (.*)|install_packages ([a-z].*)", line)
        for name in re.findall(r"(?:\S+=|^)([a-z][\w.+-]+)", (asked[1] or asked[2]) if asked else ""):
            yield Artifact("Debian", name, "")
