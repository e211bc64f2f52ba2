"""
Client assertions: what is taken, and what must never be (RFC 7523 section 3, RFC 8725).
"""

import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gatekey.errors import StorageUnavailable
from gatekey.oauth.vocabulary import Scope
from gatekey.server.storage.sql.database import Database, create_private
from gatekey.server.storage.sql.migrating import migrate
from gatekey.server.storage.stores.revocation_store import SqlSpentAssertions
from gatekey.server.tokens.assertions import ALGORITHMS, LONGEST_LIFE, SKEW, AssertionCheck
from gatekey.server.tokens.model import Granted, KnownClient, Refusal, Refused
from support.credentials import (
    START,
    PrivateKey,
    a_key,
    by_assertion,
    encode,
    good_claims,
    jwk_of,
    opened_office,
    pem_of,
    sign_assertion,
)

ISSUER = "http://issuer.test"
ENDPOINT = f"{ISSUER}/oauth/token"
CLIENT = "client"
NOT_OURS: PrivateKey = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("data") / "gatekey.db"
    create_private(path)
    with closing(Database(path)) as opened:
        migrate(opened)
        yield opened


@pytest.fixture
def check(database: Database) -> AssertionCheck:
    return AssertionCheck(SqlSpentAssertions(database), frozenset({ISSUER, ENDPOINT}), lambda: START)


def known(**keys: PrivateKey) -> KnownClient:
    jwks = {kid: json.dumps({**jwk_of(key), "kid": kid}) for kid, key in keys.items()}
    return KnownClient(CLIENT, "cluster", "organisation", "local", frozenset({Scope.ZEEBE}), keys=jwks)


def claims(**changes: Any) -> dict[str, Any]:
    changed = {**good_claims(CLIENT, ISSUER, START), **changes}
    return {name: value for name, value in changed.items() if value is not ...}


def reason(check: AssertionCheck, assertion: str, client: KnownClient | None = None) -> str:
    """
    Why an assertion is refused; the client has one ES256 key, `k1`, unless another client is given.
    """
    outcome = check.check(client or known(k1=a_key("ES256")), assertion)
    assert outcome.key_id is None, "the assertion was taken"
    return outcome.reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_is_announced_works(check: AssertionCheck, algorithm: str) -> None:
    key = a_key(algorithm)
    outcome = check.check(known(k1=key), sign_assertion(key, algorithm, claims(), kid="k1"))

    assert ("k1", "") == (outcome.key_id, outcome.reason)


@pytest.mark.parametrize(
    "audience", [ISSUER, f"{ISSUER}/", ENDPOINT, f"{ENDPOINT}/", [ISSUER], ["elsewhere", ENDPOINT]]
)
def test_the_audience_is_the_issuer_or_the_endpoint(check: AssertionCheck, audience: object) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(aud=audience))

    assert "k1" == check.check(known(k1=a_key("ES256")), assertion).key_id


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": START + SKEW},
        {"iat": START + SKEW},
        {"iat": ...},
        {"exp": START - SKEW + 1},
        {"exp": START + 300.5},
        {"exp": START + LONGEST_LIFE + SKEW},
        {"jti": "x" * 256},
    ],
)
def test_what_is_just_right_is_taken(check: AssertionCheck, changes: dict[str, Any]) -> None:
    token_id = changes.get("jti") or f"right-{changes}"
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(**{**changes, "jti": token_id}))

    assert "k1" == check.check(known(k1=a_key("ES256")), assertion).key_id


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_an_unsigned_assertion_is_refused(check: AssertionCheck, algorithm: str, signature: str) -> None:
    head = encode(json.dumps({"alg": algorithm, "kid": "k1"}).encode())
    assertion = f"{head}.{encode(json.dumps(claims()).encode())}.{signature}"

    assert "not verified" in reason(check, assertion)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("kind", ["ES256", "RS256"])
def test_a_public_key_is_no_shared_secret(check: AssertionCheck, algorithm: str, kind: str) -> None:
    key = a_key(kind)
    client = known(k1=key)
    message = f"{encode(json.dumps({'alg': algorithm, 'kid': 'k1'}).encode())}.{encode(json.dumps(claims()).encode())}"
    public = [client.keys["k1"].encode(), pem_of(key).encode(), pem_of(key).strip().encode(), b""]
    for secret in public:
        signature = encode(hmac.digest(secret, message.encode(), f"sha{algorithm[2:]}"))

        assert "not verified" in reason(check, f"{message}.{signature}", client)


@pytest.mark.parametrize(
    "algorithm", ["ES256K", "RS1", "HS1", "A128KW", "dir", "", "es256", " ES256", 7, None, ["ES256"]]
)
def test_an_algorithm_that_is_not_announced_is_refused(check: AssertionCheck, algorithm: Any) -> None:
    message = f"{encode(json.dumps({'alg': algorithm}).encode())}.{encode(json.dumps(claims()).encode())}"

    assert reason(check, f"{message}.{encode(bytes(64))}")


@pytest.mark.parametrize(
    ("registered", "algorithm"), [("ES256", "RS256"), ("RS256", "ES256"), ("ES384", "ES256"), ("EdDSA", "ES256")]
)
def test_the_algorithm_must_be_one_of_the_registered_key(
    check: AssertionCheck, registered: str, algorithm: str
) -> None:
    assertion = sign_assertion(a_key(algorithm), algorithm, claims(), kid="k1")

    assert "not verified" in reason(check, assertion, known(k1=a_key(registered)))


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": jwk_of(NOT_OURS)},
        {"jku": "http://attacker.test/jwks.json"},
        {"x5u": "http://attacker.test/chain.pem"},
        {"x5c": ["MIIB"]},
        {"x5t": "abc"},
    ],
)
def test_a_key_that_the_assertion_brings_along_counts_for_nothing(
    check: AssertionCheck, header: dict[str, Any]
) -> None:
    assertion = sign_assertion(NOT_OURS, "ES256", claims(), kid="k1", **header)

    assert "not verified" in reason(check, assertion)


@pytest.mark.parametrize(
    "kid", ["k2", "", "../../k1", "/dev/null", "' OR '1'='1", "k1\x00", "K1", "k1 ", "é", "x" * 300]
)
def test_a_kid_is_looked_up_and_nothing_else(check: AssertionCheck, kid: str) -> None:
    assert "not registered" in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(), kid=kid))


@pytest.mark.parametrize("kid", [7, 1.5, True, ["k1"], {"k1": "k1"}])
def test_a_kid_that_is_no_text_is_refused(check: AssertionCheck, kid: Any) -> None:
    assert "not registered" in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(), kid=kid))


def test_a_kid_as_long_as_a_book_is_refused(check: AssertionCheck) -> None:
    assert "not readable" in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(), kid="k" * 5_000))


def test_without_a_kid_the_only_key_is_meant(check: AssertionCheck) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims())

    assert "k1" == check.check(known(k1=a_key("ES256")), assertion).key_id


def test_without_a_kid_several_keys_are_not_tried(check: AssertionCheck) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims())

    assert "without kid" in reason(check, assertion, known(k1=a_key("ES256"), k2=a_key("ES384")))


def test_the_key_of_another_kid_does_not_verify(check: AssertionCheck) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(), kid="k2")

    assert "not verified" in reason(check, assertion, known(k1=a_key("ES256"), k2=NOT_OURS))


def test_a_client_without_keys_has_no_assertions(check: AssertionCheck) -> None:
    assert "not registered" in reason(check, sign_assertion(a_key("ES256"), "ES256", claims()), known())


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["x-unknown"], "x-unknown": True},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
    ],
)
def test_an_extension_that_must_be_understood_is_refused(check: AssertionCheck, header: dict[str, Any]) -> None:
    assert reason(check, sign_assertion(a_key("ES256"), "ES256", claims(), kid="k1", **header))


@pytest.mark.parametrize("head", [b"", b"x", b"[]", b'["alg"]', b'"alg"', b"7", b"null", b"{", b"[" * 200, b"\xff{}"])
def test_a_header_that_is_no_object_is_refused(check: AssertionCheck, head: bytes) -> None:
    assert reason(check, f"{encode(head)}.{encode(json.dumps(claims()).encode())}.{encode(bytes(64))}")


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b'"x"', b"null", b"{", b"\xff", b"[" * 9_000, b"1e999"])
def test_claims_that_are_no_object_are_refused(check: AssertionCheck, payload: bytes) -> None:
    assert "not verified" in reason(check, sign_assertion(a_key("ES256"), "ES256", payload))


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c.d.e", "é.é.é", "\ud800.a.b", "{}"])
def test_what_is_no_jws_is_refused(check: AssertionCheck, text: str) -> None:
    assert reason(check, text)


@pytest.mark.parametrize("tail", ["=", " ", "\n", ".", "A", "AA"])
def test_a_signature_is_written_in_one_way(check: AssertionCheck, tail: str) -> None:
    assert reason(check, sign_assertion(a_key("ES256"), "ES256", claims(), kid="k1") + tail)


def test_a_changed_claim_breaks_the_signature(check: AssertionCheck) -> None:
    head, _, signature = sign_assertion(a_key("ES256"), "ES256", claims(), kid="k1").split(".")

    assert "not verified" in reason(check, f"{head}.{encode(json.dumps(claims()).encode())}.{signature}")


@pytest.mark.parametrize("half", [0, 1])
def test_a_signature_of_zeros_is_refused(check: AssertionCheck, half: int) -> None:
    head, payload, _ = sign_assertion(a_key("ES256"), "ES256", claims(), kid="k1").split(".")
    zeros = [bytes(64), bytes(31) + b"\x01" + bytes(32)][half]

    assert "not verified" in reason(check, f"{head}.{payload}.{encode(zeros)}")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"iss": ...},
        {"sub": ...},
        {"iss": None},
        {"iss": [CLIENT]},
        {"sub": {"id": CLIENT}},
        {"iss": CLIENT.upper()},
    ],
)
def test_issuer_and_subject_are_the_client(check: AssertionCheck, changes: dict[str, Any]) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(**changes), kid="k1")

    assert "issuer or subject" in reason(check, assertion)


@pytest.mark.parametrize(
    "audience",
    [
        ...,
        None,
        "",
        "/",
        [],
        [[ISSUER]],
        {ISSUER: 1},
        7,
        True,
        "elsewhere",
        ["elsewhere"],
        f"{ISSUER}.attacker.test",
        f"{ISSUER}/oauth",
        "HTTP://ISSUER.TEST",
        f" {ISSUER}",
        f"{ISSUER}?a=b",
    ],
)
def test_an_assertion_for_somebody_else_is_refused(check: AssertionCheck, audience: Any) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(aud=audience), kid="k1")

    assert "another audience" in reason(check, assertion)


@pytest.mark.parametrize(
    ("expires", "why"),
    [
        (..., "no numbers"),
        (None, "no numbers"),
        ("1900000300", "no numbers"),
        (True, "no numbers"),
        ([START + 60], "no numbers"),
        (10**400, "no numbers"),
        (-(10**400), "no numbers"),
        (0, "expired"),
        (-1, "expired"),
        (START - SKEW, "expired"),
        (START + LONGEST_LIFE + SKEW + 1, "too long"),
        (2**63, "too long"),
        (1e300, "too long"),
    ],
)
def test_an_assertion_must_expire_soon(check: AssertionCheck, expires: Any, why: str) -> None:
    assert why in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(exp=expires), kid="k1"))


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_times_that_are_no_times_are_refused(check: AssertionCheck, name: str, number: bytes) -> None:
    payload = json.dumps(claims(**{name: "@"})).encode().replace(b'"@"', number)

    assert "no numbers" in reason(check, sign_assertion(a_key("ES256"), "ES256", payload, kid="k1"))


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize(
    ("value", "why"),
    [
        (START + SKEW + 1, "future"),
        (1e18, "future"),
        ("now", "no numbers"),
        (None, "no numbers"),
        (10**400, "no numbers"),
    ],
)
def test_an_assertion_from_the_future_is_refused(check: AssertionCheck, name: str, value: Any, why: str) -> None:
    assert why in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(**{name: value}), kid="k1"))


@pytest.mark.parametrize("token_id", [..., None, "", 7, ["a"], "x" * 257, "a\nb", "\ud800", "a\0"])
def test_an_assertion_needs_an_id_that_can_be_remembered(check: AssertionCheck, token_id: Any) -> None:
    assert "jti" in reason(check, sign_assertion(a_key("ES256"), "ES256", claims(jti=token_id), kid="k1"))


def test_a_claim_that_stands_twice_means_its_last_value_everywhere(check: AssertionCheck) -> None:
    twice = json.dumps(claims()).replace('"sub":', '"sub": "other", "sub":').encode()
    reversed_ = json.dumps(claims()).replace(f'"sub": "{CLIENT}"', f'"sub": "{CLIENT}", "sub": "other"').encode()

    assert "k1" == check.check(known(k1=a_key("ES256")), sign_assertion(a_key("ES256"), "ES256", twice)).key_id
    assert "issuer or subject" in reason(check, sign_assertion(a_key("ES256"), "ES256", reversed_))


def test_an_assertion_works_once(check: AssertionCheck) -> None:
    assertion = sign_assertion(a_key("ES256"), "ES256", claims(), kid="k1")

    assert "k1" == check.check(known(k1=a_key("ES256")), assertion).key_id
    assert "used before" in reason(check, assertion)


def test_a_refused_assertion_is_not_spent(check: AssertionCheck) -> None:
    good = claims()
    reason(check, sign_assertion(NOT_OURS, "ES256", good, kid="k1"))
    reason(check, sign_assertion(a_key("ES256"), "ES256", {**good, "aud": "elsewhere"}, kid="k1"))

    assert "k1" == check.check(known(k1=a_key("ES256")), sign_assertion(a_key("ES256"), "ES256", good)).key_id


def test_the_same_id_signed_anew_is_a_replay(check: AssertionCheck) -> None:
    good = claims()
    check.check(known(k1=a_key("ES256")), sign_assertion(a_key("ES256"), "ES256", good))
    later = {**good, "exp": good["exp"] + 60}

    assert "used before" in reason(check, sign_assertion(a_key("ES256"), "ES256", later))


def test_when_uses_cannot_be_noted_nothing_is_taken(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "gatekey.db")) as empty:
        check = AssertionCheck(SqlSpentAssertions(empty), frozenset({ISSUER}), lambda: START)

        with pytest.raises(StorageUnavailable):
            check.check(known(k1=a_key("ES256")), sign_assertion(a_key("ES256"), "ES256", claims()))


def test_of_a_parallel_replay_on_several_workers_one_gets_a_token(tmp_path: Path) -> None:
    with opened_office(tmp_path / "data") as office:
        client_id = office.create().client.client_id
        office.register(client_id, a_key("ES256"))
        assertion = sign_assertion(
            a_key("ES256"), "ES256", good_claims(client_id, office.installation.site.issuer, START)
        )
        outcomes: list[Granted | Refused] = []
        together = threading.Barrier(8)

        def ask() -> None:
            worker = office.worker()  # its own directory, as in another process
            together.wait(30)
            outcomes.append(worker.ask(by_assertion(client_id, assertion)))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert 1 == sum(isinstance(outcome, Granted) for outcome in outcomes)
    assert 7 == sum(isinstance(o, Refused) and o.refusal is Refusal.INVALID_CLIENT for o in outcomes)


def test_a_key_of_4096_bits_works_and_its_assertion_fits(check: AssertionCheck) -> None:
    key = rsa.generate_private_key(65537, 4096)
    assertion = sign_assertion(key, "PS512", claims(), kid="k1", typ="JWT")

    assert len(assertion) < 4_096
    assert "k1" == check.check(known(k1=key), assertion).key_id
