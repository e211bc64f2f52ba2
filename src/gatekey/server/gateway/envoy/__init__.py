"""
COMPILING: the rules as configuration of an Envoy.

`bootstrap` is the part that never changes while the gateway runs: one listener, one filter chain, how refusals look.
All that changes with clusters, keys and clients (`verification`, `revocations`, `routes`, `upstreams`) is delivered
apart, so that no connection is dropped for it. `editions` are that for gateways that ask, `remote` is their bootstrap.
"""

from dataclasses import replace

from gatekey.server.gateway.envoy.resources import LATEST, SETTLED, Document, Resources
from gatekey.server.gateway.envoy.revocations import Ledger, compile_revocations
from gatekey.server.gateway.envoy.routes import compile_routes
from gatekey.server.gateway.envoy.upstreams import compile_upstreams
from gatekey.server.gateway.envoy.verification import (
    compile_verification,
    keeps_claims,
    needs_claims,
)
from gatekey.server.gateway.policy.model import GatewayView

__all__ = ["Resources", "compile_view", "recompile_rest", "recompile_revocations"]


def compile_view(view: GatewayView) -> Resources:
    """Return everything that an Envoy needs to know about `view` besides its bootstrap; all revocations are settled."""
    ledger = Ledger(settled=view.revocations)
    return Resources(
        verification=_verification(view, None),
        settled=(compile_revocations(ledger.settled, SETTLED),),
        latest=(compile_revocations(ledger.latest, LATEST),),
        routes=(compile_routes(view),),
        upstreams=compile_upstreams(view),
    )


def recompile_revocations(known: Resources, view: GatewayView, old: Ledger, new: Ledger) -> Resources:
    """Return `known`, compiled from `old`, with the revocations of `new`; the settled ones only where they changed."""
    return replace(
        known,
        verification=_verification(view, known),
        settled=known.settled if new.settled is old.settled else (compile_revocations(new.settled, SETTLED),),
        latest=(compile_revocations(new.latest, LATEST),),
    )


def recompile_rest(known: Resources, view: GatewayView) -> Resources:
    """Return `known` with everything but the revocations as `view` has it."""
    return replace(
        known,
        verification=_verification(view, known),
        routes=(compile_routes(view),),
        upstreams=compile_upstreams(view),
    )


def _verification(view: GatewayView, known: Resources | None) -> tuple[Document, ...]:
    # An Envoy that once kept the claims goes on: no rule that reads them ever meets a call without.
    keeps = known is not None and keeps_claims(known.verification[0])
    return (compile_verification(view, keep_claims=keeps or needs_claims(view)),)
