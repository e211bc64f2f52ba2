"""Which members are accepted, and what may become of them."""

import re
from collections.abc import Iterable

from gatekey.server.accounts.model import Member, Refused, Role

EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@[^@\s,;<>\"()]{1,255}")
"""What can stand in an address; whether it exists, only a letter would tell."""


def check_email(email: str) -> Refused | None:
    """Refuse what is no e-mail address."""
    if EMAIL.fullmatch(email) and email.isprintable():
        return None
    return Refused("An e-mail address is written like somebody@example.org.", "e-mail address not accepted", "email")


def check_last_owner(members: Iterable[Member], changed: Member, organisation_id: str) -> Refused | None:
    """Refuse to leave an organisation without an owner; `members` are all of it as they are now."""
    owners = {member.member_id for member in members if Role.OWNER in member.roles.get(organisation_id, frozenset())}
    if Role.OWNER in changed.roles.get(organisation_id, frozenset()) or owners - {changed.member_id}:
        return None
    return Refused("An organisation has at least one owner: make somebody else one first.", "last owner", "role")
