"""Encrypting what the database keeps for others: signing keys and cluster secrets."""

import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatekey.errors import StorageUnavailable

NONCE_BYTES = 12
"""The nonce length AES-GCM is specified for (NIST SP 800-38D section 5.2.1.1)."""


@dataclass(frozen=True, slots=True, repr=False)
class Seal:
    """AES-256-GCM under one key. What is sealed is bound to its place (`where`), so rows cannot be swapped."""

    _key: bytes

    def close(self, clear: bytes, where: str) -> bytes:
        """Return nonce and ciphertext."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, clear, where.encode())

    def open(self, sealed: bytes, where: str) -> bytes:
        """Return what was sealed. Raises `StorageUnavailable` under another key or for changed bytes."""
        try:
            return AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise StorageUnavailable(
                "A sealed value of the database does not open: another master key, or it was changed.",
                hint="Start with the master key that belongs to this data folder (master.key or GATEKEY_MASTER_KEY).",
            ) from error
