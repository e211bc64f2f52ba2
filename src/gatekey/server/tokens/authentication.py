"""Is this client who it says it is?"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from gatekey.oauth.client_authentication import AssertionCredential, Credential, SecretCredential
from gatekey.oauth.identifiers import claimed_secret_id, read_secret
from gatekey.server.tokens.assertions import AssertionCheck
from gatekey.server.tokens.model import Authenticated, Cause, KnownClient, KnownSecret, Refusal, Refused
from gatekey.server.tokens.ports import ClientDirectory
from gatekey.server.tokens.revocation import name_key

NO_SECRET = KnownSecret(bytes(32), ends=0.0)
"""Compared with when there is no stored digest, so that an unknown client costs what a known one costs."""


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """
    Checks secrets and assertions; `now` is in seconds since 1970. Raises `StorageUnavailable`, never a refusal for
    it.
    """

    directory: ClientDirectory
    assertions: AssertionCheck
    pepper: bytes = field(repr=False)
    now: Callable[[], float]

    def authenticate(self, credential: Credential) -> Authenticated | Refused:
        """Return who it is, or one refusal for every kind of failure; only the `reason` tells them apart."""
        client = self.directory.find(credential.client_id)
        match credential:
            case SecretCredential():
                return self._by_secret(client, credential)
            case AssertionCredential():
                return self._by_assertion(client, credential)

    def _by_secret(self, client: KnownClient | None, credential: SecretCredential) -> Authenticated | Refused:
        text = credential.secret.reveal()
        secret_id = claimed_secret_id(text)
        secret = (client.secrets.get(secret_id) if client else None) or NO_SECRET
        given = hmac.digest(self.pepper, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        right = hmac.compare_digest(given, secret.digest) and secret is not NO_SECRET
        if client is not None and right and (secret.ends is None or secret.ends > self.now()):
            return Authenticated(client, secret_id, credential.method, client.valid_from(secret_id))
        # A right secret needs no look at its checksum. Every other gets one, so that all refusals cost alike.
        shape = read_secret(text)
        if client is None:
            return _unknown(credential)
        if right:
            return _refused(credential, Cause.ENDED_SECRET, f"secret {secret_id} has ended", secret_id)
        return _refused(credential, Cause.WRONG_SECRET, "wrong secret" if shape else "no secret of ours")

    def _by_assertion(self, client: KnownClient | None, credential: AssertionCredential) -> Authenticated | Refused:
        if client is None:
            return _unknown(credential)
        outcome = self.assertions.check(client, credential.assertion.reveal())
        if outcome.key_id is None:
            return _refused(credential, Cause.WRONG_ASSERTION, outcome.reason)
        credential_id = name_key(client.client_id, outcome.key_id)
        return Authenticated(client, credential_id, credential.method, client.valid_from(credential_id))


def _unknown(credential: Credential) -> Refused:
    return _refused(credential, Cause.UNKNOWN_CLIENT, "unknown or deleted client")


def _refused(credential: Credential, cause: Cause, reason: str, credential_id: str | None = None) -> Refused:
    # One public text for all: nobody learns by asking which ids exist.
    public = "Client authentication failed."
    return Refused(Refusal.INVALID_CLIENT, public, reason, credential.client_id, cause, credential_id)
