"""
The tokens of the measured calls, as Gatekey's own.
"""

import json
import time
import uuid
from typing import Any

from joserfc import jwk, jwt

from gatekey.oauth.vocabulary import CLUSTER_CLAIM, CREDENTIAL_CLAIM

ISSUER = "http://localhost:8400"
DOMAIN = "camunda.io"


class Issuer:
    """
    Signs tokens with one key.
    """

    def __init__(self) -> None:
        self._key = jwk.RSAKey.generate_key(2048, {"kid": "bench", "alg": "RS256", "use": "sig"})

    @property
    def keys(self) -> str:
        """
        The key set, as JSON.
        """
        return json.dumps({"keys": [self._key.as_dict(private=False)]})

    @property
    def pem(self) -> str:
        """
        The public key, for proxies that know no key sets.
        """
        return self._key.as_pem(private=False).decode()

    def token(self, cluster_id: str) -> str:
        """
        Return a token for Zeebe of a cluster that lives an hour.
        """
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "bench",
            "azp": "bench",
            "aud": f"zeebe.{DOMAIN}",
            "scope": cluster_id,
            "iat": now,
            "exp": now + 3600,
            "jti": str(uuid.uuid4()),
            CLUSTER_CLAIM: cluster_id,
            CREDENTIAL_CLAIM: str(uuid.uuid4()),
        }
        return jwt.encode({"alg": "RS256", "kid": "bench", "typ": "JWT"}, claims, self._key)
