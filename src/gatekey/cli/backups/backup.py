"""`gatekey backup`: one file that holds the installation, made while it runs."""

import time
from pathlib import Path

import click

from gatekey.cli.opening import Refusal, data_options, opened
from gatekey.cli.output import print_json


def read_passphrase(file: Path) -> str:
    """Return the first line of a file. Raises `Refusal`."""
    try:
        with file.open(encoding="utf-8") as text:
            return text.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read as a passphrase.") from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="Put the master key into the backup, sealed under the passphrase in this file's first line.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_options
def backup(config: Path | None, data: Path | None, file: Path, passphrase_file: Path | None, *, as_json: bool) -> None:
    """
    Write a backup of the installation to the new FILE (mode 0600); the service may run.

    Without a passphrase the master key is not in it: keep that apart, since without it nothing sealed can be opened.
    """
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    with opened(config, data) as installation:
        from gatekey.server.storage.backups.making import make_backup

        target = file.expanduser().absolute()
        manifest = make_backup(installation.folder, installation.master, target, passphrase=passphrase, now=time.time())
        kept_apart = installation.folder.master_key_path
    size = target.stat().st_size
    if as_json:
        print_json(
            {
                "file": str(target),
                "bytes": size,
                "installationId": manifest.installation_id,
                "withMasterKey": passphrase is not None,
            }
        )
        return
    click.echo(f"Wrote {target} ({size:,} bytes).")
    if passphrase is not None:
        click.echo("The master key is in it, sealed under the passphrase.")
    elif kept_apart.exists():
        click.echo(f"The master key is not in it: keep a copy of {kept_apart} in another place.")
