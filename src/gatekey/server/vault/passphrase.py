"""Sealing under a passphrase that a person keeps, for what leaves the machine."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gatekey.errors import ServiceError
from gatekey.server.vault.sealing import NONCE_BYTES

SALT_BYTES = 16
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
"""128 MiB and half a second for each guess: OWASP Password Storage Cheat Sheet, scrypt."""

SHORTEST_PASSPHRASE = 12
"""Characters; fewer are guessed in spite of scrypt."""


def seal_under(passphrase: str, clear: bytes, where: str) -> bytes:
    """Return salt, nonce and ciphertext, bound to their place. Raises `ServiceError` for a passphrase that is short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ServiceError(f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.")
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, clear, where.encode())


def open_under(passphrase: str, sealed: bytes, where: str) -> bytes:
    """Return what was sealed. Raises `ServiceError` under another passphrase or for changed bytes."""
    salt, nonce = sealed[:SALT_BYTES], sealed[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed[SALT_BYTES + NONCE_BYTES :], where.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
        raise ServiceError("The passphrase is another one, or the file was changed.") from error


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **SCRYPT).derive(passphrase.encode())
