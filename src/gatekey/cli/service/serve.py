"""`gatekey serve`: the service and the gateway."""

import contextlib
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import data_options, load_settings, making_what_stays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation


MOST_CLUSTERS = 5
"""Named at the start; the console shows the others."""


@click.command(
    cls=Command,
    examples=("gatekey serve", "gatekey serve --http 0.0.0.0:8400 --public-url https://gatekey.example.org"),
)
@data_options
@click.option("--http", metavar="HOST:PORT", help="Where the service listens.  [default: localhost:8400]")
@click.option("--gateway", metavar="HOST:PORT", help="Where the gateway listens.  [default: localhost:26600]")
@click.option("--public-url", metavar="URL", help="URL under which clients reach the service; the tokens' issuer.")
@click.option(
    "--tls",
    type=click.Choice(["off", "auto"]),
    help="auto: TLS on both ports, by a certificate authority of this installation.  [default: off]",
)
@click.option("--domain", help="Own base domain, for addresses and audiences as in Camunda SaaS.")
@click.option("--zeebe-grpc", metavar="HOST:PORT", help="Zeebe gRPC address of the first cluster, at the first start.")
@click.option("--zeebe-rest", metavar="URL", help="Zeebe REST URL of the first cluster, at the first start.")
@click.option("--demo", type=click.Choice(["on", "off"]), help="Run a demo cluster beside the service.  [default: on]")
@click.option("--no-gateway", is_flag=True, help="Run without Envoy: tokens, console and Secrets API only.")
def serve(config: Path | None, *, no_gateway: bool, **flags: object) -> None:
    """
    Run the service and the gateway until Ctrl-C.

    The first start creates the data folder: an embedded database, a master key, a signing key, an organisation, and a
    cluster named "local"; beside it one named "demo", whose upstream the service runs itself. Every setting can also
    stand in the environment (GATEKEY_*) or in a TOML file.
    """
    with making_what_stays():
        settings = load_settings(config, **flags)
        from gatekey.server.run.installation import open_installation
        from gatekey.server.run.service import serve as run

    installation = open_installation(settings, create=True)
    if installation.is_new:
        from gatekey.server.run.demo import add_demo_cluster

        add_demo_cluster(installation, settings)
    try:
        run(installation, with_gateway=not no_gateway, on_ready=lambda: _welcome(installation, gateway=not no_gateway))
    finally:
        installation.close()


def _welcome(installation: "Installation", *, gateway: bool) -> None:
    """Print what a newcomer needs next."""
    site = installation.site
    from gatekey.server.run.demo import demo_cluster

    clusters = installation.clusters.all()
    demo = demo_cluster(installation) if gateway else None
    cluster = demo or clusters[0]
    command = _own_name(installation)
    rest = f"{'https' if site.tls else 'http'}://{site.gateway}/v2/topology"
    curl = f"curl --cacert {_shortest(Path(site.authority))}" if site.authority else "curl"
    steps = [
        ("Console", _way_in(installation, command)),
        (
            "Create a client",
            f"{command} clients create my-app --cluster {cluster.name} --scopes Zeebe --output my-app.env",
        ),
        ("Get a token", f"{command} token --env-file my-app.env"),
        (
            "Call Zeebe",
            f"{command} token --env-file my-app.env --header | {curl} --header @- {rest}"
            if gateway
            else "the gateway is off (--no-gateway)",
        ),
    ]
    steps += _upstreams(clusters, demo)
    if site.authority:
        steps.append(("Trust", f"programs on this machine need the certificate authority {site.authority}"))
    head = f"Gatekey is ready: {site.public_url}" + (f", gateway {site.gateway}" if gateway else "")
    data = f"Data is in {installation.folder.path}. Ctrl-C ends it."
    lines = [head, data, "", *(f"  {name:<16} {text}" for name, text in steps), ""]
    # One piece: whoever reads only the first lines and leaves must not end the service.
    with contextlib.suppress(BrokenPipeError):
        click.echo("\n".join(lines))


def _upstreams(clusters: "Sequence[Cluster]", demo: "Cluster | None") -> list[tuple[str, str]]:
    """Say of each cluster whether anything answers where it is expected."""
    from gatekey.server.run.upstreams import silent_upstreams

    shown = [cluster for cluster in clusters if cluster != demo][:MOST_CLUSTERS]
    lines = []
    if demo:
        lines.append((f"Cluster {demo.name}", "a small engine for trying, run by this service: not Camunda"))
    for cluster, silent in zip(shown, silent_upstreams(shown).values(), strict=True):
        places = f"{cluster.grpc_upstream} (gRPC) and {cluster.rest_upstream} (REST)"
        words = f"nothing answers at {' and '.join(silent)}" if silent else f"answers at {places}"
        lines.append((f"Cluster {cluster.name}", words))
    return lines


def _way_in(installation: "Installation", command: str) -> str:
    if installation.sign_in.owner_has_signed_in():
        return f"{installation.site.public_url}   (a new sign-in link: {command} sign-in)"
    key = installation.sign_in.issue_link()
    return f"{installation.site.public_url}/sign-in/{key}   (works once, within an hour)"


def _own_name(installation: "Installation") -> str:
    """Return what to type for this command line, with the folder where it is not the default one."""
    from gatekey.server.settings import Settings

    path = Path(sys.argv[0]).absolute()
    found = shutil.which("gatekey")
    name = "gatekey" if found and Path(found).absolute() == path else shlex.quote(_shortest(path))
    if installation.folder.path == Settings().data.expanduser().absolute():
        return name
    return f"GATEKEY_DATA={shlex.quote(_shortest(installation.folder.path))} {name}"


def _shortest(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
