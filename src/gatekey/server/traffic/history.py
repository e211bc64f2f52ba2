"""What is kept of requests for a while: counts by minute, blocks, and who lifted one."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar

from gatekey.server.events.model import Outcome, Verdict

OTHERS = "(others)"
"""Stands for whatever was too many to be kept apart; no address and no client id has parentheses."""

NOBODY = ""
"""The client id of requests that named none."""

MINUTE = 60
"""Seconds."""

REFUSING = frozenset({Outcome.LIMITED, Outcome.BLOCKED})
"""What the limit itself refused, whoever asked and whatever for."""

FAULTS = frozenset(
    {
        Outcome.MALFORMED,
        Outcome.UNKNOWN_CLIENT,
        Outcome.WRONG_SECRET,
        Outcome.ENDED_SECRET,
        Outcome.WRONG_ASSERTION,
        Outcome.DENIED,
    }
)
"""What was within the limit and refused all the same: something is wrong with the request."""


Key = TypeVar("Key")


class Standing(StrEnum):
    """What we know of whoever a request claims to be from."""

    KNOWN = "known"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """An id that never was one of this installation."""
    NOBODY = "not named"
    """The request named no client, or was refused before it was read."""
    OTHERS = "others"
    """Too many different ones to be kept apart."""


class Trace(NamedTuple):
    """
    What requests are counted by: `minute` in minutes since 1970, `client_id` as claimed, `credential_id` as proved.

    Texts are empty where there was nothing, and `OTHERS` where there was too much.
    """

    minute: int
    address: str
    client_id: str
    user_agent: str
    endpoint: str
    outcome: Outcome
    verdict: Verdict
    credential_id: str = ""


Counted = tuple[Trace, int]
"""How many requests left this trace."""


@dataclass(frozen=True, slots=True)
class Worst:
    """
    The addresses with most refusals: `counted` by address, outcome and verdict (the minute is the last one), how many
    different clients each named, and how many addresses there are in all.
    """

    counted: tuple[Counted, ...]
    clients: Mapping[str, int]
    addresses: int


@dataclass(frozen=True, slots=True)
class Block:
    """
    An address was blocked from `began` to `ends` (seconds since 1970);
    `enforced` is False where limits only watch.
    """

    address: str
    began: float
    ends: float
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Unblocked:
    """Somebody (`by`) ordered that `address` be forgotten by the limit, `at` seconds since 1970."""

    address: str
    at: float
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class NamedClient:
    """
    A client that is or was here, in the words that explanations need.

    `lifetime` is how many seconds its tokens live. `deleted` and `changed` (its scopes or its lifetime) are seconds
    since 1970, None where that did not happen.
    """

    client_id: str
    name: str
    cluster_id: str
    cluster: str
    lifetime: int
    deleted: float | None = None
    changed: float | None = None


def total(counted: Iterable[Counted]) -> int:
    """Return how many requests there were."""
    return sum(number for _, number in counted)


def standing_of(client_id: str, names: Mapping[str, NamedClient]) -> Standing:
    """Return what we know of a claimed client id."""
    if client_id in {NOBODY, OTHERS}:
        return Standing.NOBODY if client_id == NOBODY else Standing.OTHERS
    client = names.get(client_id)
    if client is None:
        return Standing.UNKNOWN
    return Standing.KNOWN if client.deleted is None else Standing.DELETED


def group(counted: Iterable[Counted], key: Callable[[Trace], Key]) -> dict[Key, list[Counted]]:
    """Return the counts by what `key` makes of their traces."""
    grouped: defaultdict[Key, list[Counted]] = defaultdict(list)
    for trace, number in counted:
        grouped[key(trace)].append((trace, number))
    return grouped
