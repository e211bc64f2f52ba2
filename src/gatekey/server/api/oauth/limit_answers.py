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
from math import ceil

from gatekey.http.asgi import Headers
from gatekey.oauth.token_answer import describe
from gatekey.server.limits.limits import Budget, Ruling
from gatekey.server.limits.model import SECOND, Admitted, Blocked

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
        self._single: dict[tuple[Budget, int], Headers] = {}
        self._bodies: dict[tuple[Budget, int, int, str], bytes] = {}

    def headers(self, ruling: Ruling, narrower: Ruling | None = None) -> Headers:
        """
        Return the fields of an answer; where there is a narrower budget, it stands first. What nothing limits or what
        is only watched has none: a caller who holds back without need would hide what is watched for.
        """
        if narrower is not None:
            return _joined(self._headers(narrower), self._headers(ruling))
        return self._headers(ruling)

    def _headers(self, ruling: Ruling) -> Headers:
        budget, verdict = ruling
        place = (budget, verdict.remaining if isinstance(verdict, Admitted) else -verdict.retry_after - 1)
        try:
            return self._single[place]
        except KeyError:
            if len(self._single) >= REMEMBERED:
                self._single.clear()
            headers = self._single[place] = _encode(ruling)
            return headers

    def refusal(self, ruling: Ruling, path: str) -> tuple[bytes, Headers]:
        """Return body and headers of a 429, without the fields that every answer has."""
        verdict = ruling.verdict
        wait = 0 if isinstance(verdict, Admitted) else verdict.retry_after
        until = ceil(self._now() + wait) if isinstance(verdict, Blocked) else 0
        key = (ruling.budget, wait, until, path)
        body = self._bodies.get(key)
        if body is None:
            if len(self._bodies) >= REMEMBERED:
                self._bodies.clear()
            body = self._bodies[key] = self._body(ruling, until, path)
        return body, ((b"retry-after", b"%d" % wait), self._link)

    def _body(self, ruling: Ruling, until: int, path: str) -> bytes:
        kind, title = ABNORMAL_USAGE if until else QUOTA_EXCEEDED
        words = describe(ruling.public)
        members = {
            "error": "too_many_requests",
            "error_description": words,
            "type": kind,
            "title": title,
            "status": 429,
            "detail": words,
            "instance": path,
            "violated-policies": [ruling.budget.part.value],
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


def _encode(ruling: Ruling) -> Headers:
    budget, verdict = ruling
    policy = budget.policy
    if policy is None or budget.watched:
        return ()
    name, window = budget.part.value, max(1, ceil(policy.burst * policy.interval / SECOND))
    if isinstance(verdict, Admitted):
        remaining, effective = verdict.remaining, ceil(policy.interval / SECOND)
    else:
        remaining, effective = 0, verdict.retry_after
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
