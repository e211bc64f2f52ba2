from dataclasses import replace

import pytest

from gatekey.server.gateway.policy.decide import is_revoked
from gatekey.server.gateway.policy.model import Address, Claims, GatewayView
from gatekey.server.gateway.policy.revocations import FOREVER, Named, Subject

VIEW = GatewayView(Address("localhost", 26600), "http://issuer", "{}", "camunda.io")
CLAIMS = Claims(("zeebe.camunda.io",), "cluster", "client", "secret", "token", 100)


@pytest.mark.parametrize(
    ("subject", "before", "expected"),
    [
        (Subject(Named.TOKEN, "token"), 1, True),
        (Subject(Named.TOKEN, "other"), FOREVER, False),
        (Subject(Named.TOKEN, "secret"), FOREVER, False),
        (Subject(Named.CREDENTIAL, "secret"), 101, True),
        (Subject(Named.CREDENTIAL, "secret"), 100, False),
        (Subject(Named.CREDENTIAL, "client"), FOREVER, False),
        (Subject(Named.CLIENT, "client"), 101, True),
        (Subject(Named.CLIENT, "client"), 100, False),
        (Subject(Named.CLIENT, "client"), FOREVER, True),
        (Subject(Named.CLIENT, "client", "zeebe.camunda.io"), 101, True),
        (Subject(Named.CLIENT, "client", "operate.camunda.io"), FOREVER, False),
    ],
)
def test_a_revocation_concerns_what_it_names_and_what_was_issued_before(
    subject: Subject,
    before: int,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert expected == is_revoked(replace(VIEW, revocations={subject: before}), CLAIMS)


def test_a_token_that_does_not_say_when_it_was_issued_counts_as_old() -> None:
    view = replace(VIEW, revocations={Subject(Named.CLIENT, "client"): 1})

    assert is_revoked(view, replace(CLAIMS, issued_at=None))


def test_a_token_that_names_nobody_is_not_revoked() -> None:
    view = replace(VIEW, revocations={Subject(Named.CLIENT, "client"): FOREVER})

    assert not is_revoked(view, Claims(("zeebe.camunda.io",), "cluster"))
