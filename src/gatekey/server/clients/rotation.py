"""
When secrets may be added and when they may end.
"""

from collections.abc import Iterable
from datetime import datetime

from gatekey.server.clients.model import Refused, StoredSecret

LIVE_LIMIT = 5
"""Live secrets per client; two are a rotation, more than five are forgotten ones."""

LABEL_LIMIT = 100
"""Characters."""


def check_new(secrets: Iterable[StoredSecret], label: str, now: datetime) -> Refused | None:
    """
    Refuse one live secret too many and labels that are no single line.
    """
    if len(label) > LABEL_LIMIT or not label.isprintable():
        return Refused(f"A label is one line of at most {LABEL_LIMIT} characters.", "label not accepted")
    if sum(secret.lives(now) for secret in secrets) >= LIVE_LIMIT:
        return Refused(f"The client has {LIVE_LIMIT} live secrets already: end one first.", "too many live secrets")
    return None


def check_end(secrets: Iterable[StoredSecret], secret_id: str, now: datetime) -> Refused | None:
    """
    Refuse to end a secret that is not there, or the last one that works: delete the client instead.
    """
    live = [secret.secret_id for secret in secrets if secret.lives(now)]
    if secret_id not in live:
        return Refused("The client has no such live secret.", "secret unknown or ended")
    if live == [secret_id]:
        return Refused(
            "This is the client's last live secret: rotate it, or delete the client.", "last live secret of its client"
        )
    return None


def others_end(secrets: Iterable[StoredSecret], ends: datetime, now: datetime) -> tuple[StoredSecret, ...]:
    """
    Return the live secrets that a rotation gives an end: those that would live longer than `ends`.
    """
    return tuple(secret for secret in secrets if secret.lives(now) and (secret.ends is None or secret.ends > ends))
