"""From options and environment to settings, an opened installation, and what a command prints."""

import gc
import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatekey.cli.groups import Function
from gatekey.cli.output import print_field, print_json
from gatekey.errors import GatekeyError, ServiceError

if TYPE_CHECKING:
    from gatekey.server.clients.model import ListedClient
    from gatekey.server.clusters.model import Cluster
    from gatekey.server.run.installation import Installation
    from gatekey.server.settings import Settings


def _operating_system_user() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number that nobody has
        name = str(os.getuid())
    behind = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    return f"user {name} (sudo by {behind})" if behind and behind.isprintable() else f"user {name}"


ACTOR = _operating_system_user()
"""Who did it, in the audit: whoever runs the command has access to the data folder."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of a command that administers an installation: which one, and in which form it answers."""

    config: Path | None
    data: Path | None
    as_json: bool = False
    field: str | None = None

    @property
    def for_programs(self) -> bool:
        """Whether a program reads what is printed."""
        return self.as_json or self.field is not None

    @contextmanager
    def opened(self) -> "Iterator[Installation]":
        """Open the installation for this command. Raises `ServiceError` where there is none."""
        with opened(self.config, self.data) as installation:
            yield installation

    def answer(self, document: object, text: str | Callable[[], None]) -> None:
        """Print the document for programs, where they ask for it or for one value of it; else the text for people."""
        if self.field is not None:
            print_field(document, self.field)
        elif self.as_json:
            print_json(document)
        elif callable(text):
            text()
        else:
            click.echo(text)


def administers(*fields: str, prints_json: bool = True) -> Callable[[Function], Function]:
    """
    Make the options of a command that works on an installation, and pass it an `Invocation` first. `fields` are the
    names in its JSON of which one can be asked for alone.
    """

    def decorate(command: Function) -> Function:
        @wraps(command)
        def invoked(
            *, config: Path | None, data: Path | None, as_json: bool = False, field: str | None = None, **rest: Any
        ) -> Any:
            if as_json and field:
                raise click.UsageError("Choose one of --json and --field.")
            return command(Invocation(config, data, as_json, field), **rest)

        options = data_options(invoked)
        if fields:
            options = click.option(
                "--field", type=click.Choice(fields), metavar="NAME", help=f"Print one value: {', '.join(fields)}."
            )(options)
        if prints_json:
            options = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(options)
        return options  # type: ignore[return-value] # click calls it by the names of the options

    return decorate


def data_options(command: Function) -> Function:
    """Add the options that say which installation is meant."""
    command = click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")(command)
    return click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")(command)


def load_settings(config: Path | None, **flags: object) -> "Settings":
    """Return the settings from flags, environment and file. Raises `ConfigurationError`."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for them in all installed packages
    try:
        from gatekey.server.settings import read_settings
    except ModuleNotFoundError as error:
        raise ServiceError(
            f"This command needs the service, which is not installed ({error.name} is missing).",
            hint="From a checkout of Gatekey: pip install '.[server]'",
        ) from error
    named = config or (Path(os.environ["GATEKEY_CONFIG"]) if os.environ.get("GATEKEY_CONFIG") else None)
    given = {name: value for name, value in flags.items() if value is not None}
    return read_settings(given, os.environ, named)


@contextmanager
def making_what_stays() -> Iterator[None]:
    """
    Import without looking for garbage among what was imported: that takes a tenth of the start, and later would keep
    requests waiting.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def opened(config: Path | None, data: Path | None) -> "Iterator[Installation]":
    """Open the installation for one command. Raises `ServiceError` where there is none."""
    with making_what_stays():
        settings = load_settings(config, data=data)
        from gatekey.server.run.installation import open_installation

    installation = open_installation(settings)
    try:
        yield installation
    finally:
        installation.close()


def confirm(question: str, *, yes: bool) -> None:
    """Have a person agree, unless `--yes` did. Raises `click.Abort`."""
    if not yes:
        click.confirm(question, abort=True, err=True)


def find_cluster(installation: "Installation", name_or_id: str | None) -> "Cluster":
    """Return the cluster; without a name the only one there is. Raises `Refusal` that names those there are."""
    if name_or_id is not None:
        found = installation.clusters.find(name_or_id)
        if found is not None:
            return found
    known = installation.clusters.all()
    if name_or_id is None and len(known) == 1:
        return known[0]
    names = ", ".join(cluster.name for cluster in known)
    said = "Say which cluster: --cluster NAME." if name_or_id is None else f"There is no cluster {name_or_id!r}."
    raise Refusal(said, hint=f"Clusters: {names}.")


def find_client(installation: "Installation", name_or_id: str, cluster: str | None = None) -> "ListedClient":
    """
    Return the client with this id, or with this name where only one cluster, or the one that is named, has it. Raises
    `Refusal`.
    """
    owner = None if cluster is None else find_cluster(installation, cluster)
    listed = installation.clients.find(name_or_id)
    found = [listed] if listed is not None else [
        each for each in installation.clients.called(name_or_id) if each.client.name == name_or_id
    ]  # fmt: skip
    if owner is not None:
        found = [each for each in found if each.client.cluster_id == owner.cluster_id]
    if len(found) > 1:
        raise Refusal(f"Several clusters have a client {name_or_id!r}.", hint="Name one with --cluster, or use its id.")
    if not found:
        where = f" in the cluster {owner.name!r}" if owner else ""
        raise Refusal(f"There is no client {name_or_id!r}{where}.", hint="See gatekey clients list.")
    return found[0]


class Refusal(GatekeyError):
    """What was asked for was not done, for a reason that the caller can mend."""

    code = "refused"
