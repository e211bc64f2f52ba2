"""What the gateway has to know of an installation."""

from collections.abc import Iterable, Mapping

from gatekey.server.clusters.model import Cluster
from gatekey.server.gateway.policy.model import AccessLog, Address, GatewayView
from gatekey.server.gateway.policy.revocations import Subject
from gatekey.server.run.installation import Installation
from gatekey.server.run.translating import guarded_cluster


def gateway_view(
    installation: Installation, clusters: Iterable[Cluster], keys: str, revocations: Mapping[Subject, int] | None = None
) -> GatewayView:
    """
    Return what the gateway has to know; `keys` is the key set as JSON text.

    Whoever looks tokens up anyway (and so refuses revoked ones) needs no `revocations` here.
    """
    site = installation.site
    host, _, port = installation.settings.gateway.rpartition(":")
    return GatewayView(
        listen=Address(host.strip("[]"), int(port)),
        issuer=site.issuer,
        keys=keys,
        domain=site.audience_domain,
        hosts=site.domain is not None,
        clusters=tuple(guarded_cluster(cluster) for cluster in clusters),
        revocations=revocations or {},
        stream_life=installation.settings.stream_life,
        certificate=installation.tls.files if installation.tls else None,
        access_log=AccessLog(installation.settings.access_log),
    )
