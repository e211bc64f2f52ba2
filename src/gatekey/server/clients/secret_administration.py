"""Rotating, listing and ending the secrets of API clients."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatekey.oauth.identifiers import Choose, make_secret, make_secret_id
from gatekey.oauth.secret_text import SecretText
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import ListedSecret, Refused, Rotated, StoredSecret
from gatekey.server.clients.ports import SecretStore
from gatekey.server.clients.rotation import check_end, plan_rotation

OVERLAP = timedelta(days=7)
"""How long old secrets work on by default: long enough to roll out the new one everywhere, and it does end."""

LISTED_AFTER_END = timedelta(days=30)
"""How long lists still show an ended secret: long enough to explain why a program stopped."""


@dataclass(frozen=True, slots=True)
class SecretAdministration:
    """What people and programs may do with client secrets. All methods raise `StorageUnavailable`."""

    store: SecretStore
    pepper: bytes = field(repr=False)
    now: Callable[[], datetime]
    choose: Choose

    def rotate(
        self, client_id: str, *, overlap: timedelta = OVERLAP, label: str = "", ends: datetime | None = None, by: str
    ) -> Rotated | Refused:
        """
        Add a secret; those before it end after `overlap`, zero meaning now,
        and then their tokens are revoked too.
        """
        now = self.now()
        secret_id = make_secret_id(self.choose)
        text = make_secret(secret_id, self.choose)
        new = StoredSecret(secret_id, client_id, digest_secret(self.pepper, text), now, label=label, ends=ends)
        outcome = self.store.rotate_secret(client_id, lambda known: plan_rotation(known, new, overlap, now), by=by)
        if isinstance(outcome, Refused):
            return outcome
        return Rotated(client_id, secret_id, SecretText(text), outcome.ends if outcome.ending else None)

    def of_client(self, client_id: str) -> tuple[ListedSecret, ...]:
        """Return the client's secrets that still work or ended lately, oldest first."""
        oldest = self.now() - LISTED_AFTER_END
        return tuple(listed for listed in self.store.secrets_of(client_id) if listed.secret.lives(oldest))

    def find(self, secret_id: str) -> StoredSecret | None:
        """Return a secret of a client that was not deleted; it may have ended."""
        return self.store.find_secret(secret_id)

    def end(self, client_id: str, secret_id: str, *, by: str) -> Refused | None:
        """End a secret now and revoke its tokens; refused for the last live one."""
        now = self.now()
        return self.store.end_secret(
            client_id, secret_id, lambda known: check_end(known, secret_id, now), at=now, by=by
        )

    def report_leak(self, secret_id: str, text: str) -> bool:
        """End a secret that somebody found, even the last one, if it is ours: a leaked secret must not work."""
        stored = self.store.live_secret(secret_id, self.now())
        if stored is None or not hmac.compare_digest(stored.digest, digest_secret(self.pepper, text)):
            return False
        self.store.end_leaked(secret_id, at=self.now(), by="leak report")
        return True

    def mark_presented(self, rotated: Rotated) -> None:
        """Note that the secret reached the person who asked for it. Call it after the last byte is out."""
        self.store.mark_presented(rotated.secret_id, self.now())
