"""`gatekey secrets`: the cluster secrets that connectors read."""

import sys
from pathlib import Path

import click

from gatekey.cli.opening import ACTOR, Refusal, data_options, find_cluster, opened
from gatekey.cli.output import print_json


@click.group()
def secrets() -> None:
    """Set, list and delete the secrets of a cluster."""


@secrets.command("set")
@click.argument("name")
@click.option("--cluster", required=True, help="Name or id of the cluster.")
@click.option("--value-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read the value here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def set_(  # noqa: PLR0913 - one parameter an option
    config: Path | None, data: Path | None, name: str, cluster: str, value_file: Path | None, *, as_json: bool
) -> None:
    """Set the secret NAME. The value is asked for, read from standard input, or from a file: never from an argument."""
    value = _read_value(value_file)
    with opened(config, data) as installation:
        owner = find_cluster(installation, cluster)
        refused = installation.clusters.set_secret(owner, name, value, by=ACTOR)
    if refused:
        raise Refusal(refused.public)
    if as_json:
        print_json({"cluster": owner.name, "name": name, "set": True})
    else:
        click.echo(f"Set {name} of {owner.name}.")


@secrets.command("list")
@click.option("--cluster", required=True, help="Name or id of the cluster.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, cluster: str, *, as_json: bool) -> None:
    """List the names of a cluster's secrets; never their values."""
    with opened(config, data) as installation:
        owner = find_cluster(installation, cluster)
        names = [secret.name for secret in installation.clusters.secrets(owner)]
    if as_json:
        print_json(names)
    else:
        click.echo("\n".join(names) if names else f"{owner.name} has no secrets.")


@secrets.command("delete")
@click.argument("name")
@click.option("--cluster", required=True, help="Name or id of the cluster.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def delete(  # noqa: PLR0913 - one parameter an option
    config: Path | None, data: Path | None, name: str, cluster: str, *, yes: bool, as_json: bool
) -> None:
    """Delete the secret NAME."""
    with opened(config, data) as installation:
        owner = find_cluster(installation, cluster)
        if not yes:
            click.confirm(f"Delete {name} of {owner.name}?", abort=True, err=True)
        if not installation.clusters.delete_secret(owner, name, by=ACTOR):
            raise Refusal(f"{owner.name} has no secret {name!r}.")
    if as_json:
        print_json({"cluster": owner.name, "name": name, "deleted": True})
    else:
        click.echo(f"Deleted {name} of {owner.name}.")


def _read_value(file: Path | None) -> str:
    if file is not None or not sys.stdin.isatty():
        raw = sys.stdin.buffer.read() if file is None else file.read_bytes()
        try:
            return raw.decode("utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            raise Refusal("The value is no text (UTF-8).", hint="Encode it first, for example as base64.") from error
    value: str = click.prompt("Value", hide_input=True, err=True)
    return value
