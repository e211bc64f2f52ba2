"""The guarded APIs and the sentences of refusals, said once for the decision and for the compiled configuration."""

from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster

GATEWAY_HEALTH = "/gatekey/health"
"""Answered by the gateway itself, without a token, for load balancers and start scripts: 200, or 503 when it ends."""

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"
"""Where the metadata of protected resources stands (RFC 9728 section 3); answered by the gateway, without a token."""

GRPC_SERVICE = "/gateway_protocol.Gateway/"
"""The service of Zeebe's gateway.proto; its list of methods grows, so none is named."""

GRPC_HEALTH = "/grpc.health.v1.Health/"
"""gRPC's health service, which Camunda's own gateway answers without authentication."""

AMBIGUOUS_PATH = (
    r"(?i)[^?]*(?:[;\\]|%(?:2e|2f|3b|5c|7f|[01][0-9a-f])|/\.{1,2}(?:[/?]|$))(?s:.*)"
    r"|(?s:.*)[\x00-\x20\x7f#](?s:.*)"
    r"|(?:[^/](?s:.*))?"
)
"""
Paths that a proxy and a server may read differently: dot segments, path parameters, encoded separators and controls;
anywhere, also in the query, what no request line can hold (RFC 9112 section 3); and what does not begin with a slash.

They are refused and never repaired (cf. CVE-2023-27487 and CVE-2026-33494, where policy and server disagreed).
Written for RE2 and for Python's `re`, both as a full match of path and query.
"""

AMBIGUOUS_HOST = r"[^,@/\\?#]*[,@/\\?#](?s:.*)"
"""
Hosts that are more than one: two Host headers arrive joined by a comma (RFC 9112 section 3.2 wants them refused).
"""

UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""How a cluster id looks in a path (RFC 9562 section 4)."""

BEARER = r"(?i:bearer) +[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
"""
The only value of Authorization that is looked at: RFC 6750 section 2.1 with a signed JWT in compact form (RFC 7515).

The scheme may stand in any case, with more than one space behind it (RFC 9110 sections 11.1 and 11.4). Two headers
arrive joined by a comma and so never match.
"""

NO_TOKEN = "No access token came with the call. Send it once, as 'Authorization: Bearer <token>'."  # noqa: S105 - a sentence
NO_BEARER = "The Authorization header is not one 'Bearer <token>'."
BAD_TOKEN = "The access token is not accepted"  # noqa: S105 - a sentence
REVOKED = "The access token was revoked; ask for a new one."
OTHER_API = "The access token was issued for another API; ask for one with the audience of this API."
OTHER_CLUSTER = "The access token belongs to another cluster than the one that was called."
UNKNOWN_CLUSTER = "The access token belongs to a cluster that is not behind this gateway."
NOTHING_HERE = "There is no guarded API at this path."
AMBIGUOUS = "The path or host can be read in more than one way, so the call is not passed on."
NO_GRPC = "This cluster has no gRPC API behind this gateway."
NO_REST = "This cluster does not offer that REST API behind this gateway."
TOO_LONG = "The call lasted longer than this gateway allows; make it again."
ENDING = "This gateway is about to end and wants no new calls."
UNREACHABLE = "The cluster cannot be reached at the moment; try again in a few seconds."
UNREACHABLE_CLUSTER = "Cluster {cluster} cannot be reached at the moment; try again in a few seconds."
NO_HOST = "The call has no Host header (RFC 9112 section 3.2)."
NO_TRACE = "TRACE would repeat the call with its access token, so this gateway refuses it."
NO_UPGRADE = "This gateway changes to no other protocol, such as WebSocket; make the call without Upgrade and CONNECT."

TRACE = "TRACE"
ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
"""What an answer 405 must name (RFC 9110 section 15.5.6)."""

RETRY_AFTER = 2
"""Seconds after which a call to an upstream that could not be reached is worth another try."""


def only_cluster(view: GatewayView) -> GuardedCluster | None:
    """Return the one cluster that speaks gRPC, if there is exactly one: a health check without a token means it."""
    speaking = [cluster for cluster in view.clusters if cluster.grpc is not None]
    return speaking[0] if len(speaking) == 1 else None
