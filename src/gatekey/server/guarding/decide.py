"""
Decide about one call: the rules of the gateway as a function.
"""

import re

from gatekey.server.guarding import rules
from gatekey.server.guarding.hosts import Host, meant_by
from gatekey.server.guarding.model import Allowed, Claims, Denied, GatewayView, GuardedCluster, Kind, RequestHead

_SLASHES = re.compile(r"/{2,}")
_AMBIGUOUS_PATH = re.compile(rules.AMBIGUOUS_PATH)
_AMBIGUOUS_HOST = re.compile(rules.AMBIGUOUS_HOST)
_CLUSTER_PREFIX = re.compile(rf"/({rules.UUID})(?=/|$)")


def decide(view: GatewayView, head: RequestHead, claims: Claims | None) -> Allowed | Denied:
    """
    Return where a call goes or why it is refused.

    `claims` is None when no token came. A bad token never gets here: whoever verifies tokens refuses it.
    """
    path = _SLASHES.sub("/", head.path.partition("?")[0])
    if claims is None:
        return _decide_open(view, head, path)
    if rules.audience(view) not in claims.audiences:
        return Denied(Kind.FORBIDDEN, rules.OTHER_API, f"audience {claims.audiences} instead of {rules.audience(view)}")
    if _is_ambiguous(head):
        return _ambiguous(head)
    host = meant_by(view, head.authority)
    if host is Host.FOREIGN or (isinstance(host, GuardedCluster) and host.cluster_id != claims.cluster_id):
        return _other_cluster(claims.cluster_id, f"host {head.authority}")
    for cluster in view.clusters:
        if cluster.cluster_id == claims.cluster_id:
            return _decide_in_cluster(cluster, head, path)
    return Denied(Kind.FORBIDDEN, rules.UNKNOWN_CLUSTER, f"cluster {claims.cluster_id} is not configured")


def _decide_open(view: GatewayView, head: RequestHead, path: str) -> Allowed | Denied:
    if not path.startswith(rules.GRPC_HEALTH):
        return Denied(Kind.UNAUTHENTICATED, rules.NO_TOKEN, "no token")
    if _is_ambiguous(head):
        return _ambiguous(head)
    host = meant_by(view, head.authority)
    cluster = rules.only_cluster(view) if host is Host.SHARED else host
    if head.grpc and isinstance(cluster, GuardedCluster):
        return _with_grpc(cluster)
    return Denied(Kind.UNAUTHENTICATED, rules.NO_TOKEN, "health check that names no cluster")


def _decide_in_cluster(cluster: GuardedCluster, head: RequestHead, path: str) -> Allowed | Denied:
    if head.grpc and path.startswith((rules.GRPC_SERVICE, rules.GRPC_HEALTH)):
        return _with_grpc(cluster)
    prefix = _CLUSTER_PREFIX.match(path)
    if prefix and prefix[1] != cluster.cluster_id:
        return _other_cluster(cluster.cluster_id, f"path of {prefix[1]}")
    rest = path[prefix.end() :] if prefix else path
    if any(rest == root or rest.startswith(f"{root}/") for root in rules.REST_ROOTS):
        return _with_rest(cluster)
    return Denied(Kind.NOT_FOUND, rules.NOTHING_HERE, f"no guarded API at {path}")


def _with_grpc(cluster: GuardedCluster) -> Allowed | Denied:
    if cluster.grpc is None:
        return Denied(Kind.NOT_FOUND, rules.NO_GRPC, f"cluster {cluster.cluster_id} has no gRPC upstream")
    return Allowed(cluster.cluster_id)


def _with_rest(cluster: GuardedCluster) -> Allowed | Denied:
    if cluster.rest is None:
        return Denied(Kind.NOT_FOUND, rules.NO_REST, f"cluster {cluster.cluster_id} has no REST upstream")
    return Allowed(cluster.cluster_id)


def _other_cluster(cluster_id: str | None, called: str) -> Denied:
    return Denied(Kind.FORBIDDEN, rules.OTHER_CLUSTER, f"token of cluster {cluster_id} used at {called}")


def _is_ambiguous(head: RequestHead) -> bool:
    return bool(_AMBIGUOUS_PATH.fullmatch(head.path) or _AMBIGUOUS_HOST.fullmatch(head.authority))


def _ambiguous(head: RequestHead) -> Denied:
    return Denied(Kind.NOT_FOUND, rules.AMBIGUOUS, f"ambiguous path or host {head.authority}")
