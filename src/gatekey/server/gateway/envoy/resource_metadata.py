"""
Protected-resource metadata (RFC 9728): which token service opens the MCP server of a cluster.

The MCP authorization specification lets a client begin with nothing but the server's URL: the 401 names a document,
and the document names our issuer.
"""

from collections.abc import Iterable

from gatekey.server.gateway.envoy.resources import Document
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import MCP
from gatekey.server.gateway.policy.model import GatewayView

MCP_PATH = rf"(?:/{rules.UUID})?{MCP}(?:\?.*)?"
"""The calls whose 401 names the document; RE2, as a full match of path and query."""


def origin(*, own_domain: bool) -> str:
    """Return how a client names the gateway, in Envoy's words: under an own domain its addresses begin with https."""
    return f"{'https' if own_domain else '%REQ(:SCHEME)%'}://%REQ(:AUTHORITY)%"


def challenge_parameter(*, own_domain: bool) -> str:
    """Return the parameter of `WWW-Authenticate` that names the document (RFC 9728 section 5.1), in Envoy's words."""
    return f'resource_metadata="{origin(own_domain=own_domain)}{rules.RESOURCE_METADATA}%PATH(NQ:PATH)%"'


def compile_metadata_routes(view: GatewayView, cluster_ids: Iterable[str]) -> dict[str, Document]:
    """Return the routes to the documents of the host, of MCP, and of MCP at each cluster, by their exact path."""
    resources = ["", MCP, *(f"/{cluster_id}{MCP}" for cluster_id in cluster_ids)]
    return {f"{rules.RESOURCE_METADATA}{path}": _document(view, path) for path in resources}


def _document(view: GatewayView, path: str) -> Document:
    metadata = {
        "resource": f"{origin(own_domain=view.hosts)}{path}",
        "authorization_servers": [view.issuer],
        "bearer_methods_supported": ["header"],
    }
    body = {"json_format": metadata, "content_type": "application/json"}
    return {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body_format": body}}
