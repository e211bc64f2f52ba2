"""`gatekey clients update` and `delete`."""

import click

from gatekey.cli.clients.show import client_document, read_scopes
from gatekey.cli.durations import lifetime as lifetime_callback
from gatekey.cli.durations import span
from gatekey.cli.groups import Command
from gatekey.cli.naming import client_argument, cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm, find_client
from gatekey.oauth.vocabulary import in_order

WHICH = "Where the name is meant, if several clusters have it (name or id)."


@click.command(
    cls=Command,
    examples=("gatekey clients update my-app --scopes Zeebe,Operate", "gatekey clients update my-app --lifetime 30m"),
)
@client_argument()
@cluster_option(WHICH)
@click.option("--scopes", help="Comma-separated: the scopes that it has from now on. Tokens for lost ones are revoked.")
@click.option(
    "--lifetime",
    callback=lifetime_callback,
    metavar="DURATION",
    help="How long its tokens live: 30m, 12h; 0 for the usual.",
)
@administers()
def update(at: Invocation, client: str, cluster: str | None, scopes: str | None, lifetime: int | None) -> None:
    """Give CLIENT (client id or name) other scopes, or its tokens another lifetime."""
    if scopes is None and lifetime is None:
        raise click.UsageError("Say what changes: --scopes or --lifetime.")
    with at.opened() as installation:
        from gatekey.server.clients.model import Change

        found = find_client(installation, client, cluster).client
        wanted = None if scopes is None else read_scopes(scopes)
        outcome = installation.clients.change(found.client_id, scopes=wanted, lifetime=lifetime, by=ACTOR)
        if not isinstance(outcome, Change):
            raise Refusal("The client is gone: somebody deleted it just now." if outcome is None else outcome.public)
    changed, lost = outcome.client, list(in_order(outcome.lost))
    lives = f" Its tokens live {span(changed.lifetime) if changed.lifetime else 'as long as usual'}."
    said = f"Changed {found.name}: its scopes are {', '.join(in_order(changed.scopes))}."
    revoked = f"\nTokens for {', '.join(lost)} are revoked." if lost else ""
    at.answer({**client_document(changed), "lost": lost}, said + (lives if lifetime is not None else "") + revoked)


@click.command(cls=Command, examples=("gatekey clients delete my-app", "gatekey clients delete old-1 old-2 --yes"))
@client_argument(many=True)
@cluster_option(WHICH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def delete(at: Invocation, clients: tuple[str, ...], cluster: str | None, *, yes: bool) -> None:
    """Delete each CLIENT (client id or name): from then on it gets no token, and those it has are revoked."""
    with at.opened() as installation:
        # All are found before any is deleted: a mistyped name changes nothing.
        found = list(
            {one.client_id: one for one in (find_client(installation, c, cluster).client for c in clients)}.values()
        )
        named = [f"{client.name} ({client.client_id})" for client in found]
        confirm(
            f"Delete {', '.join(named)}? {'It gets' if len(found) == 1 else 'They get'} no token from then on.", yes=yes
        )
        for client in found:
            installation.clients.delete(client.client_id, by=ACTOR)
    documents = [{"name": client.name, "clientId": client.client_id, "deleted": True} for client in found]
    at.answer(documents if len(clients) > 1 else documents[0], "\n".join(f"Deleted {each}." for each in named))
