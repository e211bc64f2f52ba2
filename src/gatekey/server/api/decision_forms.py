"""
How proxies ask whether a call may pass, and what each of them makes of the answer. Pure.

Every path reads the call from one place only. Were two places looked at, a caller could fill in the one that its proxy
leaves alone, and be judged by another call than the one it makes (cf. CVE-2026-40575).
"""

import json
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from starlette.types import Scope

from gatekey.http.asgi import Headers, header
from gatekey.http.problems import problem_details
from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.model import Allowed, Denied, Kind, RequestHead


class Form(Enum):
    """The ways to ask; the values are our paths."""

    ORIGINAL = b"/gateway/decision"
    """The call is in `X-Original-URI` and `X-Original-Host`: HAProxy, and any proxy that can set headers."""
    NGINX = b"/gateway/decision/nginx"
    """The same for nginx, whose auth_request passes on no refusals but 401 and 403, and no body."""
    FORWARDED = b"/gateway/decision/forwarded"
    """The call is in `X-Forwarded-Uri` and `X-Forwarded-Host`: Traefik and Caddy."""
    PREFIXED = b"/gateway/decision/path"
    """The call's path follows this one and its host is the host: Envoy's ext_authz over HTTP."""


HEADERS = {
    Form.ORIGINAL: (b"x-original-uri", b"x-original-host", b"x-original-method"),
    Form.NGINX: (b"x-original-uri", b"x-original-host", b"x-original-method"),
    Form.FORWARDED: (b"x-forwarded-uri", b"x-forwarded-host", b"x-forwarded-method"),
}
"""Where the call's path with its query, its host and its method stand."""

LOST_SCOPE = "the client lost the token's scope"
"""The reason of a refusal that the guarded APIs' own rules do not know."""

INSTANCE_LIMIT = 300
"""Characters of a path that an answer repeats, six bytes each at most: nginx reads no more than 4 KiB of headers."""

_PINNED = re.compile(rf"(?:cluster=({rules.UUID}))?")
"""Our own query: a proxy that cannot choose the cluster by our answer names the one it would send the call to."""

_GRPC_MESSAGE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
"""Characters that stand for themselves in `grpc-message` (gRPC over HTTP/2, "Responses")."""


def form_of(raw_path: bytes) -> Form | None:
    """Return the form whose path was called."""
    if raw_path.startswith(Form.PREFIXED.value + b"/"):
        return Form.PREFIXED
    return next((form for form in HEADERS if form.value == raw_path), None)


@dataclass(frozen=True, slots=True)
class Question:
    """
    What a proxy asks: the call, and the cluster that it will send it to whatever we answer, if it says so.

    `clear` is False when the proxy did not say which call, or said it twice.
    """

    call: RequestHead
    cluster_id: str | None
    clear: bool


def read_question(form: Form, scope: Scope) -> Question:
    """Return what is asked."""
    content_type = header(scope, b"content-type") or ""
    query = scope["query_string"].decode("latin-1")
    if form is Form.PREFIXED:
        path = scope["raw_path"].removeprefix(form.value).decode("latin-1")
        target = f"{path}?{query}" if query else path
        call = RequestHead(header(scope, b"host") or "", target, content_type, scope["method"])
        return Question(call, None, clear=bool(call.authority))
    uri, host, method = (header(scope, name) or "" for name in HEADERS[form])
    pinned = _PINNED.fullmatch(query)
    return Question(
        RequestHead(host, uri, content_type, method),
        cluster_id=pinned[1] if pinned else None,
        clear=bool(uri and host and pinned),
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """What a proxy hears."""

    status: int
    headers: Headers
    body: bytes


def let_pass(allowed: Allowed, client_id: str | None) -> Reply:
    """Return the answer that lets a call pass: where to, whose it is, and the one path that was decided about."""
    headers = [
        (b"x-gatekey-cluster", allowed.cluster_id.encode()),
        (b"x-gatekey-api", allowed.api.encode()),
        (b"x-gatekey-path", allowed.path.encode("latin-1")),
    ]
    if client_id is not None:
        headers.append((b"x-gatekey-client", client_id.encode()))
    return Reply(200, headers, b"")


def refuse(form: Form, call: RequestHead, denied: Denied) -> Reply:
    """Return the answer by which a proxy of this form tells the caller best why its call stops here."""
    status = denied.kind.http_status
    headers: list[tuple[bytes, bytes]] = [(b"x-gatekey-status", b"%d" % status)]
    challenge = _challenge(denied)
    if challenge:
        headers.append((b"www-authenticate", challenge.encode()))
    if denied.kind is Kind.UNAVAILABLE:
        headers.append((b"retry-after", b"%d" % rules.RETRY_AFTER))
    if denied.kind is Kind.METHOD_NOT_ALLOWED:
        headers.append((b"allow", rules.ALLOWED_METHODS.encode()))
    if call.grpc:
        return _grpc_refusal(form, denied, headers)
    instance = call.path.partition("?")[0][:INSTANCE_LIMIT]
    body = json.dumps(problem_details(status, denied.public, instance)).encode()
    headers.append((b"content-type", b"application/problem+json"))
    if form is Form.NGINX:
        headers.append((b"x-gatekey-problem", body))
    return Reply(_status(form, denied.kind), headers, body)


def _grpc_refusal(form: Form, denied: Denied, headers: list[tuple[bytes, bytes]]) -> Reply:
    if form is Form.PREFIXED:
        # Envoy makes the gRPC status of the HTTP status, and the message of the body.
        headers.append((b"content-type", b"text/plain"))
        return Reply(denied.kind.http_status, headers, denied.public.encode())
    headers += [
        (b"content-type", b"application/grpc"),
        (b"grpc-status", b"%d" % denied.kind.grpc_status),
        (b"grpc-message", quote(denied.public, safe=_GRPC_MESSAGE).encode()),
    ]
    return Reply(_status(form, denied.kind), headers, b"")


def _status(form: Form, kind: Kind) -> int:
    """Nginx takes everything but 401 and 403 for a fault of ours; the true status is in a header."""
    unknown = form is Form.NGINX and kind in {Kind.NOT_FOUND, Kind.METHOD_NOT_ALLOWED}
    return Kind.FORBIDDEN.http_status if unknown else kind.http_status


def _challenge(denied: Denied) -> str:
    """Return what `WWW-Authenticate` says of a refusal (RFC 6750 section 3)."""
    if denied.public == rules.OTHER_API or denied.reason == LOST_SCOPE:
        return 'Bearer error="insufficient_scope"'
    if denied.kind is not Kind.UNAUTHENTICATED:
        return ""
    return "Bearer" if denied.public == rules.NO_TOKEN else 'Bearer error="invalid_token"'
