"""`gatekey clients keys`: the public keys with which a client proves who it is, instead of a secret."""

import json
from pathlib import Path

import click

from gatekey.cli.key_ids import TakesKeyId
from gatekey.cli.opening import ACTOR, Refusal, data_options, find_client, opened
from gatekey.cli.output import print_json, print_table


@click.group()
def keys() -> None:
    """Add, list and remove the public keys of an API client (private_key_jwt)."""


@keys.command("add")
@click.argument("client")
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
    help="The public half: PEM, a JWK or a JWKS.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def add(config: Path | None, data: Path | None, client: str, file: Path, *, as_json: bool) -> None:
    """
    Register the public keys in FILE for CLIENT (client id or name) and print their ids, the `kid` of its
    assertions.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read: it is neither PEM nor JSON.") from error
    with opened(config, data) as installation:
        from gatekey.server.clients.model import Refused

        found = find_client(installation, client).client
        outcome = installation.client_keys.register(found.client_id, text, by=ACTOR)
        if isinstance(outcome, Refused):
            raise Refusal(outcome.public)
    if as_json:
        print_json([{"kid": key.key_id, "created": key.created.isoformat()} for key in outcome])
    else:
        click.echo("\n".join(f"Registered {key.key_id} for {found.name}." for key in outcome))


@keys.command("list")
@click.argument("client")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def list_(config: Path | None, data: Path | None, client: str, *, as_json: bool) -> None:
    """List the public keys of CLIENT (client id or name)."""
    with opened(config, data) as installation:
        found = find_client(installation, client).client
        registered = installation.client_keys.of_client(found.client_id)
    if as_json:
        print_json([{"created": key.created.isoformat(), **json.loads(key.jwk)} for key in registered])
        return
    if not registered:
        click.echo(f"{found.name} has no keys. Register one: gatekey clients keys add {found.name} --file public.pem")
        return
    jwks = [(key, json.loads(key.jwk)) for key in registered]
    rows = [(key.key_id, jwk.get("crv") or jwk["kty"], f"{key.created:%Y-%m-%d %H:%M}") for key, jwk in jwks]
    print_table(("KEY ID", "KIND", "REGISTERED (UTC)"), rows)


@keys.command("remove", cls=TakesKeyId)
@click.argument("client")
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def remove(  # noqa: PLR0913 - one parameter an option
    config: Path | None, data: Path | None, client: str, kid: str, *, yes: bool, as_json: bool
) -> None:
    """Remove the key KID of CLIENT and revoke the tokens that it got."""
    with opened(config, data) as installation:
        found = find_client(installation, client).client
        if not yes:
            click.confirm(f"Remove key {kid} of {found.name}? It gets no token from then on.", abort=True, err=True)
        if not installation.client_keys.remove(found.client_id, kid, by=ACTOR):
            raise Refusal(f"{found.name} has no key {kid!r}.")
    if as_json:
        print_json({"clientId": found.client_id, "kid": kid, "removed": True})
    else:
        click.echo(f"Removed key {kid} of {found.name}.")
