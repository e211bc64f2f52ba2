from dataclasses import replace

import pytest

from gatekey.server.gateway.policy.apis import OPERATE, ZEEBE
from gatekey.server.gateway.policy.hosts import Host, hosts_of, meant_by, shared_hosts, suffixes_of
from gatekey.server.gateway.policy.model import Address, GatewayView, GuardedCluster

ONE = GuardedCluster("aaaaaaaa-0000-4000-8000-00000000000a", "bru-2", Address("localhost", 26500))
TWO = GuardedCluster("bbbbbbbb-0000-4000-8000-00000000000b", "syd-1", Address("localhost", 26501))
VIEW = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "Example.org", hosts=True, clusters=(ONE, TWO))


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        (f"{ONE.cluster_id}.bru-2.zeebe.example.org:443", ONE),
        (f"{ONE.cluster_id.upper()}.BRU-2.zeebe.EXAMPLE.org", ONE),
        (f"{TWO.cluster_id}.syd-1.zeebe.example.org", TWO),
        (f"{TWO.cluster_id}.bru-2.zeebe.example.org", Host.FOREIGN),
        (f"x.{ONE.cluster_id}.bru-2.zeebe.example.org", Host.FOREIGN),
        ("other.zeebe.example.org", Host.FOREIGN),
        ("bru-2.zeebe.example.org:443", Host.SHARED),
        ("syd-1.zeebe.example.org", Host.SHARED),
        ("zeebe.example.org", Host.SHARED),
        ("bru-2.api.example.org:443", Host.SHARED),
        ("ont-1.api.example.org", Host.FOREIGN),
        (f"{ONE.cluster_id}.bru-2.api.example.org", Host.FOREIGN),
        (f"{ONE.cluster_id}.bru-2.privateconnectivity.example.org", ONE),
        (f"{ONE.cluster_id}.syd-1.privateconnectivity.example.org", Host.FOREIGN),
        ("bru-2.privateconnectivity.example.org", Host.FOREIGN),
        ("bru-2.operate.example.org:443", Host.SHARED),
        ("ont-1.operate.example.org", Host.FOREIGN),
        (f"{ONE.cluster_id}.bru-2.tasklist.example.org", Host.FOREIGN),
        ("optimize.example.org", Host.SHARED),
        ("localhost:26600", Host.SHARED),
        ("", Host.SHARED),
    ],
)
def test_a_host_means_a_cluster_or_all_or_none(authority: str, expected: GuardedCluster | Host) -> None:
    assert expected == meant_by(VIEW, authority)


def test_without_an_own_domain_every_host_is_shared() -> None:
    view = replace(VIEW, hosts=False)

    assert Host.SHARED == meant_by(view, f"{ONE.cluster_id}.bru-2.zeebe.example.org")


def test_each_region_has_the_shared_hosts_of_each_api() -> None:
    view = replace(VIEW, clusters=(ONE, TWO, replace(ONE, cluster_id="other")))

    zeebe, newer = (tuple(f"{region}.{word}.example.org" for region in ("bru-2", "syd-1")) for word in ("zeebe", "api"))
    assert (*zeebe, *newer) == shared_hosts(view)
    assert ("bru-2.operate.example.org", "syd-1.operate.example.org") == shared_hosts(view, OPERATE)
    own = f"{ONE.cluster_id}.bru-2"
    assert (f"{own}.zeebe.example.org", f"{own}.privateconnectivity.example.org") == hosts_of(ONE, view)
    assert (".zeebe.example.org", ".api.example.org", ".privateconnectivity.example.org") == suffixes_of(view, ZEEBE)
