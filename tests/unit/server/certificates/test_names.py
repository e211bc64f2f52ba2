import pytest

from gatekey.server.certificates.names import is_numeric, wanted_names


def test_a_certificate_is_good_for_this_machine_in_all_its_names() -> None:
    places = [
        "localhost:8400",
        "0.0.0.0:26600",
        "[::]:1",
        "*:1",
        "[2001:db8::1]:8400",
        "Box.Example.org.",
        "10.0.0.7:1",
    ]
    names = wanted_names(places, None, [])

    assert ("localhost", "127.0.0.1", "::1", "2001:db8::1", "box.example.org", "10.0.0.7") == names


def test_an_own_domain_brings_wildcards_for_the_hosts_of_camunda_saas() -> None:
    names = wanted_names([], "camunda.example.org", ["bru-2", "local", "bru-2"])

    assert {
        "camunda.example.org",
        "*.camunda.example.org",
        "*.zeebe.camunda.example.org",
        "*.api.camunda.example.org",
        "*.operate.camunda.example.org",
        "*.tasklist.camunda.example.org",
        "*.optimize.camunda.example.org",
        "*.cloud.camunda.example.org",
        "*.bru-2.zeebe.camunda.example.org",
        "*.local.zeebe.camunda.example.org",
        "*.bru-2.privateconnectivity.camunda.example.org",
        "*.local.privateconnectivity.camunda.example.org",
    } == {name for name in names if "camunda" in name}


@pytest.mark.parametrize(
    ("name", "numeric"), [("127.0.0.1", True), ("::1", True), ("localhost", False), ("*.a", False)]
)
def test_addresses_are_told_from_names(name: str, numeric: bool) -> None:  # noqa: FBT001 - a table's column
    assert numeric == is_numeric(name)
