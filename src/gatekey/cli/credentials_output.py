"""Where new credentials go: a private file that appears whole or not at all, or the terminal."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from gatekey.cli.output import print_json
from gatekey.errors import ServiceError
from gatekey.oauth.credentials_file import FileFormat, render
from gatekey.oauth.secret_text import SecretText

Entries = tuple[tuple[str, SecretText | str], ...]


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
    form: FileFormat = FileFormat.ENV

    @classmethod
    def prepare(cls, path: Path | None, form: FileFormat) -> "CredentialsOutput":
        """Check that the file can be written later. Raises `ServiceError`: better now than with a secret in hand."""
        if path is None:
            return cls(None, form)
        if path.exists():
            raise ServiceError(f"{path} is there already.", hint="Choose another name; nothing was changed.")
        if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            raise ServiceError(f"{path} cannot be written.", hint="Check the folder; nothing was changed.")
        return cls(path, form)

    def present(self, shown: "NewCredentials", *, as_json: bool) -> None:
        """Write or print a new secret, this once. Raises `ServiceError` when it did not reach anybody."""
        text = render(shown.entries, self.form)
        if self.path is not None:
            self._write(self.path, text, shown)
        if as_json:
            print_json(shown.facts if self.path else {**shown.facts, "clientSecret": shown.secret.reveal()})
        elif self.path is not None:
            click.echo(f"{shown.done} The credentials are in {self.path}.")
        else:
            click.echo(text, nl=False)

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
            raise ServiceError(
                f"{shown.done} But {path} could not be written: {error.strerror}.",
                hint=f"Nobody has seen the secret: rotate it with gatekey clients secrets rotate {shown.client_id}",
            ) from error


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
