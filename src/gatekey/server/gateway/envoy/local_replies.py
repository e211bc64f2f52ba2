"""
How the gateway says no: `grpc-status` trailers to gRPC callers, problem documents (RFC 9457) to all others.

Only Envoy's own answers pass here; what an upstream answers goes to the caller as it is.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gatekey.server.gateway.envoy.access_log import PATH
from gatekey.server.gateway.envoy.resource_metadata import MCP_PATH, challenge_parameter
from gatekey.server.gateway.envoy.resources import CLUSTER_HEADER, Document, extension, typed
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import BESIDE_ZEEBE

BODY = "%LOCAL_REPLY_BODY%"
"""Envoy's own words, or those of the route that refuses."""

INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 - the challenge of RFC 6750 section 3, no secret
INSUFFICIENT_SCOPE = 'Bearer error="insufficient_scope"'


@dataclass(frozen=True, slots=True)
class _Case:
    status: HTTPStatus
    detail: str
    conditions: tuple[Document, ...] = ()
    answer: HTTPStatus | None = None
    """The status of the answer, where Envoy's own is not the right one."""
    headers: tuple[tuple[str, str], ...] = ()


def compile_local_replies(*, own_domain: bool) -> Document:
    """
    Return how Envoy rewrites its own answers; the first mapper that fits is taken.

    The gRPC status follows from the HTTP status (401 → 16, 403 → 7, 404 → 12, 503 → 14), as in gRPC's own table.
    """
    worded = _worded_cases(own_domain=own_domain)
    plain = [_Case(status, BODY) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]
    return {
        "mappers": [
            *(_grpc_mapper(case) for case in [*worded, *plain]),
            *(_problem_mapper(case) for case in [*worded, *plain]),
        ],
    }


def _unauthenticated(conditions: tuple[Document, ...] = (), parameter: str = "") -> list[_Case]:
    """The cases of a missing and a bad token; `parameter` is what the challenge says besides."""
    silent = _header("authorization", present_match=False)
    bearer = _header("authorization", string_match={"safe_regex": {"regex": rules.BEARER}})
    missing = _challenge(f"Bearer {parameter}".rstrip())
    invalid = _challenge(", ".join(filter(None, [INVALID_TOKEN, parameter])))
    return [
        _Case(HTTPStatus.UNAUTHORIZED, rules.NO_TOKEN, (*conditions, silent), headers=missing),
        _Case(HTTPStatus.UNAUTHORIZED, f"{rules.BAD_TOKEN}: {BODY}.", (*conditions, bearer), headers=invalid),
        _Case(HTTPStatus.UNAUTHORIZED, rules.NO_BEARER, conditions, headers=invalid),
        # Envoy's filter can only forbid, but whoever holds a revoked token is to fetch another (RFC 6750 section 3.1).
        _Case(
            HTTPStatus.FORBIDDEN,
            rules.REVOKED,
            (*conditions, _details("rbac_access_denied")),
            HTTPStatus.UNAUTHORIZED,
            invalid,
        ),
    ]


def _worded_cases(*, own_domain: bool) -> list[_Case]:
    """Where Envoy's own words would not tell the caller what to do."""
    mcp = _header(":path", string_match={"safe_regex": {"regex": MCP_PATH}})
    refused_by_jwt_authn, unrouted = _details("jwt_authn"), _details("route_not_found")
    words = "|".join(api.prefix for api in BESIDE_ZEEBE)
    path = f"(?:{words})?/{rules.UUID}(?:[/?].*)?"
    other = _header(":path", string_match={"safe_regex": {"regex": path}})
    health = _header(":path", string_match={"exact": rules.GATEWAY_HEALTH})
    known = _header(CLUSTER_HEADER, present_match=True)
    unreachable = rules.UNREACHABLE_CLUSTER.format(cluster=f"%REQ({CLUSTER_HEADER})%")
    retry = (("retry-after", str(rules.RETRY_AFTER)),)
    return [
        *_unauthenticated((mcp,), challenge_parameter(own_domain=own_domain)),
        *_unauthenticated(),
        _Case(HTTPStatus.FORBIDDEN, rules.OTHER_API, (refused_by_jwt_authn,), headers=_challenge(INSUFFICIENT_SCOPE)),
        _Case(HTTPStatus.FORBIDDEN, rules.NO_UPGRADE, (_details("upgrade_failed"),)),
        _Case(HTTPStatus.NOT_FOUND, rules.OTHER_CLUSTER, (unrouted, other), answer=HTTPStatus.FORBIDDEN),
        _Case(HTTPStatus.NOT_FOUND, rules.NOTHING_HERE, (unrouted,)),
        _Case(HTTPStatus.NOT_FOUND, rules.NOTHING_HERE, (_details("absolute_path_rejected"),)),
        _Case(HTTPStatus.BAD_REQUEST, rules.NO_HOST, (_details("missing_host_header"),)),
        _Case(HTTPStatus.METHOD_NOT_ALLOWED, BODY, headers=(("allow", rules.ALLOWED_METHODS),)),
        _Case(HTTPStatus.GATEWAY_TIMEOUT, rules.TOO_LONG, (_details("max_duration_timeout"),)),
        _Case(HTTPStatus.SERVICE_UNAVAILABLE, rules.ENDING, (health,)),
        _Case(HTTPStatus.SERVICE_UNAVAILABLE, unreachable, (known,), headers=retry),
        _Case(HTTPStatus.SERVICE_UNAVAILABLE, rules.UNREACHABLE, headers=retry),
    ]


def _grpc_mapper(case: _Case) -> Document:
    grpc = _header("content-type", string_match={"prefix": "application/grpc"})
    return _mapper(case, [grpc], {"text_format_source": {"inline_string": case.detail}})


def _problem_mapper(case: _Case) -> Document:
    answer = case.answer or case.status
    problem = {
        "type": "about:blank",
        "title": answer.phrase,
        "status": answer.value,
        "detail": case.detail,
        "instance": PATH,
    }
    return _mapper(case, [], {"json_format": problem, "content_type": "application/problem+json"})


def _mapper(case: _Case, conditions: list[Document], body: Document) -> Document:
    filters = [_status(case.status), *conditions, *case.conditions]
    mapper: Document = {
        "filter": {"and_filter": {"filters": filters}} if len(filters) > 1 else filters[0],
        "body_format_override": body,
    }
    if case.answer:
        mapper["status_code"] = case.answer.value
    if case.headers:
        mapper["headers_to_add"] = [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in case.headers
        ]
    return mapper


def _challenge(challenge: str) -> tuple[tuple[str, str], ...]:
    return (("www-authenticate", challenge),)


def _status(status: HTTPStatus) -> Document:
    # Envoy demands a runtime key here; nothing ever sets it.
    value = {"default_value": status.value, "runtime_key": "gatekey.unused"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _header(name: str, **match: object) -> Document:
    return {"header_filter": {"header": {"name": name, **match}}}


def _details(prefix: str) -> Document:
    """The test of how Envoy names the cause of its answer."""
    expression = f"response.code_details.startsWith('{prefix}')"
    name = "envoy.access_loggers.extension_filters.cel"
    config = typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=expression)
    return {"extension_filter": extension(name, config)}
