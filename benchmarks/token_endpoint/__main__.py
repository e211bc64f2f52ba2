"""
`python -m benchmarks.token_endpoint [--quick]`; `scripts/bench token_endpoint` installs what it needs first.
"""

import os
import platform
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import click
from cryptography.hazmat.backends.openssl import backend

from benchmarks.token_endpoint.measuring import measure, say
from benchmarks.token_endpoint.plan import FULL, QUICK, Cores
from benchmarks.token_endpoint.plot import picture
from benchmarks.token_endpoint.processes import has_ifma
from benchmarks.token_endpoint.report import PICTURE, Machine, page, tables
from benchmarks.token_endpoint.servers import Peers

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"


@click.command()
@click.option("--quick", is_flag=True, help="Show that it works, in about a minute; write no page.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), default=PAGES, help="Folder of the page.")
@click.option("--python-peers", type=click.Path(path_type=Path), help="Environment with the Python peers.")
@click.option("--node-peers", type=click.Path(path_type=Path), help="Folder with the Node.js peers.")
def main(*, quick: bool, output: Path, python_peers: Path | None, node_peers: Path | None) -> None:
    """
    Measure the token endpoint beside its core's signing limit and beside other token services.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise click.ClickException("this benchmark needs two cores: one for the server, one for the load")
    here = Cores(cores[0], cores[1])
    os.sched_setaffinity(0, {here.load})
    # An end from outside unwinds like any other: no server is left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    plan = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="gatekey-bench-") as folder:
        results = measure(plan, here, Peers(python_peers, node_peers), Path(folder))
    click.echo("\n".join(tables(results)))
    if not quick:
        output.mkdir(parents=True, exist_ok=True)
        (output / "benchmarks.md").write_text(page(results, _machine(python_peers, node_peers), plan))
        (output / PICTURE).write_text(picture(results))
        say("wrote benchmarks.md and its picture")


def _machine(python_peers: Path | None, node_peers: Path | None) -> Machine:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    versions = {
        "Python": platform.python_version(),
        "cryptography": version("cryptography"),
        "OpenSSL": backend.openssl_version_text().split()[1],
        "uvicorn": version("uvicorn"),
        **(_python_versions(python_peers) if python_peers else {}),
        **(_node_versions(node_peers) if node_peers else {}),
    }
    return Machine(facts.get("model name", platform.machine()), os.cpu_count() or 0, has_ifma(), versions)


def _python_versions(environment: Path) -> dict[str, str]:
    names = ["authlib", "flask", "gunicorn", "django", "django-oauth-toolkit"]
    program = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    told = _output(str(environment / "bin" / "python"), "-c", program, *names)
    return dict(zip(names, told.split(), strict=False))


def _node_versions(folder: Path) -> dict[str, str]:
    program = "console.log(require('oidc-provider/package.json').version)"
    return {
        "Node.js": _output("node", "--version").removeprefix("v"),
        "node-oidc-provider": _output("node", "-e", program, folder=folder),
    }


def _output(*command: str, folder: Path | None = None) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False).stdout.strip()


main()
