"""
What gateways on other machines are given, and in which order.

They ask, and nobody hears when they have taken something in. So a part that relies on another is changed only when the
other has been there for so long that every gateway that reaches the service has it. Nothing that closes ever waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from gatekey.server.gateway.envoy.resources import LATEST, SETTLED, Resources, merged
from gatekey.server.gateway.envoy.revocations import MOST_LATEST, Ledger, compile_revocations
from gatekey.server.gateway.envoy.routes import compile_routes
from gatekey.server.gateway.envoy.upstreams import compile_upstreams
from gatekey.server.gateway.envoy.verification import compile_verification
from gatekey.server.gateway.policy.model import GatewayView
from gatekey.server.gateway.policy.revocations import Subject

LEAD = 2.0
"""Seconds before routes lead to a new upstream; a gateway that reaches the service takes it in within one."""

OVERLAP = 600.0
"""
Seconds for which revocations that moved to the settled ones also stand among the latest: a gateway that was cut off for
less than that never has one in neither, whichever part it gets first.
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
    What is given out at one moment: `resources`, which say `view` but for what still waits for its turn.

    `ledger.settled` is what every gateway surely has of the settled revocations, `written` what they are given. Times
    are seconds of a clock that never goes back.
    """

    view: GatewayView
    resources: Resources
    ledger: Ledger
    written: Mapping[Subject, int]
    written_at: float
    stage: Stage
    staged_at: float
    staged: GatewayView


def first_edition(view: GatewayView, now: float) -> Snapshot:
    """
    Return the first edition of a service that has just started.

    What gateways have from an earlier run is not known: all revocations are given in both parts.
    """
    ledger = Ledger(settled={} if view.revocations else view.revocations).advanced(view.revocations)
    resources = Resources(
        verification=(compile_verification(view, keep_claims=True),),
        settled=(compile_revocations(view.revocations, SETTLED),),
        latest=(compile_revocations(ledger.latest, LATEST),),
        routes=(compile_routes(view),),
        upstreams=compile_upstreams(view),
    )
    return Snapshot(view, resources, ledger, view.revocations, now, Stage.DONE, now, view)


def next_edition(edition: Snapshot, view: GatewayView, now: float) -> Snapshot:
    """Return what is given out from `now` on, which is `edition` itself when nothing is to change."""
    return _routed(_verified(_revoked(edition, view, now), view), view, now)


def _revoked(edition: Snapshot, view: GatewayView, now: float) -> Snapshot:
    settled, written, written_at = edition.ledger.settled, edition.written, edition.written_at
    if settled is not written and now - written_at >= OVERLAP:
        settled = written
    if settled is edition.ledger.settled and (view is edition.view or view.revocations == edition.view.revocations):
        return edition
    ledger = Ledger(settled).advanced(view.revocations)
    resources = edition.resources
    if ledger.latest != edition.ledger.latest:
        resources = replace(resources, latest=(compile_revocations(ledger.latest, LATEST),))
    if settled is written and len(ledger.latest) > MOST_LATEST:
        written, written_at = view.revocations, now
        resources = replace(resources, settled=(compile_revocations(written, SETTLED),))
    return replace(edition, resources=resources, ledger=ledger, written=written, written_at=written_at)


def _verified(edition: Snapshot, view: GatewayView) -> Snapshot:
    if view is edition.view or view == edition.view:
        return edition
    # Claims are always kept: a rule that reads them may arrive before a verification that begins to keep them.
    verification = (compile_verification(view, keep_claims=True),)
    return replace(edition, view=view, resources=replace(edition.resources, verification=verification))


def _routed(edition: Snapshot, view: GatewayView, now: float) -> Snapshot:
    resources, staged = edition.resources, edition.staged
    if edition.stage is Stage.DONE:
        if view is staged:
            return edition
        if _places(view) == _places(staged):
            return replace(edition, staged=view)
        upstreams = merged(resources.upstreams, compile_upstreams(view))
        return _staged(edition, replace(resources, upstreams=upstreams), Stage.WIDENED, now, view)
    if now - edition.staged_at < LEAD:
        return edition
    if edition.stage is Stage.WIDENED:
        return _staged(edition, replace(resources, routes=(compile_routes(staged),)), Stage.ROUTED, now, staged)
    return _staged(edition, replace(resources, upstreams=compile_upstreams(staged)), Stage.DONE, now, staged)


def _staged(edition: Snapshot, resources: Resources, stage: Stage, now: float, staged: GatewayView) -> Snapshot:
    return replace(edition, resources=resources, stage=stage, staged_at=now, staged=staged)


def _places(view: GatewayView) -> GatewayView:
    """Return the view without what routes and upstreams do not depend on."""
    return replace(view, keys="", revocations={})
