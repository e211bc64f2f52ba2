"""`gatekey restore`: an installation out of its backup."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.backups.backup import read_passphrase
from gatekey.cli.groups import Command
from gatekey.cli.opening import ACTOR, Invocation, administers, load_settings

if TYPE_CHECKING:
    from gatekey.server.storage.backups.restoring import Restored

KEPT_GONE = {
    "clients": "deleted clients",
    "clusters": "deleted clusters",
    "scopes": "clients with changed scopes",
    "secrets": "ended secrets",
    "keys": "removed client keys",
    "signing keys": "retired signing keys",
    "revocations": "revocations",
    "assertions": "used assertions",
}

WHAT_IS_BACK = """\
What was deleted, ended or revoked after that is back, and works again. Before you start the service, look at
`gatekey clients list`, and delete or rotate what should not be there. Signed client assertions that were used in
the last ten minutes would be taken a second time: wait that long."""


@click.command(
    cls=Command,
    examples=("gatekey restore gatekey.backup --passphrase-file passphrase.txt --data restored",),
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="The passphrase under which the master key was put into the backup.",
)
@click.option(
    "--lost",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The data folder as it was last: what was deleted, ended or revoked there stays so.",
)
@administers()
def restore(at: Invocation, file: Path, passphrase_file: Path | None, lost: Path | None) -> None:
    """
    Restore the backup FILE into a data folder that holds no installation.

    What changed after the backup is lost, and what was deleted or revoked after it is back, unless --lost says where
    that can still be read.
    """
    from gatekey.server.run.installation import external_key, folder_of
    from gatekey.server.storage.backups.restoring import RestoreRequest, restore_backup

    settings = load_settings(at.config, data=at.data)
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    request = RestoreRequest(file, folder_of(settings), external_key(settings), passphrase, lost)
    restored = restore_backup(request, by=ACTOR, now=time.time())
    made = datetime.fromtimestamp(restored.manifest.made, UTC)
    document = {
        "data": str(restored.path),
        "installationId": restored.manifest.installation_id,
        "made": made.isoformat(timespec="seconds"),
        "clients": restored.clients,
        "keptGone": restored.kept_gone,
    }
    at.answer(document, lambda: _tell(restored, made))


def _tell(restored: "Restored", made: datetime) -> None:
    click.echo(f"Restored {restored.clients:,} clients as of {made:%Y-%m-%d %H:%M} UTC into {restored.path}.")
    if restored.kept_gone is None:
        click.echo(WHAT_IS_BACK)
        return
    for what, number in restored.kept_gone.items():
        click.echo(f"Kept as they were last: {number:,} {KEPT_GONE[what]}.")
    if not restored.kept_gone:
        click.echo("Nothing was deleted, ended or revoked after that.")
