"""
The token files of Camunda's Java and Go clients, `~/.camunda/credentials`: read, never written.

Pure. Both clients name a token by half of what makes it (the client id, or the audience) and so mix tokens up; here a
token counts only if it says itself that it is the right one.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from gatekey.client.answer import VISIBLE, read_claims
from gatekey.client.cache.ports import CacheKey
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.vocabulary import CLIENT_CLAIM

LINE = re.compile(r"""( *)(?:"([^"]*)"|'([^']*)'|([^\s:#'"][^:]*)): *(?:"([^"]*)"|'([^']*)'|([^\s"'].*?))? *""")
"""One line of the little YAML that these files are: indentation, a name, and a value or nothing."""

CAMUNDA_CLOUD = re.compile(r"\w+\.cloud\.([\w.-]+)")
"""Camunda's cloud grants tokens at `login.cloud.<domain>` in the name of `weblogin.cloud.<domain>`."""


def token_in(text: str, key: CacheKey) -> Token | None:
    """Return the token of a credential, if the file has one that claims to be its own; of several the longest-lived."""
    tokens = (_token(fields, key) for fields in entries(text))
    return max((token for token in tokens if token), key=lambda token: token.expires_at, default=None)


def entries(text: str) -> Iterator[Mapping[str, str]]:
    """Yield each entry's fields, their names in lower case and without underscores; the clients disagree about both."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if not found:
            continue
        if not found[1] and fields:
            yield fields
            fields = {}
        name = next(group for group in found.group(2, 3, 4) if group is not None)
        value = next((group for group in found.group(5, 6, 7) if group is not None), None)
        if value is not None:
            fields[name.replace("_", "").lower()] = value
    if fields:
        yield fields


def _token(fields: Mapping[str, str], key: CacheKey) -> Token | None:
    access_token = SecretText(fields.get("accesstoken", ""))
    claims = read_claims(access_token) or {}
    issued, ends = claims.get("iat"), claims.get("exp")
    if not VISIBLE.fullmatch(access_token.reveal()) or not isinstance(issued, int) or not isinstance(ends, int):
        return None
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    clients = {claims.get(name) for name in (CLIENT_CLAIM, "client_id", "azp") if isinstance(claims.get(name), str)}
    if key.client_id not in clients or key.audience not in audiences or not _same_house(claims.get("iss"), key):
        return None
    expires_at = min(ends, _seconds(fields.get("expiry")) or ends)
    return Token.received(access_token, max(0, int(expires_at - issued)), issued)


def _same_house(issuer: object, key: CacheKey) -> bool:
    """Whether the issuer is the token endpoint's: ids such as "zeebe" exist in many installations of Keycloak."""
    if not isinstance(issuer, str):
        return False
    one, other = urlsplit(issuer).netloc, urlsplit(key.token_url).netloc
    ours, theirs = CAMUNDA_CLOUD.fullmatch(one), CAMUNDA_CLOUD.fullmatch(other)
    return one == other or (ours is not None and theirs is not None and ours[1] == theirs[1])


def _seconds(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
