"""When secrets may be added and when they may end."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from gatekey.server.clients.model import Refused, SecretRotation, StoredSecret

LIVE_LIMIT = 5
"""Live secrets per client; two are a rotation, more than five are forgotten ones."""

LABEL_LIMIT = 100
"""Characters."""

LONGEST_OVERLAP = timedelta(days=366)
"""A year; old secrets that work for longer are not being rotated."""


def plan_rotation(
    known: Iterable[StoredSecret], new: StoredSecret, overlap: timedelta, now: datetime
) -> SecretRotation | Refused:
    """Return what a rotation changes: the live ones of `known` end after `overlap`; zero ends and revokes them now."""
    live = tuple(secret for secret in known if secret.lives(now))
    refused = _check_new(new, overlap, now)
    if refused:
        return refused
    if overlap and len(live) >= LIVE_LIMIT:
        return Refused(f"The client has {LIVE_LIMIT} live secrets already: end one first.", "too many live secrets")
    ends = now + overlap
    # A rotation never lengthens a life.
    ending = tuple(secret for secret in live if secret.ends is None or secret.ends > ends)
    return SecretRotation(new, ending, ends, revoke=not overlap)


def _check_new(new: StoredSecret, overlap: timedelta, now: datetime) -> Refused | None:
    if len(new.label) > LABEL_LIMIT or not new.label.isprintable():
        return Refused(f"A label is one line of at most {LABEL_LIMIT} characters.", "label not accepted")
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        return Refused(f"Older secrets end within {LONGEST_OVERLAP.days} days.", "overlap not accepted")
    if not new.lives(now):
        return Refused("A secret must end in the future.", "end not accepted")
    return None


def check_end(known: Iterable[StoredSecret], secret_id: str, now: datetime) -> Refused | None:
    """Refuse to end a secret that is not there, or the last one that works: delete the client instead."""
    live = [secret.secret_id for secret in known if secret.lives(now)]
    if secret_id not in live:
        return Refused("The client has no such live secret.", "secret unknown or ended")
    if live == [secret_id]:
        return Refused(
            "This is the client's last live secret: rotate it, or delete the client.", "last live secret of its client"
        )
    return None
