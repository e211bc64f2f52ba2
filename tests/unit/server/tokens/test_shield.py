"""
The storm shield: one token for identical requests within a window, from workers that share nothing.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jwt

from gatekey.oauth.token_request import TokenRequest
from gatekey.oauth.vocabulary import Scope
from gatekey.server.clients.model import Created, Rotated
from gatekey.server.signing_keys.keys import Algorithm
from gatekey.server.signing_keys.rotation import rotate
from gatekey.server.tokens.model import Granted, Refused
from gatekey.server.tokens.revocation import Kind, Revocation, name_scope, revoke_all_until
from gatekey.server.tokens.shield import shared_token_id, window_start
from gatekey.server.tokens.verification import Unverified, Verified
from support.credentials import (
    Office,
    Worker,
    a_key,
    by_assertion,
    by_secret,
    good_claims,
    opened_office,
    sign_assertion,
    signing_keys_of,
)

WINDOW = 30


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened_office(tmp_path_factory.mktemp("office") / "data", storm_shield=WINDOW) as opened:
        yield opened


@pytest.fixture
def created(office: Office) -> Created:
    """
    A client, at the very beginning of its window.
    """
    created = office.create(scopes=("Zeebe", "Operate"))
    office.clock.seconds += 1_000
    office.clock.seconds = float(window_start(office.clock.seconds, created.client.client_id, WINDOW) + WINDOW)
    return created


def both(office: Office, created: Created) -> tuple[str, str]:
    """
    The tokens that two workers give at this moment, neither of which knows of the other.
    """
    first, second = (office.worker().token(by_secret(created)) for _ in range(2))
    return first, second


@given(st.floats(0, 4e9), st.text(min_size=1, max_size=40), st.integers(1, 300))
def test_a_window_has_begun_and_is_not_over(now: float, client_id: str, window: int) -> None:
    began = window_start(now, client_id, window)

    assert began <= now < began + window


@given(st.integers(0, 10**9), st.text(min_size=1, max_size=40), st.integers(1, 300))
def test_all_moments_of_a_window_agree(now: int, client_id: str, window: int) -> None:
    began = window_start(now, client_id, window)

    assert {began} == {window_start(began + part, client_id, window) for part in (0, window / 2, window - 0.001)}
    assert began + window == window_start(began + window, client_id, window)


def test_windows_of_clients_do_not_end_together() -> None:
    assert len({window_start(1e9, f"client-{number}", 30) % 30 for number in range(200)}) > 20


@given(st.binary(min_size=32, max_size=32), st.lists(st.text(alphabet="ab|", max_size=5), min_size=1, max_size=4))
def test_an_id_is_a_function_of_key_and_parts(key: bytes, parts: list[str]) -> None:
    token_id = shared_token_id(key, tuple(parts))

    assert token_id == shared_token_id(key, tuple(parts))
    assert token_id != shared_token_id(key, (*parts, ""))
    assert token_id != shared_token_id(bytes(31) + b"x", tuple(parts)) or key == bytes(31) + b"x"
    assert 22 == len(token_id)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_two_workers_give_the_same_token_within_the_window(tmp_path: Path, algorithm: Algorithm) -> None:
    with opened_office(tmp_path / "data", token_algorithm=algorithm.value, storm_shield=WINDOW) as office:
        created = office.create()
        began = window_start(office.clock.seconds, created.client.client_id, WINDOW) + WINDOW
        tokens = set()
        for elapsed in (0, 0.5, 12, WINDOW - 0.001):
            office.clock.seconds = began + elapsed
            tokens |= set(both(office, created))

    assert 1 == len(tokens)


def test_after_the_window_there_is_another_token(office: Office, created: Created) -> None:
    before = both(office, created)
    office.clock.seconds += WINDOW
    after = both(office, created)

    assert before[0] == before[1] != after[0] == after[1]


def test_a_worker_that_remembers_gives_what_one_that_does_not_would(office: Office, created: Created) -> None:
    worker = office.worker()

    assert worker.token(by_secret(created)) == worker.token(by_secret(created)) == both(office, created)[0]


def test_another_audience_is_another_token(office: Office, created: Created) -> None:
    worker = office.worker()

    assert worker.token(by_secret(created)) != worker.token(by_secret(created), "operate.camunda.io")


def test_all_spellings_of_an_audience_are_one(office: Office, created: Created) -> None:
    worker, cluster = office.worker(), created.client.cluster_id
    spellings = (None, "zeebe.camunda.io", f"{cluster}.local.zeebe.camunda.io:443", "https://zeebe.camunda.io")

    assert 1 == len({worker.token(by_secret(created), spelling) for spelling in spellings})


def test_another_client_has_another_token(office: Office, created: Created) -> None:
    assert office.worker().token(by_secret(created)) != office.worker().token(by_secret(office.create()))


def test_another_secret_has_another_token(office: Office, created: Created) -> None:
    """
    So that a rotation is a fresh start, and a leaked secret's tokens can be revoked alone.
    """
    rotated = office.installation.secrets.rotate(created.client.client_id, by="test")
    assert isinstance(rotated, Rotated)

    assert office.worker().token(by_secret(created)) != office.worker().token(by_secret(created, rotated.secret))


def test_a_key_of_the_client_has_its_own_token(office: Office, created: Created) -> None:
    client_id = created.client.client_id
    office.register(client_id, a_key("ES256"))
    claims = [good_claims(client_id, office.installation.site.issuer, office.clock()) for _ in range(2)]
    signed = [by_assertion(client_id, sign_assertion(a_key("ES256"), "ES256", each)) for each in claims]
    first, second = (office.worker().token(each) for each in signed)

    assert office.worker().token(by_secret(created)) != first == second


def revoke_token(office: Office, created: Created, token: str) -> None:
    worker = office.worker()
    who = worker.tokens.authentication.authenticate(by_secret(created))
    assert not isinstance(who, Refused)
    planned = worker.life.plan_revocation(who, token)
    assert isinstance(planned, Revocation)
    worker.life.revoke(planned, "test")


def revoke_client(office: Office, created: Created, _token: str) -> None:
    now = office.clock.seconds
    revocation = Revocation(Kind.CLIENT, created.client.client_id, revoke_all_until(now), now + 1e6)
    office.installation.revocations.revoke(revocation, by="test", at=now)


def revoke_secret(office: Office, created: Created, _token: str) -> None:
    now = office.clock.seconds
    revocation = Revocation(Kind.CREDENTIAL, created.secret_id, revoke_all_until(now), now + 1e6)
    office.installation.revocations.revoke(revocation, by="test", at=now)


def lose_and_regain_scope(office: Office, created: Created, _token: str) -> None:
    now = office.clock.seconds
    revocation = Revocation(
        Kind.SCOPE, name_scope(created.client.client_id, Scope.ZEEBE), revoke_all_until(now), now + 1e6
    )
    office.installation.revocations.revoke(revocation, by="test", at=now)


@pytest.mark.parametrize("revoke", [revoke_token, revoke_client, revoke_secret, lose_and_regain_scope])
@pytest.mark.parametrize("elapsed", [0.0, 7.4, WINDOW - 0.1])
def test_a_revoked_token_never_comes_again(
    office: Office, created: Created, revoke: Callable[[Office, Created, str], None], elapsed: float
) -> None:
    remembering = office.worker()
    office.clock.seconds += elapsed
    token = remembering.token(by_secret(created))
    revoke(office, created, token)
    again = {remembering.token(by_secret(created)), *both(office, created)}
    checked = [office.worker().check.inspect(each).__class__ for each in (token, *again)]

    assert 1 == len(again)
    assert [Unverified, Verified] == checked


def test_revoking_again_and_again_gives_ever_new_tokens(office: Office, created: Created) -> None:
    tokens = []
    for _ in range(5):
        tokens.append(both(office, created)[0])
        revoke_token(office, created, tokens[-1])

    assert 5 == len(set(tokens))


def test_a_new_signing_key_signs_new_tokens(tmp_path: Path) -> None:
    with opened_office(tmp_path / "data", token_algorithm="ES256", storm_shield=WINDOW) as office:
        created = office.create()
        before = both(office, created)
        now = office.clock
        rotation = office.installation.rotation
        office.installation.keys.rotate(
            lambda lives: rotate(lives, rotation, now(), at_once=True), by="test", at=now.as_time()
        )
        after = both(office, created)

    assert before[0] == before[1] != after[0] == after[1]


def test_a_deleted_client_gets_none_not_even_the_remembered_one(office: Office, created: Created) -> None:
    remembering = office.worker()
    remembering.token(by_secret(created))
    office.installation.clients.delete(created.client.client_id, by="test")

    assert isinstance(remembering.ask(by_secret(created)), Refused)
    assert isinstance(office.worker().ask(by_secret(created)), Refused)


def test_an_ended_secret_gets_none_not_even_the_remembered_one(office: Office, created: Created) -> None:
    remembering = office.worker()
    remembering.token(by_secret(created))
    office.installation.secrets.rotate(created.client.client_id, overlap=timedelta(0), by="test")

    assert isinstance(remembering.ask(by_secret(created)), Refused)


def test_without_a_window_every_token_is_new(tmp_path: Path) -> None:
    with opened_office(tmp_path / "data", storm_shield=0) as office:
        created, worker = office.create(), office.worker()

        assert 3 == len({worker.token(by_secret(created)) for _ in range(3)})


def expiry(worker: Worker, granted: Granted | Refused) -> int:
    """
    The `exp` of a token, as another implementation reads it.
    """
    assert isinstance(granted, Granted), granted
    key = jwk.import_key({**signing_keys_of(worker)[-1].public_jwk()})
    claims = jwt.decode(granted.token.reveal(), key, [Algorithm.RS256.value]).claims
    exp: int = claims["exp"]
    assert claims["iat"] + granted.expires_in >= 0
    return exp


@pytest.mark.parametrize("window", [0, 1, 30, 300])
@pytest.mark.parametrize("lifetime", [60, 61, 600, None])
def test_expires_in_is_what_is_left_of_the_token(tmp_path: Path, window: int, lifetime: int | None) -> None:
    with opened_office(tmp_path / "data", storm_shield=window, token_lifetime=3_600) as office:
        created, worker = office.create(lifetime=lifetime), office.worker()
        outcomes = []
        for step in (0, 0.4, 5, 13.7, 29.9, 200):
            office.clock.seconds += step
            granted = worker.ask(by_secret(created))
            assert isinstance(granted, Granted)
            outcomes.append((granted.expires_in, expiry(worker, granted) - int(office.clock.seconds)))

    assert [exact for _, exact in outcomes] == [told for told, _ in outcomes]
    assert min(told for told, _ in outcomes) > 0.89 * (lifetime or 3_600)


def test_a_window_is_never_longer_than_a_tenth_of_a_tokens_life(tmp_path: Path) -> None:
    """
    With a window of 300 s a token of 60 s could otherwise be four minutes dead on arrival.
    """
    with opened_office(tmp_path / "data", storm_shield=300) as office:
        created, worker = office.create(lifetime=60), office.worker()
        lives = []
        for _ in range(100):
            office.clock.seconds += 7
            granted = worker.ask(by_secret(created))
            assert isinstance(granted, Granted)
            lives.append(granted.expires_in)

    assert 55 <= min(lives) <= max(lives) <= 60


def test_a_clock_that_steps_back_still_gives_good_tokens(office: Office, created: Created) -> None:
    worker = office.worker()
    worker.token(by_secret(created))
    office.clock.seconds -= 3_000
    token = worker.token(by_secret(created))

    assert isinstance(office.worker().check.inspect(token), Verified)


def test_a_worker_knows_which_requests_would_only_repeat_a_token(office: Office, created: Created) -> None:
    worker = office.worker()
    who = worker.tokens.prove(TokenRequest(by_secret(created)))
    assert not isinstance(who, Refused)

    def remembers(audience: str | None = None) -> bool:
        return worker.tokens.remembers(who, TokenRequest(by_secret(created), audience))

    before = remembers()
    token = worker.token(by_secret(created))
    after = [remembers(audience) for audience in (None, "zeebe.camunda.io", "operate.camunda.io", "nothing.camunda.io")]
    revoke_token(office, created, token)
    office.worker().token(by_secret(created))
    worker.directory.refresh()

    assert (False, [True, True, False, False]) == (before, after)
    assert not remembers()
