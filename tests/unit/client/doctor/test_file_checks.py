from random import Random

import pytest

from gatekey.client.config.reading import CredentialsFile
from gatekey.client.config.settings import SettingsPlace
from gatekey.client.doctor.file_checks import (
    READ_ALONE,
    check_client_id,
    check_client_secret,
    check_file,
    check_names,
    unreadable,
)
from gatekey.client.doctor.model import Check, CheckOutcome, CheckResult
from gatekey.errors import ConfigurationError
from gatekey.oauth.identifiers import make_client_id, make_secret

CHOOSE = Random(7).choice  # noqa: S311 - made-up secrets that can be made again
SECRET = make_secret("0123456789", CHOOSE)
CLIENT_ID = make_client_id(CHOOSE)
COMPLETE = dict.fromkeys(READ_ALONE, "x")


def place(**values: str) -> SettingsPlace:
    return SettingsPlace("my-app.env", values)


def test_an_unreadable_file_is_told_with_the_reasons_of_the_reader() -> None:
    finding = unreadable(ConfigurationError("Line 2 is odd.", hint="Download it again."))

    assert CheckResult(Check.FILE, CheckOutcome.WRONG, "Line 2 is odd.", "Download it again.") == finding


def test_a_file_that_only_its_owner_reads_is_fine() -> None:
    findings = list(check_file(CredentialsFile(place(A="1", B="2"), open_to_others=False)))

    assert [
        CheckResult(Check.FILE, CheckOutcome.FINE, "my-app.env has 2 names"),
        CheckResult(Check.PERMISSIONS, CheckOutcome.FINE, "only its owner can read the file"),
    ] == findings


def test_an_empty_file_that_all_can_read_is_told_with_both_cures() -> None:
    empty, open_to_all = check_file(CredentialsFile(place(), open_to_others=True))

    assert (CheckOutcome.WRONG, "my-app.env is empty") == (empty.outcome, empty.found)
    assert (CheckOutcome.WARNING, "chmod 600 my-app.env") == (open_to_all.outcome, open_to_all.cure)


def test_a_complete_file_serves_every_client() -> None:
    assert CheckOutcome.FINE is check_names(place(**COMPLETE)).outcome


@pytest.mark.parametrize("name", READ_ALONE)
def test_each_name_that_some_client_reads_alone_is_missed(name: str) -> None:
    finding = check_names(place(**COMPLETE | {name: " "}))

    assert CheckOutcome.WARNING is finding.outcome
    assert name in finding.found


def test_what_every_client_needs_is_missed_louder() -> None:
    finding = check_names(place(ZEEBE_CLIENT_ID="x"))

    assert CheckOutcome.WRONG is finding.outcome
    assert "token URL (ZEEBE_AUTHORIZATION_SERVER_URL or" in finding.found
    assert "client secret (" in finding.found
    assert "client id (" not in finding.found


@pytest.mark.parametrize("other", ["CAMUNDA_CLIENT_SECRET", "CAMUNDA_REST_ADDRESS"])
def test_two_names_that_disagree_are_wrong(other: str) -> None:
    finding = check_names(place(**COMPLETE | {other: "hidden"}))

    assert CheckOutcome.WRONG is finding.outcome
    assert other in finding.found
    assert "hidden" not in finding.found


@pytest.mark.parametrize(
    ("client_id", "secret", "outcome"),
    [
        (CLIENT_ID, SECRET, CheckOutcome.FINE),
        (CLIENT_ID[:-1], SECRET, CheckOutcome.WRONG),
        (CLIENT_ID[:-1] + "-", SECRET, CheckOutcome.WRONG),
        ("any~id", "of-another-server", CheckOutcome.FINE),
        ("any~id", "", CheckOutcome.FINE),
        ("two words", "of-another-server", CheckOutcome.WRONG),
        ("\u201cquoted\u201d", "of-another-server", CheckOutcome.WRONG),
        ("", SECRET, CheckOutcome.SKIPPED),
    ],
)
def test_a_client_id_is_judged_by_its_shape(client_id: str, secret: str, outcome: CheckOutcome) -> None:
    finding = check_client_id(place(ZEEBE_CLIENT_ID=client_id, ZEEBE_CLIENT_SECRET=secret))

    assert outcome is finding.outcome


@pytest.mark.parametrize(
    ("secret", "outcome", "word"),
    [
        (SECRET, CheckOutcome.FINE, "checksum is right"),
        (SECRET[:-1], CheckOutcome.WRONG, "63 characters instead of 64"),
        (SECRET[:30] + ("a" if SECRET[30] != "a" else "b") + SECRET[31:], CheckOutcome.WRONG, "checksum is wrong"),
        ("of-another-server", CheckOutcome.SKIPPED, "not one of Gatekey's"),
        ("two words", CheckOutcome.WRONG, "no client secret has"),
        ("", CheckOutcome.SKIPPED, "none"),
    ],
)
def test_a_secret_is_judged_by_its_checksum_and_never_shown(secret: str, outcome: CheckOutcome, word: str) -> None:
    finding = check_client_secret(place(ZEEBE_CLIENT_SECRET=secret))

    assert outcome is finding.outcome
    assert word in finding.found
    assert not secret or secret not in f"{finding.found} {finding.cure}"
