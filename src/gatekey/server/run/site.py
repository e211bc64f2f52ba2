"""Where the service is, for those who have to reach it."""

from typing import TYPE_CHECKING

from gatekey.server.clusters.addresses import Site
from gatekey.server.settings import Settings, reachable

if TYPE_CHECKING:
    from gatekey.server.certificates import TlsFolder


def site_of(settings: Settings, tls: "TlsFolder | None", remembered: Site | None) -> Site:
    """Return where the service is: as set, else as the last `gatekey serve` noted, else as the defaults say."""
    authority = None if tls is None or tls.authority is None else str(tls.authority)
    site = Site(settings.reached_url, settings.reached_gateway, settings.domain or None, tls is not None, authority)
    if remembered is None:
        return site
    given = settings.model_fields_set
    url = remembered.public_url
    if given & {"public_url", "tls"}:
        url = site.public_url
    elif "http" in given:
        # Where the service listens says nothing about TLS: the last start does.
        url = f"{'https' if remembered.tls else 'http'}://{reachable(settings.http)}"
    return Site(
        url,
        site.gateway if given & {"gateway", "gateway_address"} else remembered.gateway,
        site.domain if "domain" in given else remembered.domain,
        site.tls if "tls" in given else remembered.tls,
        site.authority if "tls" in given else remembered.authority,
    )
