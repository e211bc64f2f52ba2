"""
Calls from web pages (CORS): the answer to a browser's preflight, and the headers that let a page read answers.

Envoy's own filter would do neither here: it looks at routes to upstreams only, and before a token is verified there is
none. So a preflight is a direct response, and the headers are put on every answer, refusals too.
"""

import re

from gatekey.server.gateway.envoy.resources import Document, extension, typed
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.origins import EVERY

HEADERS = "authorization, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id"
"""What a page may send beside the headers that are always allowed; the last three are those of MCP."""

READABLE_HEADERS = "www-authenticate, retry-after, mcp-session-id"
REMEMBERED_SECONDS = 600
"""How long a browser remembers an answer; the longest that all of them heed."""


def compile_cors_filter(origins: tuple[str, ...]) -> list[Document]:
    """Return the filter that lets pages of `origins` read answers; none without origins."""
    if not origins:
        return []
    headers = {
        "access-control-allow-origin": "%REQ(ORIGIN)%",
        "access-control-expose-headers": READABLE_HEADERS,
        "vary": "origin",
    }
    mutations = [{"append": _added(name, value)} for name, value in headers.items()]
    config = typed(
        "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", mutations={"response_mutations": mutations}
    )
    skip = extension("skip", typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter"))
    matchers = [{"predicate": {"not_matcher": _of_page(origins)}, "on_match": {"action": skip}}]
    matched = typed(
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        extension_config=extension("cors", config),
        xds_matcher={"matcher_list": {"matchers": matchers}},
    )
    return [extension("cors", matched)]


def compile_preflight(origins: tuple[str, ...]) -> list[Document]:
    """Return the answer to preflights (Fetch standard, section 4.8) as a matcher of a virtual host."""
    if not origins:
        return []
    method, asked = _fits(":method", "OPTIONS"), _fits("access-control-request-method", ".+")
    allowed = {
        "access-control-allow-methods": rules.ALLOWED_METHODS,
        "access-control-allow-headers": HEADERS,
        "access-control-max-age": str(REMEMBERED_SECONDS),
    }
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 204},
        "response_headers_to_add": [_added(name, value) for name, value in allowed.items()],
    }
    action = extension("preflight", typed("envoy.config.route.v3.RouteList", routes=[route]))
    predicate = {"and_matcher": {"predicate": [method, asked, _of_page(origins)]}}
    return [{"predicate": predicate, "on_match": {"action": action}}]


def _of_page(origins: tuple[str, ...]) -> Document:
    return _fits("origin", ".+" if EVERY in origins else "|".join(map(re.escape, origins)))


def _fits(header: str, regex: str) -> Document:
    given = extension(header, typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=header))
    value = {"safe_regex": {"google_re2": {}, "regex": regex}}
    return {"single_predicate": {"input": given, "value_match": value}}


def _added(name: str, value: str) -> Document:
    return {"header": {"key": name, "value": value}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
