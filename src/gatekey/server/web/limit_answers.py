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
from typing import NamedTuple

from gatekey.server.limiting.limits import Budget, Ruling
from gatekey.server.limiting.model import SECOND, Admitted, Blocked
from gatekey.server.web.plain import Headers
from gatekey.wire.token_answer import describe

PROBLEM = "application/problem+json"

PROBLEM_TYPES = "https://iana.org/assignments/http-problem-types#"
QUOTA_EXCEEDED = (f"{PROBLEM_TYPES}quota-exceeded", "Too many requests")
ABNORMAL_USAGE = (f"{PROBLEM_TYPES}abnormal-usage-detected", "Blocked after too many requests")
"""Sections 5.1 and 5.3 of the draft."""

REMEMBERED = 10_000
"""Encoded answers that are kept; some 5 MB. The usual policy has ten, and a block as many as it has seconds."""


class _Fields(NamedTuple):
    policy: bytes
    limit: bytes


class LimitAnswers:
    """
    Puts rulings into words. `help_url` is the page that explains them, `now` is in seconds since 1970.
    """

    def __init__(self, help_url: str, now: Callable[[], float]) -> None:
        self._help_url = help_url
        self._link = (b"link", f'<{help_url}>; rel="help"'.encode())
        self._now = now
        self._fields: dict[tuple[Budget, int], _Fields] = {}
        self._headers: dict[tuple[_Fields, ...], Headers] = {}
        self._bodies: dict[tuple[Budget, int, str, str], bytes] = {}

    def headers(self, *rulings: Ruling) -> Headers:
        """
        Return the fields of an answer, the narrowest budget first. What nothing limits or what is only watched has
        none: a caller who holds back without need would hide what is watched for.
        """
        found = tuple(self._encoded(ruling) for ruling in rulings if ruling.budget.policy and not ruling.budget.watched)
        try:
            return self._headers[found]
        except KeyError:
            if len(self._headers) >= REMEMBERED:
                self._headers.clear()
            headers = self._headers[found] = (
                (
                    (b"ratelimit-policy", b", ".join(fields.policy for fields in found)),
                    (b"ratelimit", b", ".join(fields.limit for fields in found)),
                )
                if found
                else ()
            )
            return headers

    def refusal(self, ruling: Ruling, path: str) -> tuple[bytes, Headers]:
        """
        Return body and headers of a 429, without the fields that every answer has.
        """
        verdict = ruling.verdict
        wait = 0 if isinstance(verdict, Admitted) else verdict.retry_after
        until = _moment(self._now() + wait) if isinstance(verdict, Blocked) else ""
        key = (ruling.budget, wait, until, path)
        body = self._bodies.get(key)
        if body is None:
            if len(self._bodies) >= REMEMBERED:
                self._bodies.clear()
            body = self._bodies[key] = self._body(ruling, until, path)
        return body, ((b"retry-after", b"%d" % wait), self._link)

    def _body(self, ruling: Ruling, until: str, path: str) -> bytes:
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
            **({"blocked_until": until} if until else {}),
            "help": self._help_url,
        }
        return json.dumps(members, separators=(",", ":")).encode("ascii")

    def _encoded(self, ruling: Ruling) -> _Fields:
        budget, verdict = ruling
        number = verdict.remaining if isinstance(verdict, Admitted) else -verdict.retry_after - 1
        try:
            return self._fields[budget, number]
        except KeyError:
            if len(self._fields) >= REMEMBERED:
                self._fields.clear()
            fields = self._fields[budget, number] = _encode(ruling)
            return fields


def wants_problem(accept: str | None) -> bool:
    """
    Say whether an `Accept` header names problem details (RFC 9457); whoever does not gets plain JSON, as ever.
    """
    if accept is None or PROBLEM not in accept.lower():
        return False
    ranges = [one.strip().lower().split(";") for one in accept.split(",")]
    refused = {"q=0", "q=0.0", "q=0.00", "q=0.000"}  # RFC 9110 section 12.4.2: "not acceptable"
    return any(
        kind.strip() == PROBLEM and refused.isdisjoint(word.replace(" ", "") for word in parameters)
        for kind, *parameters in ranges
    )


def _encode(ruling: Ruling) -> _Fields:
    budget, verdict = ruling
    if budget.policy is None:
        raise ValueError("what nothing limits has no fields")
    name, policy = budget.part.value, budget.policy
    window = max(1, ceil(policy.burst * policy.interval / SECOND))
    if isinstance(verdict, Admitted):
        remaining, effective = verdict.remaining, ceil(policy.interval / SECOND)
    else:
        remaining, effective = 0, verdict.retry_after
    return _Fields(f'"{name}";q={policy.burst};w={window}'.encode(), f'"{name}";r={remaining};t={effective}'.encode())


def _moment(when: float) -> str:
    """
    Return a time in UTC, to the second, never earlier than it is.
    """
    return datetime.fromtimestamp(ceil(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
