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


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """256 random bits; whoever has them and the database has everything."""

    _key: bytes

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose (HKDF, RFC 5869): one purpose's key tells nothing about another's."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"gatekey {purpose}".encode()).derive(self._key)


def read_master_key(text: str, source: str) -> MasterKey:
    """Return the key of its base64url text. Raises `ServiceError` that names the `source`, never the text."""
    try:
        raw = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
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


def create_master_key(path: Path) -> MasterKey:
    """Write a new key to the file (0600), durably: temp file, fsync, rename."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=")
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    return load_master_key(path)


def _words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is no text"
