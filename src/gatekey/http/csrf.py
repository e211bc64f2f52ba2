"""Tells a form that our own page sent from one that another site made. Pure."""

import hashlib
import hmac
from urllib.parse import urlsplit

from gatekey.oauth.secret_text import SecretText


def is_own(sec_fetch_site: str | None, origin: str | None, host: str | None, public_url: str) -> bool:
    """
    Return whether a POST came from one of our own pages, by its Sec-Fetch-Site, Origin and Host headers.

    Browsers say where a request comes from in `Sec-Fetch-Site` (W3C Fetch Metadata), but only towards HTTPS and
    localhost; elsewhere `Origin` is compared with the public URL and with the host that was asked. A program that sends
    neither has no foreign cookies to misuse.
    """
    if sec_fetch_site is not None:
        return sec_fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    ours, theirs = urlsplit(public_url), urlsplit(origin)
    return theirs[:2] == ours[:2] or (bool(host) and theirs.netloc == host)


def csrf_token(key: bytes, session: SecretText) -> str:
    """
    Return the token of a session's forms: only who holds `key` can make it,
    and it says nothing about the session.
    """
    return _mac(key, "form", hashlib.sha256(session.reveal().encode()).hexdigest())


def seal(key: bytes, session: SecretText, *values: str) -> str:
    """Return a seal over values that a page hands out and wants back unchanged, within the same session."""
    return _mac(key, "seal", csrf_token(key, session), *values)


def same(expected: str, actual: str) -> bool:
    """Compare two tokens or seals in constant time."""
    return hmac.compare_digest(expected.encode(), actual.encode())


def _mac(key: bytes, *parts: str) -> str:
    framed = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hmac.new(key, framed, hashlib.sha256).hexdigest()
