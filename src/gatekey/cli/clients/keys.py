"""`gatekey clients keys`: the public keys with which a client proves who it is, instead of a secret."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.clients.change import WHICH
from gatekey.cli.groups import CommandGroup
from gatekey.cli.naming import client_argument, cluster_option
from gatekey.cli.opening import ACTOR, Invocation, Refusal, administers, confirm, find_client
from gatekey.cli.output import Column, print_table
from gatekey.cli.tokens.key_ids import TakesKeyId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatekey.server.clients.model import Client, ClientKey


@click.group(cls=CommandGroup)
def keys() -> None:
    """Add, list and remove the public keys of an API client (private_key_jwt)."""


@keys.command("add", examples=("gatekey clients keys add my-app --file public.pem",))
@client_argument()
@cluster_option(WHICH)
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="The public half: PEM, a JWK or a JWKS.",
)  # fmt: skip
@administers("kid", "created")
def add(at: Invocation, client: str, cluster: str | None, file: Path) -> None:
    """
    Register the public keys in FILE for CLIENT (client id or name) and print their ids, the `kid` of its
    assertions.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read: it is neither PEM nor JSON.") from error
    with at.opened() as installation:
        from gatekey.server.clients.model import Refused

        found = find_client(installation, client, cluster).client
        outcome = installation.client_keys.register(found.client_id, text, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
    documents = [{"kid": key.key_id, "created": key.created.isoformat()} for key in outcome]
    at.answer(documents, "\n".join(f"Registered {key.key_id} for {found.name}." for key in outcome))


@keys.command("list", examples=("gatekey clients keys list my-app", "gatekey clients keys list my-app --field kid"))
@client_argument()
@cluster_option(WHICH)
@administers("kid", "created")
def list_(at: Invocation, client: str, cluster: str | None) -> None:
    """List the public keys of CLIENT (client id or name)."""
    with at.opened() as installation:
        found = find_client(installation, client, cluster).client
        registered = installation.client_keys.of_client(found.client_id)
    documents = [{"created": key.created.isoformat(), **json.loads(key.jwk)} for key in registered]
    at.answer(documents, lambda: _print(found, registered))


def _print(client: "Client", registered: "Sequence[ClientKey]") -> None:
    if not registered:
        click.echo(f"{client.name} has no keys. Register one: gatekey clients keys add {client.name} --file public.pem")
        return
    jwks = [(key, json.loads(key.jwk)) for key in registered]
    rows = [(key.key_id, jwk.get("crv") or jwk["kty"], f"{key.created:%Y-%m-%d %H:%M}") for key, jwk in jwks]
    print_table((Column("KEY ID", whole=True), "KIND", "REGISTERED (UTC)"), rows)


@keys.command("remove", cls=TakesKeyId, examples=("gatekey clients keys remove my-app KID",))
@client_argument()
@click.argument("kid")
@cluster_option(WHICH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@administers()
def remove(at: Invocation, client: str, kid: str, cluster: str | None, *, yes: bool) -> None:
    """Remove the key KID of CLIENT and revoke the tokens that it got."""
    with at.opened() as installation:
        found = find_client(installation, client, cluster).client
        confirm(f"Remove key {kid} of {found.name}? It gets no token from then on.", yes=yes)
        if not installation.client_keys.remove(found.client_id, kid, by=ACTOR):
            raise Refusal(f"{found.name} has no key {kid!r}.")
    document = {"clientId": found.client_id, "kid": kid, "removed": True}
    at.answer(document, f"Removed key {kid} of {found.name}.")
