"""
Genuine tokens from the token endpoint, and bad ones made out of them.
"""

import base64
import hmac
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import open_installation
from gatekey.server.settings import Settings
from support.product import Product
from support.waiting import wait_until

HOUR = 3600
Key = RSAKey | ECKey | OKPKey
KINDS: dict[str, type[Key]] = {"RS256": RSAKey, "ES256": ECKey, "EdDSA": OKPKey}

BAD_TOKENS = (
    "expired",
    "signed by another key",
    "of an unknown key",
    "changed after signing",
    "alg none",
    "HMAC with the public key",
    "of another issuer",
    "no token at all",
)


def variables(credentials: Path) -> dict[str, str]:
    """
    The names and values of a credentials file.
    """
    return dict(re.findall(r"^export (\w+)='(.*)'$", credentials.read_text(), re.MULTILINE))


def access_token(credentials: Path, *, audience: str | None = None) -> str:
    """
    Ask for one token the way every client does; `audience` defaults to the file's.
    """
    values = variables(credentials)
    form = {
        "grant_type": "client_credentials",
        "client_id": values["ZEEBE_CLIENT_ID"],
        "client_secret": values["ZEEBE_CLIENT_SECRET"],
        "audience": audience or values["ZEEBE_TOKEN_AUDIENCE"],
    }
    with urllib.request.urlopen(
        values["ZEEBE_AUTHORIZATION_SERVER_URL"], urllib.parse.urlencode(form).encode(), timeout=10
    ) as answer:
        token: str = json.load(answer)["access_token"]
        return token


def granted(product: Product, credentials: Path, agent: str) -> int:
    """
    How many tokens this client got with the user agent `agent`: all until now. The product logs at `debug`.
    """
    access_token(credentials)  # the log is in order: when this request is in it, so are all before
    own = f"client_id={variables(credentials)['ZEEBE_CLIENT_ID']}"

    def lines(of: str) -> list[str]:
        said = product.errors.splitlines()
        return [line for line in said if own in line and "granted" in line and f"user_agent={of}" in line]

    wait_until(lambda: lines("Python-urllib"))
    return len(lines(agent))


def header(token: str) -> dict[str, Any]:
    """
    The header of a token: the key that signed it, and how.
    """
    return _decoded(token.split(".", maxsplit=1)[0])


def signing_key(data: Path) -> Key:
    """
    The installation's own signing key, read from its data folder: only it can make tokens wrong in other ways.
    """
    with closing(open_installation(Settings(data=data))) as installation:
        key = open_directory(installation).signing_key()
        return KINDS[key.algorithm].import_key(key.to_pem())


class Forger:
    """
    Bad tokens, each differing from a genuine one in exactly one thing.
    """

    def __init__(self, genuine: str, signing_key: Key) -> None:
        header, claims, self._signature = genuine.split(".")
        self._header: dict[str, Any] = _decoded(header)
        self._claims: dict[str, Any] = _decoded(claims)
        self._signing_key = signing_key
        self._foreign_key = foreign_key(signing_key)
        self._makers: dict[str, Callable[[], str]] = {
            "expired": self._expired,
            "signed by another key": self._signed_by_another_key,
            "of an unknown key": self._of_an_unknown_key,
            "changed after signing": self._changed_after_signing,
            "alg none": self._without_algorithm,
            "HMAC with the public key": self._hmac_with_the_public_key,
            "of another issuer": self._of_another_issuer,
            "no token at all": lambda: "no-token-at-all",
        }

    def forge(self, kind: str) -> str:
        """
        The bad token of this kind. Raises KeyError for a kind that nobody knows.
        """
        return self._makers[kind]()

    def _expired(self) -> str:
        ago = int(time.time()) - HOUR  # well beyond every verifier's allowance for slow clocks
        return self._signed(self._claims | {"iat": ago - HOUR, "exp": ago})

    def _of_another_issuer(self) -> str:
        return self._signed(self._claims | {"iss": "http://localhost:1"})

    def _signed_by_another_key(self) -> str:
        return self._encoded_by(self._foreign_key, self._header, self._claims)

    def _of_an_unknown_key(self) -> str:
        return self._encoded_by(self._foreign_key, self._header | {"kid": "unknown"}, self._claims)

    def _changed_after_signing(self) -> str:
        later = self._claims | {"exp": self._claims["exp"] + HOUR}
        return f"{_encoded(self._header)}.{_encoded(later)}.{self._signature}"

    def _without_algorithm(self) -> str:
        return f"{_encoded(self._header | {'alg': 'none'})}.{_encoded(self._claims)}."

    def _hmac_with_the_public_key(self) -> str:
        # Made by hand: no decent library takes a public key for a shared secret.
        signed = f"{_encoded(self._header | {'alg': 'HS256'})}.{_encoded(self._claims)}"
        mac = hmac.digest(self._signing_key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{_base64url(mac)}"

    def _signed(self, claims: dict[str, Any]) -> str:
        return self._encoded_by(self._signing_key, self._header, claims)

    @staticmethod
    def _encoded_by(key: Key, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def foreign_key(like: Key) -> Key:
    """
    A new key of the same kind, which nobody has published.
    """
    match like:
        case RSAKey():
            return RSAKey.generate_key(2048)
        case ECKey():
            return ECKey.generate_key("P-256")
        case OKPKey():
            return OKPKey.generate_key("Ed25519")


def _decoded(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def _encoded(part: dict[str, Any]) -> str:
    return _base64url(json.dumps(part).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
