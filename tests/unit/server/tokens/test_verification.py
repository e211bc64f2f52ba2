"""
Over the real directory of a real data folder, with tokens forged by another implementation of JOSE.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekey.errors import StorageUnavailable
from gatekey.oauth.client_authentication import Method, SecretCredential
from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Created
from gatekey.server.run.compose import open_directory
from gatekey.server.run.installation import Installation
from gatekey.server.signing_keys.keys import SigningKey, encode_segment
from gatekey.server.storage.stores.revocation_store import SqlSpentAssertions
from gatekey.server.tokens.assertions import AssertionCheck
from gatekey.server.tokens.authentication import ClientAuthentication
from gatekey.server.tokens.model import Granted, IssuingPolicy
from gatekey.server.tokens.service import TokenService
from gatekey.server.tokens.verification import TOKEN_LIMIT, TokenCheck, Unverified, Verified
from support.service import add_client, installed

NOW = 1_900_000_000.0
POLICY = IssuingPolicy("http://issuer.test", 600, "camunda.io", frozenset())
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass
class Gate:
    """
    A check with one client that has two scopes, and a way to get tokens.
    """

    installation: Installation
    key: SigningKey
    check: TokenCheck
    service: TokenService
    created: Created

    def token(self, scope: Scope = Scope.SECRETS, **policy: Any) -> str:
        service = replace(self.service, policy=replace(POLICY, **policy))
        credential = SecretCredential(self.created.client.client_id, self.created.secret, Method.POST)
        request = TokenRequest(credential, f"{scope.value.lower()}.camunda.io")
        granted = service.answer(request)
        assert isinstance(granted, Granted)
        return granted.token.reveal()

    def claims(self) -> dict[str, Any]:
        return read(self.token().split(".")[1])

    def outcome(self, token: str, now: float = NOW) -> Verified | Unverified:
        return replace(self.check, now=lambda: now).check(token, Scope.SECRETS)


@contextmanager
def opened_gate(folder: Path) -> Iterator[Gate]:
    with installed(folder) as installation:
        directory = open_directory(installation)
        assertions = AssertionCheck(SqlSpentAssertions(installation.database), frozenset(), lambda: NOW)
        pepper = installation.master.derive("client secrets")
        authentication = ClientAuthentication(directory, assertions, pepper, lambda: NOW)
        service = TokenService(authentication, directory, directory, POLICY, b"", lambda: NOW, lambda: "a-token-id")
        check = TokenCheck(directory, directory, POLICY, lambda: NOW)
        created = add_client(installation, scopes=("Secrets", "Zeebe"))
        yield Gate(installation, directory.published_keys()[0], check, service, created)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with opened_gate(tmp_path_factory.mktemp("gate") / "data") as gate:
        yield gate


def read(segment: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return value


def write(value: object) -> str:
    return encode_segment(json.dumps(value).encode())


INVALID = Unverified("The access token is not valid.", forbidden=False)
EXPIRED = Unverified("The access token has expired.", forbidden=False)


def test_our_own_token_opens_its_api(gate: Gate) -> None:
    client = gate.check.directory.find(gate.created.client.client_id)
    assert client is not None
    token = gate.token()

    assert Verified(client, read(token.split(".")[1])) == gate.outcome(token)


def test_a_token_ends_at_the_second_it_names(gate: Gate) -> None:
    token = gate.token()

    assert isinstance(gate.outcome(token, NOW + 599.999), Verified)
    assert EXPIRED == gate.outcome(token, NOW + 600)
    assert EXPIRED == gate.outcome(token, NOW + 1e9)


def test_a_good_token_for_another_api_is_forbidden_and_not_invalid(gate: Gate) -> None:
    outcome = gate.outcome(gate.token(Scope.ZEEBE))

    assert Unverified("The access token is for another API than Secrets.", forbidden=True) == outcome


def test_a_token_of_another_issuer_is_invalid(gate: Gate) -> None:
    assert INVALID == gate.outcome(gate.token(issuer="http://issuer.test/"))
    assert INVALID == gate.outcome(gate.token(issuer="http://other.test"))


def test_a_deleted_clients_token_opens_nothing_at_once(gate: Gate) -> None:
    gate = replace(gate, created=add_client(gate.installation, "short-lived", ("Secrets",)))
    token = gate.token()
    gate.installation.clients.delete(gate.created.client.client_id, by="test")

    assert Unverified("The client of this access token was deleted.", forbidden=False) == gate.outcome(token)


def signed(gate: Gate, claims: dict[str, Any]) -> str:
    return gate.key.sign(json.dumps(claims).encode())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"exp": None}, EXPIRED),
        ({"exp": "1900000600"}, EXPIRED),
        ({"exp": 1900000600.5}, EXPIRED),
        ({"exp": -1}, EXPIRED),
        ({"exp": True}, EXPIRED),
        ({"iss": None}, INVALID),
        ({"iss": ["http://issuer.test"]}, INVALID),
        (
            {"aud": ["secrets.camunda.io"]},
            Unverified("The access token is for another API than Secrets.", forbidden=True),
        ),
        ({"aud": None}, Unverified("The access token is for another API than Secrets.", forbidden=True)),
        ({"client_id": None}, Unverified("The client of this access token was deleted.", forbidden=False)),
        ({"client_id": ["x"]}, Unverified("The client of this access token was deleted.", forbidden=False)),
        (
            {"https://camunda.com/clusterId": "00000000-0000-4000-8000-00000000000b"},
            Unverified("The client of this access token was deleted.", forbidden=False),
        ),
        (
            {"https://camunda.com/clusterId": None},
            Unverified("The client of this access token was deleted.", forbidden=False),
        ),
    ],
)
def test_signed_claims_that_we_never_wrote_open_nothing(
    gate: Gate, change: dict[str, Any], expected: Unverified
) -> None:
    assert expected == gate.outcome(signed(gate, {**gate.claims(), **change}))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS256", "RS512", "rs256", ["RS256"]])
def test_no_other_algorithm_is_believed(gate: Gate, algorithm: object) -> None:
    header, claims, signature = gate.token().split(".")
    forged = write({**read(header), "alg": algorithm})

    assert {INVALID} == {gate.outcome(f"{forged}.{claims}.{end}") for end in ("", signature, "AA")}


def test_the_public_key_is_no_shared_secret(gate: Gate) -> None:
    """
    The algorithm confusion of RFC 8725 section 2.1: HS256 keyed with what everybody can read.
    """
    public = gate.key.public_jwk()
    head, claims, _ = gate.token().split(".")
    forged = f"{write({**read(head), 'alg': 'HS256'})}.{claims}"
    secrets = [json.dumps(public).encode(), public["n"].encode(), base64.urlsafe_b64decode(public["n"] + "=="), b""]

    tokens = [f"{forged}.{encode_segment(hmac.digest(secret, forged.encode(), hashlib.sha256))}" for secret in secrets]

    assert {INVALID} == {gate.outcome(token) for token in tokens}


def test_a_key_that_is_not_ours_signs_nothing(gate: Gate) -> None:
    stranger = SigningKey.generate()
    claims = json.dumps(gate.claims()).encode()
    under_its_own_name = stranger.sign(claims)
    _, body, signature = under_its_own_name.split(".")
    under_our_name = f"{write({'alg': 'RS256', 'typ': 'JWT', 'kid': gate.key.key_id})}.{body}.{signature}"
    with_its_key = f"{write({'alg': 'RS256', 'typ': 'JWT', 'jwk': stranger.public_jwk()})}.{body}.{signature}"

    assert {INVALID} == {gate.outcome(token) for token in (under_its_own_name, under_our_name, with_its_key)}


@pytest.mark.parametrize("kid", [None, "", "../../../etc/passwd", "' OR 1=1 --", ["x"], {"x": 1}, 1, "a" * 5000])
def test_a_strange_key_id_finds_no_key(gate: Gate, kid: object) -> None:
    header, claims, signature = gate.token().split(".")

    assert INVALID == gate.outcome(f"{write({**read(header), 'kid': kid})}.{claims}.{signature}")


@pytest.mark.parametrize(
    "change",
    [
        lambda h, c, s: f"{h}.{write({**read(c), 'exp': 9_999_999_999})}.{s}",
        lambda h, c, s: f"{write({**read(h), 'typ': 'at+jwt'})}.{c}.{s}",
        lambda h, c, s: f"{write({**read(h), 'crit': ['x'], 'x': 1})}.{c}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}=",
        lambda h, c, s: f"{h}.{c}.{s}==",
        lambda h, c, s: f"{h}=.{c}.{s}",
        lambda h, c, s: f"{h}.{c}.{s}\n",
        lambda h, c, s: f" {h}.{c}.{s}",
        lambda h, c, s: f"{h}.{c}. {s}",
        lambda h, c, s: f"{h}.{c}.{s[:100]} {s[100:]}",
        lambda h, c, s: f"{h}.{c}.{s}.",
        lambda h, c, s: f".{h}.{c}.{s}",
        lambda h, c, s: f"{h}..{c}.{s}",
        lambda h, c, _: f"{h}.{c}",
        lambda h, c, _: f"{h}.{c}.",
        lambda h, c, s: f"{h}.{c}.{s}.{s}.{s}",
        lambda h, c, s: f"{h}.{c}.{s[:-1]}",
        lambda h, c, s: f"{h}.{c}.{s}A",
        lambda h, c, s: f"{h}.{c}.{s[:-1]}{ALPHABET[ALPHABET.index(s[-1]) + 1]}",
        lambda h, c, s: f"{h}.{c}.{s.swapcase()}",
        lambda h, c, s: f"{h}.{c}.{s[:-1]}\u00fc",
        lambda h, c, s: json.dumps({"protected": h, "payload": c, "signature": s}),
        lambda h, c, s: f"{h}.{c}.{s}" * 20,
        lambda *_: "",
        lambda *_: "..",
        lambda *_: "a.b.c",
        lambda *_: f"{write([])}.{write([])}.AA",
        lambda *_: encode_segment(b"[" * 3000) + ".e30.AA",
        lambda *_: encode_segment('{"alg":"RS256"}'.encode("utf-16")) + ".e30.AA",
        lambda *_: encode_segment(b'"\xff"') + ".e30.AA",
        lambda *_: "." * TOKEN_LIMIT,
        lambda *_: "a" * (TOKEN_LIMIT + 1),
    ],
)
def test_a_changed_token_is_invalid(gate: Gate, change: Callable[[str, str, str], str]) -> None:
    assert INVALID == gate.outcome(change(*gate.token().split(".")))


def test_a_signature_has_one_spelling(gate: Gate) -> None:
    """
    256 bytes are 342 characters with 4 loose bits at the end: sixteen texts decode to the same signature.
    """
    token = gate.token()
    spellings = [token[:-1] + last for last in ALPHABET]

    assert [token] == [text for text in spellings if isinstance(gate.outcome(text), Verified)]


@given(st.text(st.characters(exclude_categories=[]), max_size=200) | st.text("eyJ.-_AB\ud800 ", max_size=40))
def test_no_text_breaks_the_check(gate: Gate, token: str) -> None:
    assert INVALID == gate.outcome(token)


@settings(max_examples=200)
@given(st.data())
def test_no_changed_character_goes_unnoticed(gate: Gate, data: st.DataObject) -> None:
    token = gate.token()
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.sampled_from(ALPHABET + ".=")) + token[place + 1 :]

    assert isinstance(gate.outcome(changed), Verified) == (changed == token)


def test_a_refusal_says_nothing_of_the_token(gate: Gate) -> None:
    token = gate.token(Scope.ZEEBE)

    assert not [part for part in token.split(".") if part in repr(gate.outcome(token))]


def test_a_database_that_is_away_is_not_the_tokens_fault(tmp_path: Path) -> None:
    with opened_gate(tmp_path / "data") as gate:
        token = gate.token()
        gate.installation.folder.database_path.rename(tmp_path / "away.db")

        with pytest.raises(StorageUnavailable):
            gate.outcome(token)
