import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from gatekey.server.certificates.authority import (
    LIFE,
    RENEWAL,
    Pair,
    belong_together,
    is_good,
    issue,
    make_authority,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NAMES = ["localhost", "::1", "*.zeebe.camunda.example.org"]


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make_authority("a machine", NOW)


@pytest.fixture(scope="module")
def served(authority: Pair) -> Pair:
    return issue(authority, NAMES, NOW)


def test_what_it_signs_is_a_server_certificate_for_the_names(served: Pair) -> None:
    extensions = x509.load_pem_x509_certificate(served.certificate).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert ["localhost", "*.zeebe.camunda.example.org"] == names.get_values_for_type(x509.DNSName)
    assert [ipaddress.ip_address("::1")] == names.get_values_for_type(x509.IPAddress)
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ExtendedKeyUsageOID.SERVER_AUTH in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value


def test_the_authority_can_sign_servers_and_no_other_authority(authority: Pair) -> None:
    constraints = x509.load_pem_x509_certificate(authority.certificate).extensions.get_extension_for_class(
        x509.BasicConstraints
    )

    assert (True, True, 0) == (constraints.critical, constraints.value.ca, constraints.value.path_length)


def test_two_authorities_are_two(authority: Pair) -> None:
    other = make_authority("a machine", NOW)

    assert authority.key != other.key
    assert not is_good(issue(other, NAMES, NOW).certificate, authority.certificate, NAMES, NOW)


def test_a_certificate_is_good_until_its_renewal_is_due(authority: Pair, served: Pair) -> None:
    due = NOW + LIFE - RENEWAL

    assert is_good(served.certificate, authority.certificate, NAMES, due - timedelta(seconds=1))
    assert not is_good(served.certificate, authority.certificate, NAMES, due)


def test_a_certificate_that_lacks_a_name_is_not_good(authority: Pair, served: Pair) -> None:
    assert is_good(served.certificate, authority.certificate, NAMES[:1], NOW)
    assert not is_good(served.certificate, authority.certificate, [*NAMES, "other.example.org"], NOW)


def test_a_certificate_without_names_is_not_good(authority: Pair) -> None:
    assert not is_good(authority.certificate, authority.certificate, ["localhost"], NOW)


def test_a_key_belongs_to_its_own_certificate_only(authority: Pair, served: Pair) -> None:
    assert belong_together(served)
    assert not belong_together(Pair(served.certificate, authority.key))


def test_the_key_does_not_show(authority: Pair) -> None:
    assert "PRIVATE" not in repr(authority)
