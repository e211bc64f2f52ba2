"""
Over the real directory of a real data folder.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk, jwt

from gatekey.errors import StorageUnavailable
from gatekey.oauth.client_authentication import Method, SecretCredential
from gatekey.oauth.identifiers import make_secret
from gatekey.oauth.secret_text import SecretText
from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import CREDENTIAL_CLAIM, Scope
from gatekey.server.clients.digest import digest_secret
from gatekey.server.clients.model import Created
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation
from gatekey.server.storage.directory import Directory
from gatekey.server.storage.stores.revocation_store import SqlSpentAssertions
from gatekey.server.tokens.assertions import AssertionCheck
from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.model import Granted, IssuingPolicy, Refusal, Refused
from gatekey.server.tokens.service import PREPARED_KINDS, TokenService
from support.service import add_client, installed

NOW = 1_900_000_000.9
ISSUER = "http://issuer.test"
SHIELD_KEY = b"the key of the storm shield"


def by_secret(client_id: str, secret: str) -> SecretCredential:
    return SecretCredential(client_id, SecretText(secret), Method.POST)


@dataclass
class Office:
    """
    A token service without a storm shield, with one client, and the installation around it.
    """

    installation: Installation
    directory: Directory
    service: TokenService
    created: Created

    def ask(self, audience: str | None = "zeebe.camunda.io", **changes: str) -> Granted | Refused:
        client_id = changes.get("client_id", self.created.client.client_id)
        secret = changes.get("secret", self.created.secret.reveal())
        return self.service.answer(TokenRequest(by_secret(client_id, secret), audience))

    def claims(self, granted: Granted | Refused) -> dict[str, Any]:
        """
        The claims as another implementation of JOSE reads and verifies them.
        """
        assert isinstance(granted, Granted), granted
        (key,) = self.directory.published_keys()
        return jwt.decode(granted.token.reveal(), jwk.RSAKey.import_key({**key.public_jwk()}), ["RS256"]).claims


@contextmanager
def opened_office(folder: Path) -> Iterator[Office]:
    with installed(folder) as installation:
        directory = open_directory(installation)
        policy = IssuingPolicy(ISSUER, 86_400, "camunda.io", frozenset({"localhost"}))
        ids = (f"jti-{number}" for number in itertools.count())
        assertions = AssertionCheck(SqlSpentAssertions(installation.database), frozenset({ISSUER}), lambda: NOW)
        pepper = installation.master.derive("client secrets")
        authentication = ClientAuthentication(directory, assertions, pepper, lambda: NOW)
        service = TokenService(authentication, directory, directory, policy, SHIELD_KEY, lambda: NOW, ids.__next__)
        yield Office(installation, directory, service, add_client(installation))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data") as office:
        yield office


def test_a_token_says_what_is_documented_and_nothing_else(office: Office) -> None:
    client = office.created.client

    claims = office.claims(office.ask())
    token_id = claims.pop("jti")

    assert re.fullmatch(r"jti-\d+", token_id)
    assert claims == {
        "iss": ISSUER,
        "sub": client.client_id,
        "aud": "zeebe.camunda.io",
        "client_id": client.client_id,
        "azp": client.client_id,
        "scope": client.cluster_id,
        "gty": "client-credentials",
        "iat": 1_900_000_000,
        "exp": 1_900_086_400,
        "https://camunda.com/clusterId": client.cluster_id,
        "https://camunda.com/orgId": client.organisation_id,
        "https://camunda.com/clientId": client.client_id,
        CREDENTIAL_CLAIM: office.created.secret_id,
    }


def test_the_answer_and_the_token_agree_about_the_end(office: Office) -> None:
    granted = office.ask()
    claims = office.claims(granted)
    assert isinstance(granted, Granted)

    assert office.service.policy.lifetime == granted.expires_in == claims["exp"] - claims["iat"]
    assert isinstance(granted.expires_in, int)
    assert granted.scope == claims["scope"] == office.created.client.cluster_id
    assert granted.audience == claims["aud"]


def test_without_the_storm_shield_two_tokens_of_the_same_second_differ(office: Office) -> None:
    """
    Java and Go conclude from an equal token that a 401 was not about the token.
    """
    first, second = office.ask(), office.ask()
    assert isinstance(first, Granted)
    assert isinstance(second, Granted)

    assert first.token != second.token


def test_the_header_names_key_and_algorithm(office: Office) -> None:
    granted = office.ask()
    assert isinstance(granted, Granted)
    (key,) = office.directory.published_keys()

    header = jwt.decode(granted.token.reveal(), jwk.RSAKey.import_key({**key.public_jwk()}), ["RS256"]).header

    assert {"alg": "RS256", "typ": "JWT", "kid": key.key_id} == header


@pytest.mark.parametrize(
    "audience",
    [
        "zeebe.camunda.io",
        "ZEEBE.camunda.io:443",
        "localhost",
        "localhost:26600",
        None,
        "{cluster}.local.zeebe.camunda.io",
    ],
)
def test_the_audience_stands_in_its_short_form_however_it_was_asked_for(office: Office, audience: str | None) -> None:
    asked = audience and audience.format(cluster=office.created.client.cluster_id)

    assert office.claims(office.ask(asked))["aud"] == "zeebe.camunda.io"


def test_wrong_unknown_and_deleted_look_the_same_from_outside(office: Office) -> None:
    deleted = add_client(office.installation, "deleted")
    office.installation.clients.delete(deleted.client.client_id, by="test")
    other = add_client(office.installation, "other")

    refusals = [
        office.ask(secret="wrong"),
        office.ask(secret=other.secret.reveal()),
        office.ask(client_id="unknown"),
        office.ask(client_id="\ud800"),
        office.ask(client_id=deleted.client.client_id, secret=deleted.secret.reveal()),
        office.ask(client_id=deleted.client.client_id, secret="wrong"),
        office.ask(client_id=other.client.client_id),
        office.ask("no audience of ours", secret="wrong"),
    ]

    assert {(Refusal.INVALID_CLIENT, "Client authentication failed.")} == {
        (refused.refusal, refused.public) for refused in refusals if isinstance(refused, Refused)
    }
    assert len(refusals) == sum(isinstance(refused, Refused) for refused in refusals)


def test_the_operator_is_told_which_it_was(office: Office) -> None:
    other = add_client(office.installation, "somebody-else")
    client_id = office.created.client.client_id

    refusals = [
        office.ask(secret="wrong"),
        office.ask(secret=other.secret.reveal()),
        office.ask(client_id="unknown"),
    ]

    assert [
        ("no secret of ours", client_id),
        ("wrong secret", client_id),
        ("unknown or deleted client", "unknown"),
    ] == [(refused.reason, refused.client_id) for refused in refusals if isinstance(refused, Refused)]


def test_nothing_but_the_secret_itself_is_the_secret(office: Office) -> None:
    text = office.created.secret.reveal()
    digest = digest_secret(office.service.authentication.pepper, text)
    forged = make_secret(office.created.secret_id, lambda alphabet: alphabet[0])

    tried = [
        digest.hex(),
        digest.decode("latin-1"),
        "",
        "\0" * 32,
        text[:-1],
        text + " ",
        text.lower(),
        text.swapcase(),
        office.created.secret_id,
        forged,
    ]

    assert not [given for given in tried if isinstance(office.ask(secret=given), Granted)]


def test_a_secret_that_cannot_be_written_in_utf_8_is_a_wrong_secret(office: Office) -> None:
    assert isinstance(office.ask(secret="\ud800" * 64), Refused)


def test_the_stored_digest_is_no_secret_under_an_empty_pepper(office: Office) -> None:
    emptied = replace(office.service, authentication=replace(office.service.authentication, pepper=b""))
    request = TokenRequest(by_secret(office.created.client.client_id, office.created.secret.reveal()))

    assert isinstance(emptied.answer(request), Refused)


def test_an_unknown_audience_is_told_only_to_those_who_proved_who_they_are(office: Office) -> None:
    refused = office.ask("api.cloud.camunda.io")
    assert isinstance(refused, Refused)

    assert Refusal.UNKNOWN_AUDIENCE == refused.refusal


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.ZEEBE])
def test_a_scope_that_was_not_granted_opens_nothing(office: Office, scope: Scope) -> None:
    refused = office.ask(f"{scope.audience_word}.camunda.io")
    assert isinstance(refused, Refused)

    assert Refusal.SCOPE_NOT_GRANTED == refused.refusal
    assert f"The client does not have the scope {scope.value}." == refused.public


def test_a_client_gets_a_token_for_each_of_its_scopes(office: Office) -> None:
    created = add_client(office.installation, "all", tuple(scope.value for scope in Scope))
    known = replace(office, created=created)

    audiences = [known.claims(known.ask(f"{scope.audience_word}.camunda.io"))["aud"] for scope in Scope]

    assert [f"{scope.value.lower()}.camunda.io" for scope in Scope] == audiences


def test_a_name_of_another_cluster_is_an_unknown_audience(office: Office) -> None:
    other = office.installation.clusters.create("other", "local", "localhost:1", "http://localhost:2", by="test")

    refused = office.ask(f"{getattr(other, 'cluster_id')}.local.zeebe.camunda.io")  # noqa: B009 - refusals have none
    assert isinstance(refused, Refused)

    assert Refusal.UNKNOWN_AUDIENCE == refused.refusal


def test_no_outcome_shows_the_token_or_the_secret(office: Office) -> None:
    granted = office.ask()
    assert isinstance(granted, Granted)

    assert granted.token.reveal() not in repr(granted)
    assert "eyJ" not in repr(granted)
    assert office.created.secret.reveal() not in repr(office.ask("unknown"))


def test_a_database_that_is_away_refuses_nobody(tmp_path: Path) -> None:
    with opened_office(tmp_path / "data") as office:
        office.installation.folder.database_path.rename(tmp_path / "away.db")

        with pytest.raises(StorageUnavailable):
            office.ask(secret="wrong")


def test_no_printing_of_the_service_shows_its_pepper_or_a_digest(office: Office) -> None:
    pepper = office.service.authentication.pepper
    known = office.directory.find(office.created.client.client_id)
    assert known is not None

    assert repr(pepper) not in repr(office.service)
    assert repr(SHIELD_KEY) not in repr(office.service)
    assert repr(digest_secret(pepper, office.created.secret.reveal())) not in repr(known)


def test_what_was_prepared_for_a_client_ends_with_what_the_directory_knew(office: Office) -> None:
    """
    A rotated secret, another lifetime, a deleted client: the next token says what is true then.
    """
    created = add_client(office.installation, "prepared")
    known = replace(office, created=created)
    first = known.claims(known.ask())
    prepared = len(office.service.kinds)
    again = known.claims(known.ask())
    add_client(office.installation, "newcomer")
    changed = known.claims(known.ask())
    kept = len(office.service.kinds)
    office.installation.clients.delete(created.client.client_id, by="test")

    assert [{**first, "jti": ""}] * 2 == [{**claims, "jti": ""} for claims in (again, changed)]
    assert (prepared, Refused) == (kept, type(known.ask()))


def test_a_worker_that_has_no_room_for_one_more_kind_of_token_drops_the_oldest(office: Office) -> None:
    created = add_client(office.installation, "one-more")
    known = replace(office, created=created)
    known.ask()
    (kind,) = [kind for kind in office.service.kinds.values() if kind.client.client_id == created.client.client_id]
    office.service.kinds.clear()
    office.service.kinds.update({(str(number), Scope.ZEEBE): kind for number in range(PREPARED_KINDS)})
    granted = known.ask()

    assert isinstance(granted, Granted)
    kinds = list(office.service.kinds)
    assert (PREPARED_KINDS, (created.secret_id, Scope.ZEEBE)) == (len(kinds), kinds[-1])
    assert ("0", Scope.ZEEBE) not in kinds
    assert ("1", Scope.ZEEBE) in kinds
