"""`gatekey restore`: an installation out of its backup."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekey.cli.backups.backup import read_passphrase
from gatekey.cli.opening import ACTOR, data_options, load_settings
from gatekey.cli.output import print_json

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


@click.command()
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def restore(  # noqa: PLR0913 - one parameter an option
    config: Path | None,
    data: Path | None,
    file: Path,
    passphrase_file: Path | None,
    lost: Path | None,
    *,
    as_json: bool,
) -> None:
    """
    Restore the backup FILE into a data folder that holds no installation.

    What changed after the backup is lost, and what was deleted or revoked after it is back, unless --lost says where
    that can still be read.
    """
    from gatekey.server.run.installation import external_key, folder_of
    from gatekey.server.storage.backups.restoring import RestoreRequest, restore_backup

    settings = load_settings(config, data=data)
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    request = RestoreRequest(file, folder_of(settings), external_key(settings), passphrase, lost)
    restored = restore_backup(request, by=ACTOR, now=time.time())
    made = datetime.fromtimestamp(restored.manifest.made, UTC)
    if as_json:
        print_json(
            {
                "data": str(restored.path),
                "installationId": restored.manifest.installation_id,
                "made": made.isoformat(timespec="seconds"),
                "clients": restored.clients,
                "keptGone": restored.kept_gone,
            }
        )
        return
    _tell(restored, made)


def _tell(restored: "Restored", made: datetime) -> None:
    click.echo(f"Restored {restored.clients:,} clients as of {made:%Y-%m-%d %H:%M} UTC into {restored.path}.")
    if restored.kept_gone is None:
        click.echo(WHAT_IS_BACK)
        return
    for what, number in restored.kept_gone.items():
        click.echo(f"Kept as they were last: {number:,} {KEPT_GONE[what]}.")
    if not restored.kept_gone:
        click.echo("Nothing was deleted, ended or revoked after that.")
