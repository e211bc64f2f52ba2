"""`gatekey secrets`: the cluster secrets that connectors read."""

import sys
from pathlib import Path

import click

from gatekey.cli.groups import CommandGroup
from gatekey.cli.naming import cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm, find_cluster

WHICH = "Name or id of the cluster; with one cluster only, it is that."


@click.group(cls=CommandGroup)
def secrets() -> None:
    """Set, list and delete the secrets of a cluster."""


@secrets.command(
    "set",
    examples=(
        "gatekey secrets set MAIL_PASSWORD --cluster local",
        "gatekey secrets set MAIL_PASSWORD --cluster local --value-file password.txt",
    ),
)
@click.argument("name")
@cluster_option(WHICH)
@click.option("--value-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read the value here.")
@administers()
def set_(at: Invocation, name: str, cluster: str | None, value_file: Path | None) -> None:
    """Set the secret NAME. The value is asked for, read from standard input, or from a file: never from an argument."""
    value = _read_value(value_file)
    with at.opened() as installation:
        owner = find_cluster(installation, cluster)
        refused = installation.clusters.set_secret(owner, name, value, by=ACTOR)
    if refused:
        raise Refusal(refused.public)
    at.answer({"cluster": owner.name, "name": name, "set": True}, f"Set {name} of {owner.name}.")


@secrets.command("list", examples=("gatekey secrets list --cluster local",))
@cluster_option(WHICH)
@administers()
def list_(at: Invocation, cluster: str | None) -> None:
    """List the names of a cluster's secrets; never their values."""
    with at.opened() as installation:
        owner = find_cluster(installation, cluster)
        names = [secret.name for secret in installation.clusters.secrets(owner)]
    at.answer(names, "\n".join(names) if names else f"{owner.name} has no secrets.")


@secrets.command("delete", examples=("gatekey secrets delete MAIL_PASSWORD --cluster local",))
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@cluster_option(WHICH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def delete(at: Invocation, names: tuple[str, ...], cluster: str | None, *, yes: bool) -> None:
    """Delete each secret NAME."""
    with at.opened() as installation:
        owner = find_cluster(installation, cluster)
        known = {secret.name for secret in installation.clusters.secrets(owner)}
        for name in names:
            if name not in known:
                raise Refusal(f"{owner.name} has no secret {name!r}.")
        confirm(f"Delete {', '.join(names)} of {owner.name}?", yes=yes)
        for name in names:
            installation.clusters.delete_secret(owner, name, by=ACTOR)
    documents = [{"cluster": owner.name, "name": name, "deleted": True} for name in names]
    text = "\n".join(f"Deleted {name} of {owner.name}." for name in names)
    at.answer(documents if len(names) > 1 else documents[0], text)


def _read_value(file: Path | None) -> str:
    if file is not None or not sys.stdin.isatty():
        raw = sys.stdin.buffer.read() if file is None else file.read_bytes()
        try:
            return raw.decode("utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            raise Refusal("The value is no text (UTF-8).", hint="Encode it first, for example as base64.") from error
    value: str = click.prompt("Value", hide_input=True, err=True)
    return value
