"""Secrets on their way to standard output, or to a file that only its owner can read."""

from pathlib import Path

import click

from gatekey.cli.groups import Function
from gatekey.cli.opening import Refusal


def output_option(command: Function) -> Function:
    """Add the option `--output`."""
    return click.option(
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write to a file that only you can read (0600); - is standard output.",
    )(command)


def hand_over(secret: str, output: Path | None, done: str) -> None:
    """
    Print a secret, or write it to a file, whose old content goes, and say what was done. Raises `Refusal` where the
    file cannot be written.
    """
    if output is None or str(output) == "-":
        click.echo(secret)
        return
    from gatekey.client.cache.files import write

    try:
        write(output, f"{secret}\n".encode())
    except OSError as error:
        raise Refusal(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"{done} {output}. Only you can read it.", err=True)
