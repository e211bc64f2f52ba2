"""
The shape of client ids and client secrets.

A client secret is `gks_` + secret id (10) + `.` + random part (43) + checksum (6): 64 characters of `[A-Za-z0-9._]`.
The prefix and the CRC-32 checksum let a scanner recognise a leaked secret offline and dismiss look-alikes; the id
inside lets the service find the one stored digest to compare, however many secrets are alive.
"""

import binascii
import string
from collections.abc import Callable
from dataclasses import dataclass

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
"""Base62: safe in shells, file names, headers, form bodies and HTTP Basic without any encoding."""

CLIENT_ID_LENGTH = 32
"""As long as the ids of Camunda SaaS. No `~`: Camunda's own role configuration rejects it."""

CLIENT_ID_CHARACTERS = frozenset(ALPHABET + "._~-")
"""What ids of Camunda SaaS may have too."""

SECRET_PREFIX = "gks_"  # noqa: S105 - a public marker, not a secret
SECRET_ID_LENGTH = 10
RANDOM_LENGTH = 43
"""62^43 > 2^256: a guess is hopeless, so a fast keyed digest is enough to store."""

CHECKSUM_LENGTH = 6
"""62^6 > 2^32: holds a CRC-32."""

SECRET_LENGTH = len(SECRET_PREFIX) + SECRET_ID_LENGTH + 1 + RANDOM_LENGTH + CHECKSUM_LENGTH
"""64, as long as the secrets of Camunda SaaS."""

Choose = Callable[[str], str]
"""Picks one character of the text it is given, as `secrets.choice` does."""


@dataclass(frozen=True, slots=True)
class SecretShape:
    """What can be read from a well-formed client secret without knowing anything: its id."""

    secret_id: str


def make_client_id(choose: Choose) -> str:
    """Return a new client id: 32 base62 characters (190 bits)."""
    return _random_text(choose, CLIENT_ID_LENGTH)


def make_secret_id(choose: Choose) -> str:
    """Return a new secret id: 10 base62 characters."""
    return _random_text(choose, SECRET_ID_LENGTH)


def make_secret(secret_id: str, choose: Choose) -> str:
    """Return a new client secret (64 characters) that carries `secret_id`."""
    body = f"{SECRET_PREFIX}{secret_id}.{_random_text(choose, RANDOM_LENGTH)}"
    return body + _checksum(body)


def read_secret(text: str) -> SecretShape | None:
    """Return the shape of a well-formed secret, or None where length, prefix, alphabet or checksum are wrong."""
    if len(text) != SECRET_LENGTH or not text.startswith(SECRET_PREFIX) or not text.isascii():
        return None
    body, checksum = text[:-CHECKSUM_LENGTH], text[-CHECKSUM_LENGTH:]
    secret_id, dot, random_part = body.removeprefix(SECRET_PREFIX).partition(".")
    if not dot or len(secret_id) != SECRET_ID_LENGTH or not (secret_id + random_part).isalnum():
        return None
    return SecretShape(secret_id) if checksum == _checksum(body) else None


def claimed_secret_id(text: str) -> str:
    """Return the id that a text carries if it is a secret; any ten characters or fewer if it is none."""
    return text[len(SECRET_PREFIX) : len(SECRET_PREFIX) + SECRET_ID_LENGTH]


def loggable_client_id(claimed: str) -> str:
    """Return a claimed client id as a log may hold it: people paste secrets into the wrong field."""
    too_long = len(claimed) > CLIENT_ID_LENGTH
    if too_long or claimed.startswith(SECRET_PREFIX) or not CLIENT_ID_CHARACTERS.issuperset(claimed):
        return "(not a client id)"
    return claimed


def _random_text(choose: Choose, length: int) -> str:
    return "".join(choose(ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number = binascii.crc32(body.encode("ascii"))
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits
