"""
COMPILING: the rules as configuration of an Envoy.

`bootstrap` is the part that never changes while the gateway runs: one listener, one filter chain, how refusals look.
All that changes with clusters and keys (`verification`, `routes`, `upstreams`) is delivered apart, so that no
connection is dropped for it.
"""

from gatekey.server.guarding.compile.resources import Resources
from gatekey.server.guarding.compile.routes import compile_routes
from gatekey.server.guarding.compile.upstreams import compile_upstreams
from gatekey.server.guarding.compile.verification import compile_verification
from gatekey.server.guarding.model import GatewayView

__all__ = ["Resources", "compile_view"]


def compile_view(view: GatewayView) -> Resources:
    """
    Return everything that an Envoy needs to know about `view` besides its bootstrap.
    """
    return Resources(
        verification=(compile_verification(view),),
        routes=(compile_routes(view),),
        upstreams=compile_upstreams(view),
    )
