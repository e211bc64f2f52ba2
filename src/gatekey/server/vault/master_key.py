"""The one secret outside the database: from it all others are derived."""

import base64
import binascii
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatekey.errors import ServiceError

KEY_BYTES = 32
"""256 bits, as much as AES-256-GCM and HMAC-SHA-256 can use."""

FILE_NAME = "master.key"

MARK = "installation"
"""The word before the installation's id, in the second line: the key of a database that is gone founds no new one."""


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """256 random bits; whoever has them and the database has everything."""

    _key: bytes

    def to_text(self) -> str:
        """Return the key as base64url: whoever reads that has everything."""
        return base64.urlsafe_b64encode(self._key).rstrip(b"=").decode("ascii")

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose (HKDF, RFC 5869): one purpose's key tells nothing about another's."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"gatekey {purpose}".encode()).derive(self._key)


def read_master_key(text: str, source: str) -> MasterKey:
    """Return the key in the first line, base64url. Raises `ServiceError` that names the `source`, never the text."""
    line = text.strip().partition("\n")[0].strip()
    try:
        raw = base64.urlsafe_b64decode(line + "=" * (-len(line) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ServiceError(
            f"{source} is no master key: 32 bytes in base64url are needed (43 characters).",
            hint="Without it nothing in the database can be opened; put it back from a backup.",
        )
    return MasterKey(raw)


def load_master_key(path: Path) -> MasterKey:
    """Return the key in the file."""
    try:
        return read_master_key(path.read_text(encoding="ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(
            f"The master key {path} cannot be read: {_words(error)}.",
            hint="Without it nothing in the database can be opened; put it back from a backup.",
        ) from error


def installation_of_key(path: Path) -> str | None:
    """Return the id of the installation that the key in the file belongs to; None where it was never noted."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    words = lines[1].split() if len(lines) > 1 else []
    return words[1] if len(words) == 2 and words[0] == MARK else None  # noqa: PLR2004 - the mark and the id


def create_master_key(path: Path) -> MasterKey:
    """Write a new key to the file."""
    key = MasterKey(secrets.token_bytes(KEY_BYTES))
    write_master_key(path, key, None)
    return key


def write_master_key(path: Path, key: MasterKey, installation_id: str | None) -> None:
    """Write a key, and whose it is, to the file (0600), durably: temporary file, fsync, rename."""
    lines = [key.to_text(), *([] if installation_id is None else [f"{MARK} {installation_id}"])]
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write("".join(f"{line}\n" for line in lines).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is no text"
