"""How clients reach a cluster, by host as in Camunda SaaS or by path on one host."""

from dataclasses import dataclass
from pathlib import PurePath

from gatekey.oauth.addresses import ClusterAddresses
from gatekey.oauth.vocabulary import DEFAULT_DOMAIN
from gatekey.server.clusters.model import Cluster

BUNDLE = "bundle.pem"
"""`gatekey.server.certificates` writes it."""


@dataclass(frozen=True, slots=True)
class Site:
    """
    Where this installation stands: `public_url` (no trailing slash), `gateway` as host:port, its own `domain` if any.

    `tls`: whether the gateway speaks it; `authority` is the file of the local certificate authority, if there is one.
    """

    public_url: str
    gateway: str
    domain: str | None = None
    tls: bool = False
    authority: str | None = None

    @property
    def bundle(self) -> str | None:
        """The file that stands beside the authority's: the same with the machine's authorities."""
        return str(PurePath(self.authority).with_name(BUNDLE)) if self.authority else None

    @property
    def issuer(self) -> str:
        """The `iss` of every token (RFC 8414 section 2): the public URL, character by character."""
        return self.public_url

    @property
    def audience_domain(self) -> str:
        """The domain of audiences; without an own one, the one that clients have built in."""
        return self.domain or DEFAULT_DOMAIN


def addresses_of(cluster: Cluster, site: Site) -> ClusterAddresses:
    """
    Return every address of a cluster: SaaS host names under an own domain, otherwise paths on the gateway's one
    host.
    """
    if site.domain is None:
        return _by_path(cluster, site)
    return _by_host(cluster, site, site.domain)


def _by_path(cluster: Cluster, site: Site) -> ClusterAddresses:
    base, grpc = (f"https://{site.gateway}", "grpcs") if site.tls else (f"http://{site.gateway}", "grpc")
    return ClusterAddresses(
        cluster_id=cluster.cluster_id,
        region=cluster.region,
        zeebe=site.gateway,
        grpc=f"{grpc}://{site.gateway}",  # @camunda8/sdk dies at load on any scheme but grpc and grpcs
        rest=f"{base}/{cluster.cluster_id}",
        tasklist=f"{base}/tasklist/{cluster.cluster_id}",
        operate=f"{base}/operate/{cluster.cluster_id}",
        optimize=f"{base}/optimize/{cluster.cluster_id}",
        secrets=f"{site.public_url}/secrets",
        token_url=f"{site.public_url}/oauth/token",
        domain=None,
        authority=site.authority if _is_local(site.gateway) else None,
        bundle=site.bundle if _is_local(site.gateway) else None,
    )


def _is_local(gateway: str) -> bool:
    """Say whether only programs of this machine call the gateway: to others a path of this machine means nothing."""
    return gateway.rpartition(":")[0] in {"localhost", "127.0.0.1", "[::1]"}


def _by_host(cluster: Cluster, site: Site, domain: str) -> ClusterAddresses:
    def api(word: str) -> str:
        return f"https://{cluster.region}.{word}.{domain}/{cluster.cluster_id}"

    zeebe = f"{cluster.cluster_id}.{cluster.region}.zeebe.{domain}:443"
    return ClusterAddresses(
        cluster_id=cluster.cluster_id,
        region=cluster.region,
        zeebe=zeebe,
        grpc=f"grpcs://{zeebe}",
        rest=api("zeebe"),
        tasklist=api("tasklist"),
        operate=api("operate"),
        optimize=api("optimize"),
        secrets=f"{site.public_url}/secrets",
        token_url=f"{site.public_url}/oauth/token",
        domain=domain,
    )
