"""Reading public keys that somebody hands us: PEM, JWK or JWKS."""

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gatekey.server.clients.model import Refused

SMALLEST_RSA = 2048
"""Bits (RFC 7518 section 3.3)."""

LARGEST_RSA = 8192
"""Bits; beyond it one verification would hold up every token request for milliseconds."""

KID_LIMIT = 200
"""Characters; with it the header of an assertion stays below the 512 bytes that are read of one."""

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
"""By JWK name (RFC 7518 section 6.2.1.1)."""

OKP_KINDS = {"Ed25519": ed25519.Ed25519PublicKey.from_public_bytes}
"""RFC 8037 section 2; X25519 signs nothing, and no client of ours has Ed448."""

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1."""

ESSENTIAL = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""RFC 7638 section 3.2, RFC 8037 section 2."""

Jwk = dict[str, str]


def read_public_keys(text: str) -> tuple[Jwk, ...] | Refused:
    """Return the keys as JWKs with a `kid` each; refuse private, symmetric, weak and unreadable ones."""
    try:
        found = (_from_pem(text),) if "-----BEGIN" in text else _from_json(text)
    except _NotAKey as refusal:
        return Refused(str(refusal), "public key not accepted")
    if len({key["kid"] for key in found}) != len(found):
        return Refused("Two of the keys have the same kid.", "public key not accepted")
    return found


class _NotAKey(Exception):
    """Says what is wrong with a key."""


def _from_pem(text: str) -> Jwk:
    if "PRIVATE" in text:
        raise _NotAKey("This is a private key: keep it, and register its public half.")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _NotAKey("The PEM holds no public key.") from None
    return _named(_as_jwk(key))


def _from_json(text: str) -> tuple[Jwk, ...]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _NotAKey("This is neither PEM nor JSON.") from None
    keys = value.get("keys", [value]) if isinstance(value, dict) else None
    if not isinstance(keys, list) or not keys:
        raise _NotAKey("This is no JWK and no JWKS.")
    return tuple(_from_jwk(key) for key in keys)


def _from_jwk(key: Any) -> Jwk:
    if not isinstance(key, dict) or key.get("kty") not in list(ESSENTIAL):
        raise _NotAKey("A key is neither RSA, EC nor OKP.")
    if PRIVATE_MEMBERS & key.keys():
        raise _NotAKey("This is a private key: keep it, and register its public half.")
    essential = {name: key.get(name) for name in ESSENTIAL[key["kty"]]}
    kid = key.get("kid")
    if not all(isinstance(value, str) for value in essential.values()) or not isinstance(kid, str | None):
        raise _NotAKey("A key lacks a member, or one is no string.")
    if kid and (len(kid) > KID_LIMIT or not kid.isprintable()):
        raise _NotAKey(f"A kid is one line of at most {KID_LIMIT} characters.")
    checked = _as_jwk(_load(essential))
    return {**checked, "kid": kid} if kid else _named(checked)


def _load(jwk: dict[str, Any]) -> Any:
    try:
        match jwk["kty"]:
            case "RSA":
                return rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()
            case "EC":
                point = _integer(jwk["x"]), _integer(jwk["y"])
                return ec.EllipticCurvePublicNumbers(*point, CURVES[jwk["crv"]]).public_key()
            case _:
                return OKP_KINDS[jwk["crv"]](_bytes(jwk["x"]))
    except (ValueError, KeyError):
        raise _NotAKey("A key's numbers make no key.") from None


def _as_jwk(key: Any) -> Jwk:
    if isinstance(key, rsa.RSAPublicKey):
        if not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
            raise _NotAKey(f"An RSA key has {SMALLEST_RSA} to {LARGEST_RSA} bits.")
        numbers = key.public_numbers()
        return {"kty": "RSA", "e": _text(numbers.e), "n": _text(numbers.n)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = next((name for name, curve in CURVES.items() if curve.name == key.curve.name), None)
        size = (key.key_size + 7) // 8  # RFC 7518 section 6.2.1.2: leading zeros stay
        point = key.public_numbers()
        if name is not None:
            return {"kty": "EC", "crv": name, "x": _text(point.x, size), "y": _text(point.y, size)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _encode(key.public_bytes_raw())}
    raise _NotAKey("Keys are RSA, EC on P-256, P-384 or P-521, or Ed25519.")


def _named(jwk: Jwk) -> Jwk:
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return {**jwk, "kid": _encode(hashlib.sha256(canonical).digest())}


def _integer(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(number: int, size: int | None = None) -> str:
    return _encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
