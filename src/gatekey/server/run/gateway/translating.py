"""What one context knows, in the words of another: `app` plugs neighbours together with these."""

from typing import assert_never

from gatekey.server.clusters.model import Cluster
from gatekey.server.gateway.policy.model import GuardedCluster, UpstreamTls, read_address
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject
from gatekey.server.tokens.revocation import Kind, Revocation, read_scope


def guarded_cluster(cluster: Cluster) -> GuardedCluster:
    """Return a cluster in the words of the gateway."""
    tls = cluster.tls
    apis = (cluster.apis.operate, cluster.apis.tasklist, cluster.apis.optimize)
    return GuardedCluster(
        cluster.cluster_id,
        cluster.region,
        read_address(cluster.grpc_upstream),
        read_address(cluster.rest_upstream),
        *(None if url is None else read_address(url) for url in apis),
        tls=UpstreamTls(
            tls.authorities, tls.server_name, (tls.certificate, tls.key) if tls.certificate and tls.key else None
        ),
    )


def guarded_revocation(revocation: Revocation, domain: str, *, for_ever: bool) -> tuple[Subject, int]:
    """
    Return a revocation in the words of the gateway; `for_ever` says that its client is gone for good, and `domain` is
    that of the audiences.
    """
    match revocation.kind:
        case Kind.TOKEN:
            return Subject(Named.TOKEN, revocation.subject), FOREVER
        case Kind.CREDENTIAL:
            return Subject(Named.CREDENTIAL, revocation.subject), revocation.before
        case Kind.CLIENT:
            before = FOREVER if for_ever else revocation.before
            return Subject(Named.CLIENT, revocation.subject), before
        case Kind.SCOPE:
            client_id, scope = read_scope(revocation.subject)
            return Subject(Named.CLIENT, client_id, f"{scope.audience_word}.{domain}"), revocation.before
        case never:
            assert_never(never)
