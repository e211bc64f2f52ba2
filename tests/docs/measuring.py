"""
Measures a source tree by its files, and what requests enter of ours by tracing them; `scripts/measure-house` prints it.
"""

import ast
import io
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_FILES = 12
PACKAGE = str(REPOSITORY / "src" / "gatekey")


def by_files(root: Path) -> dict[str, str]:
    """
    Return what the files of a checkout say.
    """
    trees = {path: ast.parse(path.read_text()) for path in sorted((root / "src").rglob("*.py"))}
    lines = {
        name: sum(len(path.read_text().splitlines()) for path in (root / name).rglob("*.py"))
        for name in ("src", "tests", "benchmarks")
    }
    docstrings, code = _docstring_lines(trees.values()), _code_lines(trees)
    types = Counter(
        node.name
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and path.name != "__init__.py"
    )
    folders = Counter(path.parent for path in trees if path.name != "__init__.py")
    return {
        **{f"lines of {name}": f"{number:,}" for name, number in lines.items()},
        "files of src": str(len(trees)),
        "docstring lines / code lines": f"{docstrings / code:.2f}",
        "public types": str(types.total()),
        "names of public types with two meanings": str(sum(number > 1 for number in types.values())),
        f"folders with over {MOST_FILES} files": str(sum(number > MOST_FILES for number in folders.values())),
    }


def _docstring_lines(trees: Any) -> int:
    found = 0
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Expr(value=ast.Constant(value=str())):
                    found += (node.end_lineno or 0) - node.lineno + 1
    return found


def _code_lines(trees: dict[Path, ast.Module]) -> int:
    lines = (line.strip() for path in trees for line in path.read_text().splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines) - _docstring_lines(trees.values())


def by_tracing() -> dict[str, str]:
    """
    Return how many modules and functions of ours a token request and a cold token of the library enter.
    """
    from gatekey import TokenSource
    from support.endpoint import Endpoint

    endpoint = Endpoint()
    source = TokenSource(**endpoint.options())
    return {
        "modules, calls of a token request": _token_request(),
        "modules, calls of a cold client token": _traced(source.token),
    }


def _token_request() -> str:
    from gatekey.server.api.oauth.endpoint import Head
    from gatekey.server.run.compose import compose, make_limits, open_directory
    from gatekey.server.run.limits.limiters import make_limiter
    from support.service import Memory, add_client, installed

    with tempfile.TemporaryDirectory() as folder, installed(Path(folder) / "data") as installation:
        created = add_client(installation, "traced")
        memory = Memory()
        limiter = make_limiter(installation.settings, installation.master, memory, _table(installation))
        directory = open_directory(installation)
        service = compose(installation, directory, memory, make_limits(installation.settings, limiter))
        endpoint = service.fast_path[b"/oauth/token"]
        form = {
            "client_id": created.client.client_id,
            "client_secret": created.secret.reveal(),
            "audience": "zeebe.camunda.io",
        }
        body = urlencode({"grant_type": "client_credentials", **form}).encode()
        headers = ((b"content-type", b"application/x-www-form-urlencoded"),)

        def request() -> None:
            answer, _ = endpoint.respond(endpoint.enter(Head("192.0.2.1", "POST", b"", headers)), body)
            assert 200 == answer.status, answer

        request()
        return _traced(request)


def _table(installation: Any) -> Path:
    from gatekey.server.limits.shared import SharedLimiter

    path: Path = installation.folder.limits_path
    SharedLimiter.create(path)
    return path


def _traced(work: Callable[[], object]) -> str:
    calls: Counter[str] = Counter()

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_filename] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return f"{len(calls)}, {calls.total()}"


def checked_out(revision: str, folder: str) -> Path:
    archive = subprocess.run(["git", "archive", revision], cwd=REPOSITORY, capture_output=True, check=True).stdout  # noqa: S607 - the developer's own git
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    return Path(folder)


def table(revision: str | None) -> Iterator[str]:
    now = by_files(REPOSITORY)
    yield f"| | {f'{revision} | ' if revision else ''}now |"
    yield f"|---|---|{'---|' if revision else ''}"
    before: dict[str, str] = {}
    if revision:
        with tempfile.TemporaryDirectory() as folder:
            before = by_files(checked_out(revision, folder))
    for name, value in {**now, **by_tracing()}.items():
        earlier = f"{before.get(name, '-')} | " if revision else ""
        yield f"| {name} | {earlier}{value} |"


if __name__ == "__main__":
    for line in table(sys.argv[1] if len(sys.argv) > 1 else None):
        print(line)  # noqa: T201 - a table is printed
