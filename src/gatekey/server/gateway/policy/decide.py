"""Decide about one call: the rules of the gateway as a function."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatekey.server.gateway.policy import rules
from gatekey.server.gateway.policy.apis import (
    OPTIMIZE,
    READY,
    ZEEBE,
    RestApi,
    api_at_path,
    audiences,
    audiences_at,
    offers,
)
from gatekey.server.gateway.policy.hosts import Host, api_at_host, meant_by
from gatekey.server.gateway.policy.model import (
    Allowed,
    Api,
    Claims,
    Denied,
    GatewayView,
    GuardedCluster,
    Kind,
    RequestHead,
)
from gatekey.server.gateway.policy.revocations import Named, Subject

_SLASHES = re.compile(r"/{2,}")
_AMBIGUOUS_PATH = re.compile(rules.AMBIGUOUS_PATH)
_AMBIGUOUS_HOST = re.compile(rules.AMBIGUOUS_HOST)
_CLUSTER_PREFIX = re.compile(rf"/({rules.UUID})(?=/|$)")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as it is looked at: `path` whole, `below` without the word of the API, both without repeated slashes."""

    head: RequestHead
    api: RestApi
    path: str
    below: str
    query: str

    @property
    def named_cluster(self) -> str | None:
        """The cluster id in the path."""
        prefix = _CLUSTER_PREFIX.match(self.below)
        return prefix[1] if prefix else None

    @property
    def rest(self) -> str:
        """The path without word and cluster."""
        return _CLUSTER_PREFIX.sub("", self.below, count=1)


def decide(view: GatewayView, head: RequestHead, claims: Claims | None) -> Allowed | Denied:
    """
    Return where a call goes or why it is refused.

    `claims` is None when no token came. A bad token never gets here: whoever verifies tokens refuses it.
    """
    call = _look_at(view, head)
    if claims is None:
        return _decide_open(view, call)
    refused = _refuse_token(view, call, claims) or _refuse_place(view, call, claims)
    if refused:
        return refused
    cluster = view.by_id.get(claims.cluster_id or "")
    if cluster is None:
        return Denied(Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER, f"cluster {claims.cluster_id} is not configured")
    if not _meets(claims, audiences_at(view, call.api, cluster)):
        return _other_api(claims, call)
    return _decide_in_cluster(cluster, call)


def _refuse_token(view: GatewayView, call: _Call, claims: Claims) -> Denied | None:
    if not _meets(claims, audiences(view, call.api)):
        return _other_api(claims, call)
    if is_revoked(view, claims):
        return Denied(Kind.UNAUTHENTICATED, rules.REVOKED, f"revoked token of client {claims.client_id}")
    return None


def _refuse_place(view: GatewayView, call: _Call, claims: Claims) -> Denied | None:
    refused = _refuse_form(call.head)
    if refused:
        return refused
    host = meant_by(view, call.head.authority)
    if host is Host.FOREIGN:
        return _other_cluster(claims.cluster_id, f"host {call.head.authority}")
    if not offers(call.api, call.rest):
        return _nothing(call)
    if isinstance(host, GuardedCluster) and host.cluster_id != claims.cluster_id:
        return _other_cluster(claims.cluster_id, f"host {call.head.authority}")
    return None


def is_revoked(view: GatewayView, claims: Claims) -> bool:
    """
    Say whether a token was revoked. One without a time of issue counts as old; one named itself is revoked at any
    time.
    """
    if claims.token_id is not None and Subject(Named.TOKEN, claims.token_id) in view.revocations:
        return True
    issued_at = claims.issued_at or 0
    return any(issued_at < view.revocations.get(subject, 0) for subject in _subjects(claims))


def _subjects(claims: Claims) -> Iterator[Subject]:
    if claims.credential_id is not None:
        yield Subject(Named.CREDENTIAL, claims.credential_id)
    if claims.client_id is not None:
        yield Subject(Named.CLIENT, claims.client_id)
        for audience in claims.audiences:
            yield Subject(Named.CLIENT, claims.client_id, audience)


def _look_at(view: GatewayView, head: RequestHead) -> _Call:
    path, mark, query = head.path.partition("?")
    path = _SLASHES.sub("/", path)
    api, below = api_at_host(view, head.authority), path
    if api is None:
        api, below = api_at_path(path)
    return _Call(head, api, path, below, mark + query)


def _decide_open(view: GatewayView, call: _Call) -> Allowed | Denied:
    is_ready = call.api is OPTIMIZE and call.rest == READY and not call.query
    if not (is_ready or call.path.startswith(rules.GRPC_HEALTH)):
        return Denied(Kind.UNAUTHENTICATED, rules.NO_TOKEN, "no token")
    refused = _refuse_form(call.head)
    if refused:
        return refused
    if not offers(call.api, call.rest):
        return _nothing(call)
    host = meant_by(view, call.head.authority)
    if is_ready:
        cluster = view.by_id.get(call.named_cluster or "")
        if cluster and host in {Host.SHARED, cluster}:
            return _pass(cluster, call, call.rest)
    else:
        of_host = rules.only_cluster(view) if host is Host.SHARED else host
        if call.head.grpc and isinstance(of_host, GuardedCluster):
            return _pass_grpc(of_host, call)
    return Denied(Kind.UNAUTHENTICATED, rules.NO_TOKEN, "health check that names no cluster")


def _decide_in_cluster(cluster: GuardedCluster, call: _Call) -> Allowed | Denied:
    is_grpc = call.head.grpc and call.path.startswith((rules.GRPC_SERVICE, rules.GRPC_HEALTH))
    if call.api is ZEEBE and is_grpc:
        return _pass_grpc(cluster, call)
    if call.named_cluster not in {None, cluster.cluster_id}:
        return _other_cluster(cluster.cluster_id, f"path of {call.named_cluster}")
    for called, root in call.api.paths:
        if call.rest == called or call.rest.startswith(f"{called}/"):
            return _pass(cluster, call, root + call.rest.removeprefix(called))
    return _nothing(call)


def _pass_grpc(cluster: GuardedCluster, call: _Call) -> Allowed | Denied:
    if cluster.grpc is None:
        return Denied(Kind.NOT_FOUND, rules.NO_GRPC, f"cluster {cluster.cluster_id} has no gRPC upstream")
    return Allowed(cluster.cluster_id, Api.GRPC, call.path + call.query)


def _pass(cluster: GuardedCluster, call: _Call, path: str) -> Allowed | Denied:
    if cluster.address_of(call.api.api) is None:
        return Denied(Kind.NOT_FOUND, rules.NO_REST, f"cluster {cluster.cluster_id} has no {call.api.api} upstream")
    return Allowed(cluster.cluster_id, call.api.api, path + call.query)


def _meets(claims: Claims, allowed: tuple[str, ...]) -> bool:
    return not set(allowed).isdisjoint(claims.audiences)


def _other_api(claims: Claims, call: _Call) -> Denied:
    return Denied(Kind.FORBIDDEN, rules.OTHER_API, f"audience {claims.audiences} used at {call.api.word}")


def _other_cluster(cluster_id: str | None, called: str) -> Denied:
    return Denied(Kind.FORBIDDEN, rules.OTHER_CLUSTER, f"token of cluster {cluster_id} used at {called}")


def _nothing(call: _Call) -> Denied:
    return Denied(Kind.NOT_FOUND, rules.NOTHING_HERE, f"no guarded API at {call.path}")


def _refuse_form(head: RequestHead) -> Denied | None:
    if _AMBIGUOUS_PATH.fullmatch(head.path) or _AMBIGUOUS_HOST.fullmatch(head.authority):
        return Denied(Kind.NOT_FOUND, rules.AMBIGUOUS, f"ambiguous path or host {head.authority}")
    if head.method == rules.TRACE:
        return Denied(Kind.METHOD_NOT_ALLOWED, rules.NO_TRACE, "TRACE")
    return None
