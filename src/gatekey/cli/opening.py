"""From options and environment to settings and an opened installation."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gatekey.errors import GatekeyError, ServiceError

if TYPE_CHECKING:
    from gatekey.server.clients.model import ListedClient
    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation
    from gatekey.server.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

ACTOR = "command line"
"""Who did it, in the audit, when it was done by somebody with access to the data folder."""


def data_options(command: Command) -> Command:
    """Add the options that say which installation is meant."""
    command = click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")(command)
    return click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")(command)


def load_settings(config: Path | None, **flags: object) -> "Settings":
    """Return the settings from flags, environment and file. Raises `ConfigurationError`."""
    try:
        from gatekey.server.settings import read_settings
    except ModuleNotFoundError as error:
        raise ServiceError(
            f"This command needs the service, which is not installed ({error.name} is missing).",
            hint="Run pip install 'gatekey[server]'.",
        ) from error
    named = config or (Path(os.environ["GATEKEY_CONFIG"]) if os.environ.get("GATEKEY_CONFIG") else None)
    given = {name: value for name, value in flags.items() if value is not None}
    return read_settings(given, os.environ, named)


@contextmanager
def opened(config: Path | None, data: Path | None) -> "Iterator[Installation]":
    """Open the installation for one command. Raises `ServiceError` where there is none."""
    settings = load_settings(config, data=data)
    from gatekey.server.run.installation import open_installation

    installation = open_installation(settings)
    try:
        yield installation
    finally:
        installation.close()


def find_cluster(installation: "Installation", name_or_id: str) -> "Cluster":
    """Return the cluster. Raises `Refusal` that names those there are."""
    cluster = installation.clusters.find(name_or_id)
    if cluster is None:
        names = ", ".join(known.name for known in installation.clusters.all())
        raise Refusal(f"There is no cluster {name_or_id!r}.", hint=f"Clusters: {names}.")
    return cluster


def find_client(installation: "Installation", name_or_id: str) -> "ListedClient":
    """Return the client with this id, or with this name where only one cluster has it. Raises `Refusal`."""
    listed = installation.clients.find(name_or_id)
    if listed is not None:
        return listed
    named = [listed for listed in installation.clients.called(name_or_id) if listed.client.name == name_or_id]
    if len(named) > 1:
        raise Refusal(f"Several clusters have a client {name_or_id!r}.", hint="Use its client id.")
    if not named:
        raise Refusal(f"There is no client {name_or_id!r}.", hint="See gatekey clients list.")
    return named[0]


class Refusal(GatekeyError):
    """What was asked for was not done, for a reason that the caller can mend."""

    code = "refused"
