"""What a host name means: a cluster, an API, or nothing in particular."""

from enum import Enum, auto

from gatekey.server.gateway.policy.apis import BESIDE_ZEEBE, ZEEBE, RestApi, audience
from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster


class Host(Enum):
    """The host names that mean no single cluster of ours."""

    SHARED = auto()
    """The path or the token names the cluster."""
    FOREIGN = auto()
    """The host has the form of a name that Camunda SaaS gives a cluster or an API, but nothing here has it."""


def meant_by(view: GatewayView, authority: str) -> GuardedCluster | Host:
    """Return the cluster whose own host name `authority` is, or what else it means; the port does not matter."""
    host = _host(authority)
    api = _api_in(view, host)
    if api is None:
        return Host.SHARED
    front = host.removesuffix(suffix_of(api, view))
    if front in view.regions:
        return Host.SHARED
    cluster_id, _, region = front.partition(".")
    cluster = view.by_id.get(cluster_id)
    return cluster if api is ZEEBE and cluster is not None and cluster.region == region else Host.FOREIGN


def api_at_host(view: GatewayView, authority: str) -> RestApi | None:
    """Return the API that the host names; None where the path does, which is so on Zeebe's own hosts too."""
    api = _api_in(view, _host(authority))
    return None if api is ZEEBE else api


def host_of(cluster: GuardedCluster, view: GatewayView) -> str:
    """Return the host name that names `cluster`, as Camunda SaaS forms it."""
    return f"{cluster.cluster_id}.{cluster.region}{suffix_of(ZEEBE, view)}".lower()


def shared_hosts(view: GatewayView, api: RestApi = ZEEBE) -> tuple[str, ...]:
    """Return the host names of an API in the regions, under which the path names the cluster."""
    return tuple(f"{region}{suffix_of(api, view)}".lower() for region in view.regions)


def suffix_of(api: RestApi, view: GatewayView) -> str:
    """Return how every host name of an API ends."""
    return f".{audience(view, api.scope)}".lower()


def _host(authority: str) -> str:
    return authority.lower().partition(":")[0]


def _api_in(view: GatewayView, host: str) -> RestApi | None:
    if not view.hosts:
        return None
    return next((api for api in (ZEEBE, *BESIDE_ZEEBE) if host.endswith(suffix_of(api, view))), None)
