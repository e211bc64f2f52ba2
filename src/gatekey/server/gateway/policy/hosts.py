"""What a host name means: a cluster, an API, or nothing in particular."""

from dataclasses import dataclass
from enum import Enum, auto

from gatekey.server.gateway.policy.apis import OPERATE, OPTIMIZE, TASKLIST, ZEEBE, RestApi
from gatekey.server.gateway.policy.model import GatewayView, GuardedCluster


class Host(Enum):
    """The host names that mean no single cluster of ours."""

    SHARED = auto()
    """The path or the token names the cluster."""
    FOREIGN = auto()
    """The host has the form of a name that Camunda SaaS gives a cluster or an API, but nothing here has it."""


@dataclass(frozen=True, slots=True)
class HostForm:
    """
    One form of the host names that Camunda SaaS gives, `….<word>.<domain>`.

    `by_region`: `<region>` stands in front, and the path names the cluster. `by_cluster`: `<cluster>.<region>` does.
    """

    word: str
    api: RestApi
    by_region: bool = True
    by_cluster: bool = False

    def suffix(self, view: GatewayView) -> str:
        """Return how every host name of this form ends."""
        return f".{self.word}.{view.domain}".lower()


FORMS = (
    HostForm("zeebe", ZEEBE, by_cluster=True),
    HostForm("api", ZEEBE),  # Camunda's documented REST address from 8.9 on
    HostForm("privateconnectivity", ZEEBE, by_region=False, by_cluster=True),
    *(HostForm(api.word, api) for api in (OPERATE, TASKLIST, OPTIMIZE)),
)


def meant_by(view: GatewayView, authority: str) -> GuardedCluster | Host:
    """Return the cluster whose own host name `authority` is, or what else it means; the port does not matter."""
    host = _host(authority)
    form = _form_of(view, host)
    if form is None:
        return Host.SHARED
    front = host.removesuffix(form.suffix(view))
    if form.by_region and front in view.regions:
        return Host.SHARED
    cluster_id, _, region = front.partition(".")
    cluster = view.by_id.get(cluster_id)
    is_own = form.by_cluster and cluster is not None and cluster.region == region
    return cluster if is_own and cluster else Host.FOREIGN


def api_at_host(view: GatewayView, authority: str) -> RestApi | None:
    """Return the API that the host names; None where the path does, which is so on Zeebe's own hosts too."""
    form = _form_of(view, _host(authority))
    return None if form is None or form.api is ZEEBE else form.api


def hosts_of(cluster: GuardedCluster, view: GatewayView) -> tuple[str, ...]:
    """Return the host names that name `cluster`."""
    front = f"{cluster.cluster_id}.{cluster.region}".lower()
    return tuple(f"{front}{form.suffix(view)}" for form in FORMS if form.by_cluster)


def shared_hosts(view: GatewayView, api: RestApi = ZEEBE) -> tuple[str, ...]:
    """Return the host names of an API in the regions, under which the path names the cluster."""
    suffixes = [form.suffix(view) for form in FORMS if form.api is api and form.by_region]
    return tuple(f"{region}{suffix}".lower() for suffix in suffixes for region in view.regions)


def suffixes_of(view: GatewayView, *apis: RestApi) -> tuple[str, ...]:
    """Return how the host names of these APIs end."""
    return tuple(form.suffix(view) for form in FORMS if form.api in apis)


def _host(authority: str) -> str:
    return authority.lower().partition(":")[0]


def _form_of(view: GatewayView, host: str) -> HostForm | None:
    if not view.hosts:
        return None
    return next((form for form in FORMS if host.endswith(form.suffix(view))), None)
