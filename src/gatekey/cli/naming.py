"""Arguments and options that name clients and clusters; shells complete them from the installation."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.groups import Function
from gatekey.cli.opening import opened
from gatekey.errors import GatekeyError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gatekey.server.run.installation import Installation

MOST = 100
"""Names; a shell shows no more without asking."""


def client_argument(*, many: bool = False) -> Callable[[Function], Function]:
    """Add the argument CLIENT; `many` takes several, as `clients`."""
    return _argument("client", _clients, many=many)


def cluster_argument(*, many: bool = False) -> Callable[[Function], Function]:
    """Add the argument CLUSTER; `many` takes several, as `clusters`."""
    return _argument("cluster", _clusters, many=many)


def cluster_option(text: str) -> Callable[[Function], Function]:
    """Add the option `--cluster`."""
    return click.option("--cluster", metavar="CLUSTER", help=text, shell_complete=_completion(_clusters))


def client_option(text: str) -> Callable[[Function], Function]:
    """Add the option `--client`."""
    return click.option("--client", metavar="CLIENT", help=text, shell_complete=_completion(_clients))


def _argument(
    thing: str, names: "Callable[[Installation, str], Iterable[str]]", *, many: bool
) -> Callable[[Function], Function]:
    complete = _completion(names)
    if many:
        return click.argument(
            f"{thing}s", nargs=-1, required=True, metavar=f"{thing.upper()}...", shell_complete=complete
        )
    return click.argument(thing, shell_complete=complete)


def _completion(
    names: "Callable[[Installation, str], Iterable[str]]",
) -> "Callable[[click.Context, click.Parameter, str], list[CompletionItem]]":
    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem  # only a shell that completes needs it

        config, data = (context.params.get(name) for name in ("config", "data"))
        try:
            with opened(config and Path(config), data and Path(data)) as installation:
                return [CompletionItem(name) for name in names(installation, begun) if name.startswith(begun)]
        except GatekeyError:
            return []  # a shell that completes has no place for a message

    return complete


def _clusters(installation: "Installation", _begun: str) -> Iterable[str]:
    return [cluster.name for cluster in installation.clusters.all()]


def _clients(installation: "Installation", begun: str) -> Iterable[str]:
    from gatekey.server.clients.model import ClientQuery

    for cluster in installation.clusters.all():
        for listed in installation.clients.page(ClientQuery(cluster.cluster_id, begun, limit=MOST)):
            yield listed.client.name
