"""
Whether a token's signature is good.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

P256_BYTES = 32


def check_token(token: str, keys: Iterable[Mapping[str, Any]]) -> str:
    """
    Return the algorithm (RFC 7518 section 3.1) of a compact JWS that one of the JWKs made. Raises ValueError otherwise.
    """
    signed, _, signature = token.rpartition(".")
    algorithm = str(json.loads(_decode(signed.partition(".")[0]))["alg"])
    for key in keys:
        try:
            _verify(key, algorithm, signed.encode(), _decode(signature))
        except (InvalidSignature, KeyError):
            continue
        return algorithm
    raise ValueError(f"no published key made this {algorithm} signature")


def _verify(jwk: Mapping[str, Any], algorithm: str, message: bytes, signature: bytes) -> None:
    match algorithm:
        case "RS256":
            numbers = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"]))
            numbers.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        case "ES256":
            point = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1())
            halves = (int.from_bytes(half, "big") for half in (signature[:P256_BYTES], signature[P256_BYTES:]))
            point.public_key().verify(utils.encode_dss_signature(*halves), message, ec.ECDSA(hashes.SHA256()))
        case "EdDSA":
            ed25519.Ed25519PublicKey.from_public_bytes(_decode(jwk["x"])).verify(signature, message)
        case _:
            raise ValueError(f"the token is signed by {algorithm}")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_decode(text), "big")
