import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.server.clusters.decide import (
    check_api_upstreams,
    check_cluster,
    check_secret,
    check_upstream_tls,
    check_upstreams,
)
from gatekey.server.clusters.model import ApiUpstreams, Refused, UpstreamTls


@pytest.mark.parametrize(
    ("name", "region"), [("local", "local"), ("My cluster 2", "bru-2"), ("a" * 50, "a" * 32), ("0", "0")]
)
def test_plain_clusters_are_taken(name: str, region: str) -> None:
    assert check_cluster(name, region) is None


@pytest.mark.parametrize(
    "name", ["", " ", "a" * 51, "-a", " a", "a\n", "a\tb", "a/b", "<b>", "ü", "a\0", "\u202ea", "\ud800"]
)
def test_strange_cluster_names_are_refused(name: str) -> None:
    assert isinstance(check_cluster(name, "local"), Refused)


@pytest.mark.parametrize(
    "region", ["", "-a", "a-", "A", "a.b", "a b", "a_b", "a" * 33, "a\n", "ü", "a/b", "a:1", "*", "\ud800"]
)
def test_a_region_is_one_label_of_a_host_name(region: str) -> None:
    """
    RFC 1123 section 2.1.
    """
    assert isinstance(check_cluster("local", region), Refused)


@pytest.mark.parametrize("name", ["A", "MY_TOKEN", "a.b/c-d_e", "0", "a" * 49])
@pytest.mark.parametrize("value", ["", "x", "ü\n'\"\0", "a" * 65_536])
def test_plain_secrets_are_taken(name: str, value: str) -> None:
    assert check_secret(name, value) is None


@pytest.mark.parametrize(
    "name", ["", "a" * 50, "_a", "a_", "a__b", "a b", "a\n", "{{a}}", "a$b", "ü", "a//b", "../a", "a\0", "\ud800"]
)
def test_secret_names_that_connectors_cannot_find_are_refused(name: str) -> None:
    assert isinstance(check_secret(name, "a-value"), Refused)


@pytest.mark.parametrize("value", ["a" * 65_537, "ü" * 32_769])
def test_a_secret_value_is_measured_in_bytes(value: str) -> None:
    refused = check_secret("A", value)

    assert isinstance(refused, Refused)
    assert value not in f"{refused}"


def test_a_value_that_cannot_be_written_in_utf_8_is_refused() -> None:
    """
    A terminal that is not UTF-8 hands such text over: its bytes would be lost.
    """
    assert isinstance(check_secret("A", "\udcff"), Refused)


@given(st.text(st.characters(exclude_categories=[]), max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_decisions(name: str, value: str) -> None:
    check_cluster(name, name)
    check_secret(name, value)


@pytest.mark.parametrize("upstreams", [("grpcs://zeebe:443", None), ("zeebe:26500", "https://zeebe")])
def test_upstreams_with_tls_may_want_authorities_a_name_and_a_client_certificate(upstreams: tuple[str | None]) -> None:
    assert check_upstream_tls(UpstreamTls("ca.pem", "zeebe.example.org", "client.pem", "client.key"), upstreams) is None


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (UpstreamTls(certificate="client.pem"), "belong together"),
        (UpstreamTls(key="client.key"), "belong together"),
        (UpstreamTls(server_name="-"), "host name"),
        (UpstreamTls(server_name="a b"), "host name"),
    ],
)
def test_half_a_certificate_and_strange_names_are_refused(tls: UpstreamTls, words: str) -> None:
    refused = check_upstream_tls(tls, ["https://zeebe"])

    assert isinstance(refused, Refused)
    assert words in refused.public


def test_tls_needs_an_upstream_that_speaks_it_and_none_is_fine_anywhere() -> None:
    assert isinstance(check_upstream_tls(UpstreamTls(authorities="ca.pem"), ["zeebe:26500", None]), Refused)
    assert check_upstream_tls(UpstreamTls(), ["zeebe:26500", None]) is None


@pytest.mark.parametrize("grpc", ["zeebe:26500", "grpcs://zeebe", "http://[::1]:26500"])
@pytest.mark.parametrize("rest", ["http://localhost:8080", "https://zeebe.example.org/base"])
def test_upstreams_that_can_be_called_are_taken(grpc: str, rest: str) -> None:
    assert check_upstreams(grpc, rest) is None
    assert check_api_upstreams(ApiUpstreams(operate=rest)) is None


@pytest.mark.parametrize(
    ("grpc", "rest", "field"),
    [
        ("zeebe", "http://zeebe", "grpc"),
        ("zeebe:x", "http://zeebe", "grpc"),
        ("ftp://zeebe:1", "http://zeebe", "grpc"),
        ("zeebe:1", "zeebe:1", "rest"),
        ("zeebe:1", "http://user@zeebe", "rest"),
        ("zeebe:1", "http://zeebe?a=b", "rest"),
        ("zeebe:1", "http://[zeebe", "rest"),
    ],
)
def test_upstreams_that_cannot_be_called_are_refused_by_name(grpc: str, rest: str, field: str) -> None:
    refused = check_upstreams(grpc, rest)

    assert isinstance(refused, Refused)
    assert field == refused.field


@pytest.mark.parametrize("api", ["operate", "tasklist", "optimize"])
def test_a_url_of_another_api_that_cannot_be_called_is_refused_by_name(api: str) -> None:
    refused = check_api_upstreams(ApiUpstreams(**{api: "localhost:8081"}))

    assert isinstance(refused, Refused)
    assert api == refused.field
