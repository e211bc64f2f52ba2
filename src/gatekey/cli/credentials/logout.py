"""`gatekey logout`: forget the tokens that are kept."""

import click

from gatekey.cli.credentials.asking import places_of
from gatekey.cli.groups import Command
from gatekey.client.cache.disk import DiskCache
from gatekey.client.config.settings import resolve


@click.command(
    cls=Command,
    short_help="Forget the tokens that are kept.",
    examples=("gatekey logout", "gatekey logout --env-file my-app.env"),
)
@click.option("--env-file", metavar="FILE", help="Forget only those of this credentials file's client.")
def logout(env_file: str | None) -> None:
    """
    Forget the tokens, and the refusals, that programs of this user share. The next program asks anew.

    A token that somebody holds stays good until it expires; to end a client's access, delete the client. What Camunda's
    Java and Go clients keep in ~/.camunda/credentials is theirs: a good token there is still used.
    """
    cache = DiskCache()
    if env_file is None:
        count = cache.forget(lambda _: True)
    else:
        settings = resolve(places_of(env_file)[:1])
        meant = (settings.token_url, settings.client_id)
        count = cache.forget(lambda record: (record.token_url, record.client_id) == meant)
    click.echo(f"Forgot {count} {'credential' if count == 1 else 'credentials'} in {cache.folder}.")
