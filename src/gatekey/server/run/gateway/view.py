"""What the gateway has to know of an installation."""

from collections.abc import Iterable, Mapping

from gatekey.server.gateway.policy.model import AccessLog, Address, GatewayView, GuardedCluster
from gatekey.server.gateway.policy.revocations import Subject
from gatekey.server.run.installation import Installation


def gateway_view(
    installation: Installation,
    clusters: Iterable[GuardedCluster],
    keys: str,
    revocations: Mapping[Subject, int] | None = None,
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
        clusters=tuple(clusters),
        revocations=revocations or {},
        stream_life=installation.settings.stream_life,
        certificate=installation.tls.files if installation.tls else None,
        access_log=AccessLog(installation.settings.access_log),
        origins=installation.settings.cors_origins,
    )
