"""How a client proves who it is to the token endpoint (RFC 6749 section 2.3, RFC 7523, RFC 8705)."""

import base64
import os
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import gatekey
from gatekey.client.config.settings import ClientSettings
from gatekey.client.http import HttpHeaders, HttpRequest
from gatekey.oauth.secret_text import SecretText


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request carries as proof: fields of its body and headers."""

    fields: tuple[tuple[str, str], ...] = ()
    headers: HttpHeaders = ()


class Authentication(Protocol):
    """One way to prove it."""

    @property
    def needs_secret(self) -> bool:
        """Whether settings without a client secret are incomplete."""

    def fingerprint(self, settings: ClientSettings) -> SecretText:
        """
        Return what, when it changes, makes this another credential: a refusal
        of the old one says nothing about it.
        """

    def prove(self, settings: ClientSettings, now: float) -> Proof:
        """Return the proof for one request at `now` (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class SecretInBody:
    """Id and secret among the form's fields, as nearly all Camunda clients send them."""

    needs_secret: bool = True

    def fingerprint(self, settings: ClientSettings) -> SecretText:
        """Return the secret."""
        return settings.client_secret

    def prove(self, settings: ClientSettings, now: float) -> Proof:  # noqa: ARG002 - the port; a secret is timeless
        """Return id and secret as fields."""
        return Proof((("client_id", settings.client_id), ("client_secret", settings.client_secret.reveal())))


@dataclass(frozen=True, slots=True)
class SecretInHeader:
    """HTTP Basic (RFC 6749 section 2.3.1), which servers must understand and some insist on."""

    needs_secret: bool = True

    def fingerprint(self, settings: ClientSettings) -> SecretText:
        """Return the secret."""
        return settings.client_secret

    def prove(self, settings: ClientSettings, now: float) -> Proof:  # noqa: ARG002 - the port; a secret is timeless
        """Return the header; both parts are percent-encoded first, as the RFC has it."""
        pair = f"{quote(settings.client_id, safe='')}:{quote(settings.client_secret.reveal(), safe='')}"
        return Proof(headers=(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),))


@dataclass(frozen=True, slots=True)
class CertificateAlone:
    """The client certificate of the connection is the proof (RFC 8705 section 2); the id is sent beside it."""

    needs_secret: bool = False

    def fingerprint(self, settings: ClientSettings) -> SecretText:
        """
        Return the certificate's file name, and when it was last changed: a renewed certificate is another
        credential.
        """
        path = settings.certificate or ""
        try:
            changed = os.stat(path).st_mtime_ns  # noqa: PTH116 - a path object is not worth its import here
        except OSError:
            changed = 0  # the transport says what is wrong with it
        return SecretText(f"{path} {changed}")

    def prove(self, settings: ClientSettings, now: float) -> Proof:  # noqa: ARG002 - the port; TLS proves the rest
        """Return the id alone."""
        return Proof((("client_id", settings.client_id),))


def token_request(
    settings: ClientSettings, now: float = 0.0, authentication: Authentication = SecretInBody()
) -> HttpRequest:
    """Return the request for a token (RFC 6749 section 4.4.2) that leaves at `now` (Unix seconds)."""
    from gatekey.oauth.fields import FORM  # most programs find a token that another one got: they read no further
    from gatekey.oauth.token_request import encode_request

    proof = authentication.prove(settings, now)
    return HttpRequest(
        "POST",
        settings.token_url,
        (
            ("Content-Type", FORM),
            ("Accept", "application/json"),
            ("User-Agent", f"gatekey/{gatekey.__version__}"),
            *proof.headers,
        ),
        encode_request(dict(proof.fields), settings.audience, settings.token_scope),
    )
