"""`gatekey backup`: one file that holds the installation, made while it runs."""

import time
from pathlib import Path

import click

from gatekey.cli.groups import Command
from gatekey.cli.opening import Invocation, Refusal, administers


def read_passphrase(file: Path) -> str:
    """Return the first line of a file. Raises `Refusal`."""
    try:
        with file.open(encoding="utf-8") as text:
            return text.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read as a passphrase.") from error


@click.command(
    cls=Command,
    examples=("gatekey backup gatekey.backup", "gatekey backup gatekey.backup --passphrase-file passphrase.txt"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="Put the master key into the backup, sealed under the passphrase in this file's first line.",
)
@administers("file", "bytes", "installationId")
def backup(at: Invocation, file: Path, passphrase_file: Path | None) -> None:
    """
    Write a backup of the installation to the new FILE (mode 0600); the service may run.

    Without a passphrase the master key is not in it: keep that apart, since without it nothing sealed can be opened.
    """
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    with at.opened() as installation:
        from gatekey.server.storage.backups.making import make_backup

        target = file.expanduser().absolute()
        manifest = make_backup(installation.folder, installation.master, target, passphrase=passphrase, now=time.time())
        kept_apart = installation.folder.master_key_path
    size = target.stat().st_size
    document = {
        "file": str(target),
        "bytes": size,
        "installationId": manifest.installation_id,
        "withMasterKey": passphrase is not None,
    }
    key = ""
    if passphrase is not None:
        key = "\nThe master key is in it, sealed under the passphrase."
    elif kept_apart.exists():
        key = f"\nThe master key is not in it: keep a copy of {kept_apart} in another place."
    at.answer(document, f"Wrote {target} ({size:,} bytes).{key}")
