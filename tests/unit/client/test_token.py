import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekey.client.answer import LONGEST_LIFETIME
from gatekey.client.token import Freshness, Token
from gatekey.oauth.secret_text import SecretText

NOW = 1_800_000_000.0


def received(expires_in: int) -> Token:
    return Token.received(SecretText("t"), expires_in, NOW, "cluster")


@pytest.mark.parametrize(
    ("expires_in", "margin"),
    [(86_400, 4_320.0), (600, 30.0), (60, 24.0), (40, 16.0), (0, 0.0)],
)
def test_a_token_is_renewed_early_but_not_before_half_its_life(expires_in: int, margin: float) -> None:
    token = received(expires_in)

    assert NOW + expires_in == token.expires_at
    assert token.expires_at - margin == token.renew_at


@given(st.integers(min_value=1, max_value=LONGEST_LIFETIME), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_chance_renews_a_little_earlier_and_never_before_half_the_life(expires_in: int, jitter: float) -> None:
    text = SecretText("t")
    plain, spread = Token.received(text, expires_in, NOW), Token.received(text, expires_in, NOW, jitter=jitter)

    assert NOW + expires_in / 2 <= spread.renew_at <= plain.renew_at <= plain.expires_at == spread.expires_at


def test_a_clock_that_was_set_back_makes_a_token_due_for_renewal() -> None:
    token = received(600)

    assert Freshness.FRESH is token.freshness(NOW - 60)
    assert Freshness.STALE is token.freshness(NOW - 61)


def test_a_token_is_fresh_then_stale_then_expired() -> None:
    token = received(600)

    assert Freshness.FRESH is token.freshness(NOW)
    assert Freshness.FRESH is token.freshness(NOW + 569)
    assert Freshness.STALE is token.freshness(NOW + 570)
    assert Freshness.STALE is token.freshness(NOW + 599)
    assert Freshness.EXPIRED is token.freshness(NOW + 600)


@given(st.integers(min_value=0, max_value=LONGEST_LIFETIME), st.floats(min_value=0, max_value=1e9))
def test_no_token_is_used_after_its_expiry(expires_in: int, later: float) -> None:
    freshness = received(expires_in).freshness(NOW + later)

    assert (freshness is Freshness.EXPIRED) == (NOW + later >= NOW + expires_in)


def test_the_authorization_is_a_secret_too() -> None:
    token = received(600)

    assert "Bearer t" == token.authorization.reveal()
    assert "cluster" == token.scope
    assert "Bearer" not in repr(token)
