"""
What gateways are given at one moment, and in which order a change reaches them.

One order for all of them. The gateway beside the service acknowledges each part, so the next follows at once. Those on
other machines ask, and nobody hears when they have taken something in: for them a part that relies on another waits
until everybody who reaches the service has the other. Nothing that closes ever waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from gatekey.server.gateway.envoy.filters.jwt_authn import compile_jwt_authn, keeps_claims, needs_claims
from gatekey.server.gateway.envoy.filters.rbac import LARGEST_DELTA, RevocationLists, compile_revocations
from gatekey.server.gateway.envoy.resources import BASE, DELTA, Resources, merged
from gatekey.server.gateway.envoy.routes import compile_routes
from gatekey.server.gateway.envoy.upstreams import compile_upstreams
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.policy.revocations import Subject


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    How changes arrive: `lead` seconds pass before routes lead to a new upstream; for `overlap` seconds revocations that
    moved to the base also stand in the delta.
    """

    lead: float
    overlap: float

    @property
    def is_acknowledged(self) -> bool:
        """Whether each part is known to be taken before the next is given."""
        return self.lead == 0


ACKNOWLEDGED = Delivery(lead=0, overlap=0)

POLLED = Delivery(lead=2, overlap=600)
"""
A gateway that reaches the service takes a change in within a second. One that was cut off for less than ten minutes
never has a revocation in neither list, whichever it gets first.
"""


class Stage(Enum):
    """How far a change of routes and upstreams is."""

    DONE = auto()
    WIDENED = auto()
    """Old and new upstreams are given; the routes are the old ones."""
    ROUTED = auto()
    """The routes are the new ones; no route leads to the old upstreams any more."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What is given at one moment: `resources`, which say `view` but for the stages that are still to come.

    `revocations.base` is what every gateway surely has of the base, `given_base` what they are given since
    `base_given_at`. Times are seconds of a clock that never goes back.
    """

    delivery: Delivery
    view: GatewayView
    resources: Resources
    revocations: RevocationLists
    given_base: Mapping[Subject, int]
    base_given_at: float
    stage: Stage
    staged_at: float
    staged: GatewayView


def first_snapshot(view: GatewayView, delivery: Delivery, now: float) -> Snapshot:
    """
    Return the snapshot with which a service starts.

    What a polling gateway has from an earlier run is not known, so all revocations stand in both lists. Its claims are
    always kept: a rule that reads them may arrive before the verification that begins to keep them.
    """
    is_known = delivery.is_acknowledged or not view.revocations
    lists = RevocationLists(base=view.revocations if is_known else {}).advanced(view.revocations)
    keep_claims = not delivery.is_acknowledged or needs_claims(view)
    resources = Resources(
        jwt_authn=(compile_jwt_authn(view, keep_claims=keep_claims),),
        base=(compile_revocations(view.revocations, BASE),),
        delta=(compile_revocations(lists.delta, DELTA),),
        routes=(compile_routes(view),),
        upstreams=compile_upstreams(view),
    )
    return Snapshot(delivery, view, resources, lists, view.revocations, now, Stage.DONE, now, view)


def next_snapshot(snapshot: Snapshot, view: GatewayView, now: float) -> Snapshot:
    """Return what is given from `now` on, which is `snapshot` itself when nothing is to change."""
    return _routed(_verified(_revoked(snapshot, view, now), view), view, now)


def _revoked(snapshot: Snapshot, view: GatewayView, now: float) -> Snapshot:
    base, given, given_at = snapshot.revocations.base, snapshot.given_base, snapshot.base_given_at
    if base is not given and now - given_at >= snapshot.delivery.overlap:
        base = given
    is_equal = view is snapshot.view or view.revocations == snapshot.view.revocations
    if base is snapshot.revocations.base and is_equal:
        return snapshot
    lists = RevocationLists(base).advanced(view.revocations)
    resources = snapshot.resources
    if lists.delta != snapshot.revocations.delta:
        resources = replace(resources, delta=(compile_revocations(lists.delta, DELTA),))
    if base is given and len(lists.delta) > LARGEST_DELTA:
        given, given_at = view.revocations, now
        resources = replace(resources, base=(compile_revocations(given, BASE),))
    return replace(snapshot, resources=resources, revocations=lists, given_base=given, base_given_at=given_at)


def _verified(snapshot: Snapshot, view: GatewayView) -> Snapshot:
    if view is snapshot.view:
        return snapshot
    if view == snapshot.view:  # looked at once: from now on it is the same object
        return replace(snapshot, view=view)
    # A gateway that once kept the claims goes on: no rule that reads them ever meets a call without.
    keep_claims = keeps_claims(snapshot.resources.jwt_authn[0]) or needs_claims(view)
    jwt_authn = (compile_jwt_authn(view, keep_claims=keep_claims),)
    return replace(snapshot, view=view, resources=replace(snapshot.resources, jwt_authn=jwt_authn))


def _routed(snapshot: Snapshot, view: GatewayView, now: float) -> Snapshot:
    resources, staged = snapshot.resources, snapshot.staged
    if snapshot.stage is Stage.DONE:
        if view is staged:
            return snapshot
        if _places(view) == _places(staged):
            return replace(snapshot, staged=view)
        upstreams = merged(resources.upstreams, compile_upstreams(view))
        return _staged(snapshot, replace(resources, upstreams=upstreams), Stage.WIDENED, now, view)
    if now - snapshot.staged_at < snapshot.delivery.lead:
        return snapshot
    if snapshot.stage is Stage.WIDENED:
        return _staged(snapshot, replace(resources, routes=(compile_routes(staged),)), Stage.ROUTED, now, staged)
    return _staged(snapshot, replace(resources, upstreams=compile_upstreams(staged)), Stage.DONE, now, staged)


def _staged(snapshot: Snapshot, resources: Resources, stage: Stage, now: float, staged: GatewayView) -> Snapshot:
    return replace(snapshot, resources=resources, stage=stage, staged_at=now, staged=staged)


def _places(view: GatewayView) -> GatewayView:
    """Return the view without what routes and upstreams do not depend on."""
    return replace(view, keys="", revocations={})
