"""What is written of calls: one JSON object a line, without a token and without a query."""

from gatekey.server.gateway.envoy.resources import CLIENT_HEADER, CLUSTER_HEADER, Document, extension, typed
from gatekey.server.gateway.policy.model import AccessLog

PATH = "%PATH(NQ:ORIG_OR_PATH)%"
"""As it was called, without its query: that may hold what nobody should read in a log."""

FIELDS: Document = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "client": f"%REQ({CLIENT_HEADER})%",
    "cluster": f"%REQ({CLUSTER_HEADER})%",
    "protocol": "%PROTOCOL%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": PATH,
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS_NUMBER%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "upstream": "%UPSTREAM_CLUSTER_RAW%",
    "milliseconds": "%DURATION%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
}
"""
The members of a line; null where there is nothing to say.

Client and cluster are those of the verified token, in the headers that the verification made of its claims: a caller's
own headers of these names are gone by then. The request id is Envoy's own, upstreams hear it as `x-request-id`.
`details` says in Envoy's words who answered and why: `via_upstream`, `jwt_authn_access_denied{…}`,
`rbac_access_denied_…`, `direct_response`, `route_not_found`.
"""

FROM_UPSTREAM = "via_upstream"
"""How the details begin of what an upstream answered."""


def compile_access_log(which: AccessLog) -> list[Document]:
    """Return the access logs of the listener; they go to Envoy's standard output."""
    if which is AccessLog.OFF:
        return []
    output = typed(
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": FIELDS, "omit_empty_values": False},
    )
    log = extension("envoy.access_loggers.stdout", output)
    calls: Document = {"not_health_check_filter": {}}
    if which is AccessLog.REFUSED:
        calls = {"and_filter": {"filters": [calls, _answered_by_the_gateway()]}}
    return [{**log, "filter": calls}]


def _answered_by_the_gateway() -> Document:
    name = "envoy.access_loggers.extension_filters.cel"
    expression = f"!response.code_details.startsWith('{FROM_UPSTREAM}')"
    config = typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=expression)
    return {"extension_filter": extension(name, config)}
