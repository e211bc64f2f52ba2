from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatekey.oauth.vocabulary import Scope
from gatekey.server.clusters.addresses import Site, addresses_of
from gatekey.server.clusters.model import Cluster

ID = "00000000-0000-4000-8000-000000000001"
CLUSTER = Cluster(
    ID, "org", "local", "bru-2", "localhost:26500", "http://localhost:8080", datetime(2030, 1, 1, tzinfo=UTC)
)
ONE_HOST = Site("http://localhost:8400", "localhost:26600")
OWN_DOMAIN = Site("https://login.cloud.camunda.example.org", "gateway.example.org:443", "camunda.example.org")


def test_on_one_host_apis_are_told_apart_by_path() -> None:
    addresses = addresses_of(CLUSTER, ONE_HOST)

    assert (ID, "bru-2", None) == (addresses.cluster_id, addresses.region, addresses.domain)
    assert addresses.zeebe == "localhost:26600"
    assert addresses.grpc == "grpc://localhost:26600"
    assert addresses.rest == f"http://localhost:26600/{ID}"
    assert addresses.tasklist == f"http://localhost:26600/tasklist/{ID}"
    assert addresses.operate == f"http://localhost:26600/operate/{ID}"
    assert addresses.optimize == f"http://localhost:26600/optimize/{ID}"
    assert addresses.secrets == "http://localhost:8400/secrets"
    assert addresses.token_url == "http://localhost:8400/oauth/token"


def test_under_an_own_domain_hosts_are_named_as_in_camunda_saas() -> None:
    addresses = addresses_of(CLUSTER, OWN_DOMAIN)

    assert addresses.domain == "camunda.example.org"
    assert addresses.zeebe == f"{ID}.bru-2.zeebe.camunda.example.org:443"
    assert addresses.grpc == f"grpcs://{ID}.bru-2.zeebe.camunda.example.org:443"
    assert addresses.rest == f"https://bru-2.zeebe.camunda.example.org/{ID}"
    assert addresses.tasklist == f"https://bru-2.tasklist.camunda.example.org/{ID}"
    assert addresses.operate == f"https://bru-2.operate.camunda.example.org/{ID}"
    assert addresses.optimize == f"https://bru-2.optimize.camunda.example.org/{ID}"
    assert addresses.token_url == "https://login.cloud.camunda.example.org/oauth/token"


@pytest.mark.parametrize("site", [ONE_HOST, OWN_DOMAIN])
def test_no_url_ends_in_a_slash_or_carries_a_version(site: Site) -> None:
    """
    Clients add `/v2/...` themselves; an address with it would be called as /v2/v2.
    """
    addresses = addresses_of(CLUSTER, site)
    urls = [addresses.rest, addresses.tasklist, addresses.operate, addresses.optimize, addresses.token_url]

    assert not [url for url in urls if url.endswith("/") or "/v" in url]


def test_the_issuer_is_the_public_url_and_audiences_follow_the_domain() -> None:
    assert ONE_HOST.issuer == "http://localhost:8400"
    assert (ONE_HOST.audience_domain, OWN_DOMAIN.audience_domain) == ("camunda.io", "camunda.example.org")
    assert addresses_of(CLUSTER, replace(OWN_DOMAIN)).audience(Scope.SECRETS) == "secrets.camunda.example.org"
