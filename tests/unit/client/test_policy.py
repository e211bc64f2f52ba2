import pytest

from gatekey.client.failure import Failure, Kind
from gatekey.client.policy import (
    ANY,
    NOTHING,
    Bar,
    Barred,
    Held,
    Renew,
    Use,
    Wish,
    bar_for,
    decide,
    failed,
    granted,
    merged,
)
from gatekey.client.token import Token
from gatekey.oauth.secret_text import SecretText

NOW = 1_800_000_000.0
TOKEN = Token(SecretText("t"), NOW, NOW + 3000, NOW + 3600)
OTHER = Token(SecretText("other"), NOW + 10, NOW + 3010, NOW + 3610)
REFUSED = Failure(Kind.REFUSED, "", status=401, error="invalid_client")
LIMITED = Failure(Kind.LIMITED, "", status=429, retry_after=5.0)
TROUBLE = Failure(Kind.UNAVAILABLE, "503")
REFUSAL = Bar(REFUSED, NOW, NOW + 300)
PAUSE = Bar(LIMITED, NOW, NOW + 5)
INSTEAD = Wish(instead_of=TOKEN.access_token)
FORCED = Wish(forced=True)


@pytest.mark.parametrize(
    ("held", "later", "wish", "decision"),
    [
        (NOTHING, 0, ANY, Renew()),
        (Held(TOKEN), 2999, ANY, Use(TOKEN)),
        (Held(TOKEN), 3000, ANY, Renew(TOKEN)),
        (Held(TOKEN), 3600, ANY, Renew()),
        # A token that is still good is used, whoever may not ask; without one the reason is told.
        (Held(TOKEN, refusal=REFUSAL), 10, ANY, Use(TOKEN)),
        (Held(TOKEN, Bar(REFUSED, NOW + 3000, NOW + 3300)), 3100, ANY, Use(TOKEN)),
        (Held(TOKEN, Bar(REFUSED, NOW + 3000, NOW + 3300)), 3300, ANY, Renew(TOKEN)),
        (Held(refusal=REFUSAL), 299, ANY, Barred(REFUSAL)),
        (Held(refusal=REFUSAL), 300, ANY, Renew()),
        (Held(pause=PAUSE), 4, ANY, Barred(PAUSE)),
        (Held(refusal=REFUSAL, pause=PAUSE), 4, ANY, Barred(REFUSAL)),
        # A token that an API refused is replaced, at most once a minute, and only if it is still the one.
        (Held(TOKEN), 10, INSTEAD, Renew()),
        (Held(OTHER), 10, INSTEAD, Use(OTHER)),
        (Held(TOKEN, replaced_at=NOW), 59, INSTEAD, Use(TOKEN)),
        (Held(TOKEN, replaced_at=NOW), 60, INSTEAD, Renew()),
        (Held(TOKEN, pause=PAUSE), 4, INSTEAD, Barred(PAUSE)),
        # A person who knows better is not kept from asking by a refusal, but by a limit.
        (Held(TOKEN), 10, FORCED, Renew()),
        (Held(refusal=REFUSAL), 10, FORCED, Renew()),
        (Held(TOKEN, refusal=REFUSAL, pause=PAUSE), 4, FORCED, Barred(PAUSE)),
        # A clock that was set back makes a token due for renewal, and a bar void.
        (Held(TOKEN), -61, ANY, Renew(TOKEN)),
        (Held(refusal=REFUSAL), -61, ANY, Renew()),
        (Held(TOKEN, replaced_at=NOW), -61, INSTEAD, Renew()),
    ],
)
def test_what_is_held_and_the_time_decide(held: Held, later: float, wish: Wish, decision: object) -> None:
    assert decision == decide(held, NOW + later, wish)


@pytest.mark.parametrize(
    ("failure", "count", "jitter", "seconds"),
    [
        (REFUSED, 1, 0.0, 300.0),
        (REFUSED, 1, 0.5, 315.0),
        (Failure(Kind.MALFORMED, ""), 1, 0.0, 30.0),
        (Failure(Kind.UNREACHABLE, ""), 1, 0.0, 30.0),
        (LIMITED, 1, 0.0, 5.0),
        (LIMITED, 1, 0.5, 5.5),
        (LIMITED, 3, 0.5, 7.0),
        (TROUBLE, 1, 0.0, 1.0),
        (TROUBLE, 3, 0.5, 6.0),
        (TROUBLE, 99, 0.0, 60.0),
        (Failure(Kind.LIMITED, "", retry_after=0.0), 1, 0.0, 0.1),
        (Failure(Kind.LIMITED, "", retry_after=1e9), 1, 0.0, 3600.0),
    ],
)
def test_how_long_nobody_asks(failure: Failure, count: int, jitter: float, seconds: float) -> None:
    before = Bar(failure, NOW - 20, NOW - 1, count - 1) if count > 1 else None
    held = Held(pause=before) if failure.kind.passing else Held(refusal=before)

    assert Bar(failure, NOW, NOW + seconds, count) == bar_for(failure, held, NOW, jitter)


def test_failures_long_ago_do_not_lengthen_a_pause() -> None:
    before = Held(pause=Bar(TROUBLE, NOW - 100, NOW - 60, 6))

    assert 1 == bar_for(TROUBLE, before, NOW, 0.0).count
    assert 7 == bar_for(TROUBLE, before, NOW - 1, 0.0).count


def test_a_token_ends_a_refusal_but_not_a_pause_that_others_met() -> None:
    held = Held(TOKEN, REFUSAL, PAUSE)

    assert Held(OTHER, None, PAUSE) == granted(held, OTHER)
    assert OTHER.obtained_at == granted(held, OTHER, INSTEAD).replaced_at


def test_a_failure_keeps_the_token_unless_its_client_is_gone() -> None:
    assert Held(TOKEN, REFUSAL) == failed(Held(TOKEN), REFUSAL)
    assert Held(TOKEN, pause=PAUSE) == failed(Held(TOKEN), PAUSE, INSTEAD)
    assert Held(None, REFUSAL) == failed(Held(TOKEN), REFUSAL, INSTEAD)
    assert Held(OTHER, REFUSAL) == failed(Held(OTHER), REFUSAL, INSTEAD)


def test_a_pause_does_not_shorten_one_that_stands() -> None:
    longer, shorter = Bar(LIMITED, NOW, NOW + 10), Bar(TROUBLE, NOW + 1, NOW + 2)

    assert Held(pause=longer) == failed(Held(pause=longer), shorter)
    assert Held(pause=Bar(TROUBLE, NOW + 10, NOW + 11)) == failed(Held(pause=longer), Bar(TROUBLE, NOW + 10, NOW + 11))


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (NOTHING, NOTHING, NOTHING),
        (Held(TOKEN), NOTHING, Held(TOKEN)),
        (Held(TOKEN), Held(OTHER), Held(OTHER)),
        (Held(refusal=REFUSAL), Held(OTHER), Held(OTHER)),
        (Held(OTHER), Held(refusal=Bar(REFUSED, NOW + 20, NOW + 320)), Held(OTHER, Bar(REFUSED, NOW + 20, NOW + 320))),
        (Held(pause=PAUSE), Held(OTHER), Held(OTHER, pause=PAUSE)),
        (Held(pause=PAUSE), Held(pause=Bar(LIMITED, NOW + 1, NOW + 3)), Held(pause=Bar(LIMITED, NOW + 1, NOW + 3))),
        (Held(replaced_at=1.0), Held(replaced_at=2.0), Held(replaced_at=2.0)),
    ],
)
def test_the_newest_of_two_places_counts(ours: Held, theirs: Held, both: Held) -> None:
    assert both == merged(ours, theirs) == merged(theirs, ours)
