"""Adding members, and changing what they may do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gatekey.server.accounts.decide import check_email, check_last_owner
from gatekey.server.accounts.model import Actor, Member, Refused, Role
from gatekey.server.accounts.ports import AccountStore, Members
from gatekey.server.accounts.rights import Resource, Right, Target, may

FORBIDDEN = Refused("You may not do that in this organisation.", "right missing")
HIGH_ROLES = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class AccountAdministration:
    """What actors may do with members. All methods raise `StorageUnavailable`."""

    store: AccountStore
    now: Callable[[], datetime]
    make_uuid: Callable[[], str]

    def members(self, organisation_id: str, *, by: Actor) -> Members | Refused:
        """Return the members of an organisation, oldest first."""
        if not may(by, Right.GET, Target(organisation_id, Resource.MEMBERS)):
            return FORBIDDEN
        return self.store.members(organisation_id)

    def add(self, email: str, name: str, organisation_id: str, role: Role, *, by: Actor) -> Member | Refused:
        """Add a member, or make somebody who is one elsewhere a member of this organisation, too."""
        email = email.strip().lower()
        refused = check_email(email)
        if refused:
            return refused
        known = self.store.find_by_email(email)
        if known is not None:
            if organisation_id in known.roles:
                return Refused(f"{email} is a member already.", "e-mail address taken", "email")
            return self.set_roles(known.member_id, organisation_id, frozenset({role}), by=by)
        if not may(by, Right.CREATE, Target(organisation_id, _resource({role}))):
            return FORBIDDEN
        member = Member(self.make_uuid(), email, name.strip(), {organisation_id: frozenset({role})})
        return self.store.add(member, by=str(by), at=self.now()) or member

    def set_roles(self, member_id: str, organisation_id: str, roles: frozenset[Role], *, by: Actor) -> Member | Refused:
        """Give a member these roles in an organisation, none for no membership; they hold from the next request on."""

        def check(members: Members, changed: Member) -> Refused | None:
            before = next((m.roles[organisation_id] for m in members if m.member_id == member_id), frozenset[Role]())
            right = Right.DELETE if not roles else Right.UPDATE if before else Right.CREATE
            if not may(by, right, Target(organisation_id, _resource(before | roles))):
                return FORBIDDEN
            return check_last_owner(members, changed, organisation_id)

        at = self.now()
        changed = self.store.change_roles(member_id, organisation_id, roles, check, by=str(by), at=at)
        return changed or Refused("There is no such member.", "member unknown")


def _resource(roles: set[Role] | frozenset[Role]) -> Resource:
    return Resource.ADMINS if HIGH_ROLES & roles else Resource.MEMBERS
