"""Where new credentials go: a private file that appears whole or not at all, or standard output."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from gatekey.cli.groups import Function
from gatekey.cli.opening import Invocation
from gatekey.errors import ServiceError
from gatekey.oauth.credentials_file import FileFormat, render
from gatekey.oauth.secret_text import SecretText

Entries = tuple[tuple[str, SecretText | str], ...]


def credentials_options(command: Function) -> Function:
    """Add the options that say where new credentials go, and how they are written."""
    command = click.option(
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the credentials to this new file, which only you can read (0600); - is standard output.",
    )(command)
    return click.option(
        "--format",
        "form",
        type=click.Choice([form.value for form in FileFormat]),
        default="env",
        show_default=True,
        help="Lines for a shell (env), for docker --env-file (dotenv) or for PowerShell.",
    )(command)


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """
    A secret that was just made: the file's `entries`, what JSON tells besides, and a sentence that says what was
    done.
    """

    client_id: str
    secret: SecretText
    entries: Entries
    facts: Mapping[str, object]
    done: str


NAMELESS_UNKNOWN = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.EXDEV})
"""What file systems and kernels answer that cannot write a file without a name (open(2), O_TMPFILE)."""

O_TMPFILE: int = getattr(os, "O_TMPFILE", os.O_DIRECTORY)
"""Linux only; elsewhere a flag with which opening a folder for writing fails (EISDIR)."""


@dataclass(frozen=True, slots=True)
class CredentialsOutput:
    """A file that does not exist yet, checked before anything is changed; None means that nothing is written."""

    path: Path | None
    form: FileFormat
    invocation: Invocation

    @classmethod
    def prepare(cls, path: Path | None, form: FileFormat, invocation: Invocation) -> "CredentialsOutput":
        """Check that the file can be written later. Raises `ServiceError`: better now than with a secret in hand."""
        if path is None or str(path) == "-":
            return cls(None, form, invocation)
        if path.exists():
            raise ServiceError(f"{path} is there already.", hint="Choose another name; nothing was changed.")
        if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ServiceError(f"{path} cannot be written.", hint="Check the folder; nothing was changed.")
        if invocation.field == "clientSecret":
            raise click.UsageError("The secret goes to the file: choose one of --output and --field clientSecret.")
        return cls(path, form, invocation)

    def present(self, shown: "NewCredentials") -> None:
        """Write or print a new secret, this once. Raises `ServiceError` when it did not reach anybody."""
        text = render(shown.entries, self.form)
        if self.path is not None:
            self._write(self.path, text, shown)
            self.invocation.answer(shown.facts, f"{shown.done} The credentials are in {self.path}.")
            return
        try:
            self.invocation.answer({**shown.facts, "clientSecret": shown.secret.reveal()}, text.removesuffix("\n"))
        except OSError as error:
            raise _unseen(shown, "the credentials could not be printed", error) from error

    def _write(self, path: Path, text: str, shown: "NewCredentials") -> None:
        """
        Write the file durably (0600): temp file, fsync, link. Raises `ServiceError` and leaves nothing half-
        written.
        """
        target = path.absolute()
        try:
            try:
                _write_nameless(target, text)
            except OSError as error:
                if error.errno not in NAMELESS_UNKNOWN:
                    raise
                _write_named(target, text)
            _sync_folder(target.parent)
        except OSError as error:
            raise _unseen(shown, f"{path} could not be written", error) from error


def _unseen(shown: NewCredentials, what: str, error: OSError) -> ServiceError:
    return ServiceError(
        f"{shown.done} But {what}: {error.strerror}.",
        hint=f"Nobody has seen the secret: rotate it with gatekey clients secrets rotate {shown.client_id}",
    )


def _write_nameless(target: Path, text: str) -> None:
    # The file gets its name last: a process that is killed before leaves no second copy of the secret.
    with os.fdopen(os.open(target.parent, O_TMPFILE | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        # With a folder descriptor, which an absolute path does not use, Python calls linkat with AT_SYMLINK_FOLLOW.
        os.link(f"/proc/self/fd/{file.fileno()}", target, src_dir_fd=file.fileno())


def _write_named(target: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, target)  # unlike a rename it never replaces a file that came in between
    finally:
        Path(temporary).unlink()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot; the file itself is on disk
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
