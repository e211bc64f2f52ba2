import pytest

from gatekey.client.failures import Failure, FailureKind
from gatekey.client.policy import (
    ANY,
    NOTHING,
    Abstain,
    Backoff,
    CacheEntry,
    Renew,
    TokenDemand,
    Use,
    backoff_for,
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
REFUSED = Failure(FailureKind.REFUSED, "", status=401, error="invalid_client")
LIMITED = Failure(FailureKind.LIMITED, "", status=429, retry_after=5.0)
TROUBLE = Failure(FailureKind.UNAVAILABLE, "503")
REFUSAL = Backoff(REFUSED, NOW, NOW + 300)
PAUSE = Backoff(LIMITED, NOW, NOW + 5)
INSTEAD = TokenDemand(instead_of=TOKEN.access_token)
FORCED = TokenDemand(forced=True)
CONFIRMED = TokenDemand(max_age=60.0)
MALFORMED = Failure(FailureKind.MALFORMED)
LATER_REFUSAL = Abstain(Backoff(REFUSED, NOW + 61, NOW + 361))


@pytest.mark.parametrize(
    ("entry", "later", "demand", "decision"),
    [
        (NOTHING, 0, ANY, Renew()),
        (CacheEntry(TOKEN), 2999, ANY, Use(TOKEN)),
        (CacheEntry(TOKEN), 3000, ANY, Renew(TOKEN)),
        (CacheEntry(TOKEN), 3600, ANY, Renew()),
        # A token that is still good is used, whoever may not ask; without one the reason is told.
        (CacheEntry(TOKEN, refusal=REFUSAL), 10, ANY, Use(TOKEN)),
        (CacheEntry(TOKEN, Backoff(REFUSED, NOW + 3000, NOW + 3300)), 3100, ANY, Use(TOKEN)),
        (CacheEntry(TOKEN, Backoff(REFUSED, NOW + 3000, NOW + 3300)), 3300, ANY, Renew(TOKEN)),
        (CacheEntry(refusal=REFUSAL), 299, ANY, Abstain(REFUSAL)),
        (CacheEntry(refusal=REFUSAL), 300, ANY, Renew()),
        (CacheEntry(pause=PAUSE), 4, ANY, Abstain(PAUSE)),
        (CacheEntry(refusal=REFUSAL, pause=PAUSE), 4, ANY, Abstain(REFUSAL)),
        # A token that an API refused is replaced, at most once a minute, and only if it is still the one.
        (CacheEntry(TOKEN), 10, INSTEAD, Renew()),
        (CacheEntry(OTHER), 10, INSTEAD, Use(OTHER)),
        (CacheEntry(TOKEN, replaced_at=NOW), 59, INSTEAD, Use(TOKEN)),
        (CacheEntry(TOKEN, replaced_at=NOW), 60, INSTEAD, Renew()),
        (CacheEntry(TOKEN, pause=PAUSE), 4, INSTEAD, Abstain(PAUSE)),
        # A person who knows better is not kept from asking by a refusal, but by a limit.
        (CacheEntry(TOKEN), 10, FORCED, Renew()),
        (CacheEntry(refusal=REFUSAL), 10, FORCED, Renew()),
        (CacheEntry(TOKEN, refusal=REFUSAL, pause=PAUSE), 4, FORCED, Abstain(PAUSE)),
        # Credentials that were changed since are tried again.
        (CacheEntry(refusal=REFUSAL), 10, TokenDemand(changed_at=NOW + 5), Renew()),
        (CacheEntry(refusal=REFUSAL), 10, TokenDemand(changed_at=NOW - 5), Abstain(REFUSAL)),
        (CacheEntry(pause=PAUSE), 4, TokenDemand(changed_at=NOW + 2), Abstain(PAUSE)),
        # A token that is too old for its caller is confirmed, while the token endpoint can be asked.
        (CacheEntry(TOKEN), 60, CONFIRMED, Use(TOKEN)),
        (CacheEntry(TOKEN), 61, CONFIRMED, Renew()),
        (CacheEntry(TOKEN), -1, CONFIRMED, Renew()),
        (CacheEntry(TOKEN, refusal=Backoff(REFUSED, NOW + 61, NOW + 361)), 62, CONFIRMED, LATER_REFUSAL),
        (CacheEntry(TOKEN, pause=Backoff(LIMITED, NOW + 61, NOW + 65)), 62, CONFIRMED, Use(TOKEN)),
        (CacheEntry(TOKEN, refusal=Backoff(MALFORMED, NOW + 61, NOW + 91)), 62, CONFIRMED, Use(TOKEN)),
        # A clock that was set back makes a token due for renewal, and a backoff void.
        (CacheEntry(TOKEN), -61, ANY, Renew(TOKEN)),
        (CacheEntry(refusal=REFUSAL), -61, ANY, Renew()),
        (CacheEntry(TOKEN, replaced_at=NOW), -61, INSTEAD, Renew()),
    ],
)
def test_what_is_known_and_the_time_decide(
    entry: CacheEntry, later: float, demand: TokenDemand, decision: object
) -> None:
    assert decision == decide(entry, NOW + later, demand)


@pytest.mark.parametrize(
    ("failure", "count", "jitter", "seconds"),
    [
        (REFUSED, 1, 0.0, 30.0),
        (REFUSED, 1, 0.5, 31.5),
        (REFUSED, 2, 0.0, 60.0),
        (REFUSED, 5, 0.0, 300.0),
        (REFUSED, 99, 0.0, 300.0),
        (Failure(FailureKind.REFUSED, status=403), 1, 0.0, 10.0),
        (Failure(FailureKind.REFUSED, status=403), 3, 0.0, 40.0),
        (Failure(FailureKind.REFUSED, status=403), 9, 0.0, 300.0),
        (Failure(FailureKind.MALFORMED, ""), 1, 0.0, 30.0),
        (Failure(FailureKind.UNREACHABLE, ""), 1, 0.0, 30.0),
        (LIMITED, 1, 0.0, 5.0),
        (LIMITED, 1, 0.5, 5.5),
        (LIMITED, 3, 0.5, 7.0),
        (TROUBLE, 1, 0.0, 1.0),
        (TROUBLE, 3, 0.5, 6.0),
        (TROUBLE, 99, 0.0, 60.0),
        (Failure(FailureKind.LIMITED, "", retry_after=0.0), 1, 0.0, 0.1),
        (Failure(FailureKind.LIMITED, "", retry_after=1e9), 1, 0.0, 3600.0),
    ],
)
def test_how_long_nobody_asks(failure: Failure, count: int, jitter: float, seconds: float) -> None:
    before = Backoff(failure, NOW - 20, NOW - 1, count - 1) if count > 1 else None
    entry = CacheEntry(pause=before) if failure.kind.passing else CacheEntry(refusal=before)

    assert Backoff(failure, NOW, NOW + seconds, count) == backoff_for(failure, entry, NOW, jitter)


def test_failures_long_ago_do_not_lengthen_a_pause() -> None:
    before = CacheEntry(pause=Backoff(TROUBLE, NOW - 100, NOW - 60, 6))

    assert 1 == backoff_for(TROUBLE, before, NOW, 0.0).count
    assert 7 == backoff_for(TROUBLE, before, NOW - 1, 0.0).count


def test_a_token_ends_a_refusal_but_not_a_pause_that_others_met() -> None:
    entry = CacheEntry(TOKEN, REFUSAL, PAUSE)

    assert CacheEntry(OTHER, None, PAUSE) == granted(entry, OTHER)
    assert OTHER.obtained_at == granted(entry, OTHER, INSTEAD).replaced_at


def test_a_failure_keeps_the_token_unless_an_api_refused_it() -> None:
    assert CacheEntry(TOKEN, REFUSAL) == failed(CacheEntry(TOKEN), REFUSAL)
    assert CacheEntry(TOKEN, pause=PAUSE) == failed(CacheEntry(TOKEN), PAUSE)
    assert CacheEntry(None, REFUSAL) == failed(CacheEntry(TOKEN), REFUSAL, INSTEAD)
    assert CacheEntry(None, pause=PAUSE) == failed(CacheEntry(TOKEN), PAUSE, INSTEAD)
    assert CacheEntry(OTHER, REFUSAL) == failed(CacheEntry(OTHER), REFUSAL, INSTEAD)


def test_a_pause_does_not_shorten_one_that_stands() -> None:
    longer, shorter = Backoff(LIMITED, NOW, NOW + 10), Backoff(TROUBLE, NOW + 1, NOW + 2)

    assert CacheEntry(pause=longer) == failed(CacheEntry(pause=longer), shorter)
    assert CacheEntry(pause=Backoff(TROUBLE, NOW + 10, NOW + 11)) == failed(
        CacheEntry(pause=longer), Backoff(TROUBLE, NOW + 10, NOW + 11)
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (NOTHING, NOTHING, NOTHING),
        (CacheEntry(TOKEN), NOTHING, CacheEntry(TOKEN)),
        (CacheEntry(TOKEN), CacheEntry(OTHER), CacheEntry(OTHER)),
        (CacheEntry(refusal=REFUSAL), CacheEntry(OTHER), CacheEntry(OTHER)),
        (
            CacheEntry(OTHER),
            CacheEntry(refusal=Backoff(REFUSED, NOW + 20, NOW + 320)),
            CacheEntry(OTHER, Backoff(REFUSED, NOW + 20, NOW + 320)),
        ),
        (CacheEntry(pause=PAUSE), CacheEntry(OTHER), CacheEntry(OTHER, pause=PAUSE)),
        (
            CacheEntry(pause=PAUSE),
            CacheEntry(pause=Backoff(LIMITED, NOW + 1, NOW + 3)),
            CacheEntry(pause=Backoff(LIMITED, NOW + 1, NOW + 3)),
        ),
        (CacheEntry(replaced_at=1.0), CacheEntry(replaced_at=2.0), CacheEntry(replaced_at=2.0)),
    ],
)
def test_the_newest_of_two_places_counts(ours: CacheEntry, theirs: CacheEntry, both: CacheEntry) -> None:
    assert both == merged(ours, theirs) == merged(theirs, ours)
