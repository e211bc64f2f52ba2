"""
Verifying the signature of a JWT with a client's public key.

Apart from `assertions`, which imports it at the first assertion: most installations never see one, and the library
costs 15 MB and a sixth of a second.
"""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

Header = Mapping[str, Any]


class _Registry(JWSRegistry):
    """
    Without the library's warning that `EdDSA` is now called `Ed25519` (RFC 9864): the client chose the word, not
    we.
    """

    def get_alg(self, name: str) -> Any:
        """Return the algorithm if it is allowed."""
        if name not in (self.allowed or ()) or name not in self.algorithms:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def read_header(assertion: str) -> Header | str:
    """Return the protected header of a compact JWS, or what is wrong with it."""
    try:
        header: Any = jws.extract_compact(assertion.encode()).headers()
    except (JoseError, ValueError, RecursionError) as error:
        return type(error).__name__
    if not isinstance(header, dict):
        return "header is no object"
    # RFC 7515 section 4.1.11: extensions must be understood, and we understand none.
    return "header with extensions" if {"crit", "b64"} & header.keys() else header


def read_claims(assertion: str, jwk: str, algorithms: tuple[str, ...]) -> Mapping[str, Any] | str:
    """Return the claims that the key of `jwk` (JSON text) signed, or what is wrong."""
    try:
        # Parsed here: from text the library would guess the kind of key, and take JSON for a shared secret.
        key = import_key(json.loads(jwk))
        return jwt.decode(assertion, key, registry=_Registry(algorithms=algorithms)).claims
    except (JoseError, ValueError, RecursionError) as error:
        return type(error).__name__
