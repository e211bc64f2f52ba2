"""
What answers say of limits: the `RateLimit` fields of every answer, the body and the headers of a refusal.

The fields are structured (RFC 9651) and those of draft-ietf-httpapi-ratelimit-headers-11: `q` and `w` are the burst and
the seconds after which all of it is there again, `r` is how many requests may come at once, `t` the seconds within
which no more than these may. A refusal's body has OAuth's members (RFC 6749 section 5.2), which clients read, and those
of problem details (RFC 9457) beside them, in one object.

What was encoded is remembered: there are only as many answers as requests can remain, or seconds to wait.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from gatekey.http.asgi import Headers
from gatekey.oauth.token_answer import describe
from gatekey.server.limits.limits import Budget, Ruling
from gatekey.server.limits.model import SECOND, Admitted, Blocked, Limited

PROBLEM = "application/problem+json"

PROBLEM_TYPES = "https://iana.org/assignments/http-problem-types#"
QUOTA_EXCEEDED = (f"{PROBLEM_TYPES}quota-exceeded", "Too many requests")
ABNORMAL_USAGE = (f"{PROBLEM_TYPES}abnormal-usage-detected", "Blocked after too many requests")
"""Sections 5.1 and 5.3 of the draft."""

REMEMBERED = 10_000
"""Encoded answers that are kept; some 5 MB. The usual policy has ten, and a block as many as it has seconds."""


class LimitAnswers:
    """Puts rulings into words. `help_url` is the page that explains them, `now` is in seconds since 1970."""

    def __init__(self, help_url: str, now: Callable[[], float]) -> None:
        self._help_url = help_url
        self._link = (b"link", f'<{help_url}>; rel="help"'.encode())
        self._now = now
        self._body = lru_cache(REMEMBERED)(self._encode_body)

    def headers(self, ruling: Ruling, narrower: Ruling | None = None) -> Headers:
        """
        Return the fields of an answer; where there is a narrower budget, it stands first. What nothing limits or what
        is only watched has none: a caller who holds back without need would hide what is watched for.
        """
        if narrower is not None:
            return _joined(_fields(narrower), _fields(ruling))
        return _fields(ruling)

    def refusal(self, ruling: Ruling, path: str) -> tuple[bytes, Headers]:
        """Return body and headers of a 429, without the fields that every answer has."""
        verdict = ruling.verdict
        wait = 0 if isinstance(verdict, Admitted) else verdict.retry_after
        until = ceil(self._now() + wait) if isinstance(verdict, Blocked) else 0
        return self._body(ruling.budget, wait, until, path), ((b"retry-after", b"%d" % wait), self._link)

    def _encode_body(self, budget: Budget, wait: int, until: int, path: str) -> bytes:
        kind, title = ABNORMAL_USAGE if until else QUOTA_EXCEEDED
        words = describe(Ruling(budget, Blocked(wait, until) if until else Limited(wait)).public)
        members = {
            "error": "too_many_requests",
            "error_description": words,
            "type": kind,
            "title": title,
            "status": 429,
            "detail": words,
            "instance": path,
            "violated-policies": [budget.part.value],
            **({"blocked_until": _moment(until)} if until else {}),
            "help": self._help_url,
        }
        return json.dumps(members, separators=(",", ":")).encode("ascii")


def wants_problem(accept: str | None) -> bool:
    """Say whether an `Accept` header names problem details (RFC 9457); whoever does not gets plain JSON, as ever."""
    if accept is None or PROBLEM not in accept.lower():
        return False
    ranges = [one.strip().lower().split(";") for one in accept.split(",")]
    refused = {"q=0", "q=0.0", "q=0.00", "q=0.000"}  # RFC 9110 section 12.4.2: "not acceptable"
    return any(
        kind.strip() == PROBLEM and refused.isdisjoint(word.replace(" ", "") for word in parameters)
        for kind, *parameters in ranges
    )


def _fields(ruling: Ruling) -> Headers:
    budget, verdict = ruling
    return _encode(budget, verdict.remaining if isinstance(verdict, Admitted) else -verdict.retry_after - 1)


@lru_cache(REMEMBERED)
def _encode(budget: Budget, remaining: int) -> Headers:
    """Return the fields of one budget; below zero, `remaining` is one less than the negative seconds to wait."""
    policy = budget.policy
    if policy is None or budget.watched:
        return ()
    name, window = budget.part.value, max(1, ceil(policy.burst * policy.interval / SECOND))
    effective = ceil(policy.interval / SECOND) if remaining >= 0 else -remaining - 1
    remaining = max(0, remaining)
    return (
        (b"ratelimit-policy", f'"{name}";q={policy.burst};w={window}'.encode()),
        (b"ratelimit", f'"{name}";r={remaining};t={effective}'.encode()),
    )


def _joined(first: Headers, second: Headers) -> Headers:
    """Return one field of each name: lists are joined by commas (RFC 9651 section 3.1)."""
    if not first or not second:
        return first or second
    return [(name, b"%b, %b" % (value, other)) for (name, value), (_, other) in zip(first, second, strict=True)]


def _moment(when: int) -> str:
    """Return a time in UTC; `when` is in seconds since 1970, rounded up, so that it is never too early."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
