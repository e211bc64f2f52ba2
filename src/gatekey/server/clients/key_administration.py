"""The public keys that clients authenticate with instead of secrets (RFC 7523, `private_key_jwt`)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatekey.server.clients.model import ClientKey, Refused
from gatekey.server.clients.ports import KeyStore
from gatekey.server.clients.public_keys import read_public_keys

KEY_LIMIT = 10
"""Keys per client; two are a rotation."""


@dataclass(frozen=True, slots=True)
class KeyAdministration:
    """What people and programs may do with clients' public keys. All methods raise `StorageUnavailable`."""

    store: KeyStore
    now: Callable[[], datetime]

    def register(self, client_id: str, text: str, *, by: str) -> tuple[ClientKey, ...] | Refused:
        """Register the public keys in a PEM, a JWK or a JWKS; they work from the return on."""
        keys = read_public_keys(text)
        if isinstance(keys, Refused):
            return keys
        if len(self.store.keys_of(client_id)) + len(keys) > KEY_LIMIT:
            return Refused(f"A client has at most {KEY_LIMIT} keys.", "too many keys")
        registered = tuple(
            ClientKey(key["kid"], client_id, json.dumps(key, sort_keys=True), self.now()) for key in keys
        )
        return self.store.add_keys(registered, by=by) or registered

    def of_client(self, client_id: str) -> tuple[ClientKey, ...]:
        """Return the client's keys, oldest first."""
        return self.store.keys_of(client_id)

    def remove(self, client_id: str, key_id: str, *, by: str) -> bool:
        """Remove a key and revoke the tokens it got; False when there is none."""
        return self.store.remove_key(client_id, key_id, by=by, at=self.now())
