"""Why an address or a client is limited, made of counts by minute. Pure: every request counted is in every sum once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gatekey.server.events.model import Outcome, Verdict
from gatekey.server.traffic.findings import Finding
from gatekey.server.traffic.history import (
    FAULTS,
    MINUTE,
    REFUSING,
    Block,
    Counted,
    NamedClient,
    Standing,
    Unblocked,
    group,
    standing_of,
)

SPANS = (1, 5, 15, 60, 360, 1_440)
"""Minutes that one point of a plot may stand for."""

MOST_POINTS = 120
"""As many columns as can be told apart on a page."""

CULPRITS = 3
"""Who is named as the cause of a block; the page of the address lists everybody."""

RECENT = 2
"""Minutes; the current one has perhaps just begun."""


class State(StrEnum):
    """How the limit treats an address now."""

    FREE = "free"
    LIMITED = "limited"
    """Some of its last requests came too early."""
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Tally:
    """
    Requests by what became of them: `requests` is the sum of the five after it.

    `spared` of them were over the limit and answered all the same, because limits only watch.
    """

    requests: int = 0
    granted: int = 0
    faulty: int = 0
    limited: int = 0
    blocked: int = 0
    failed: int = 0
    spared: int = 0

    @property
    def refused(self) -> int:
        """How many got nothing, whatever the reason."""
        return self.requests - self.granted


@dataclass(frozen=True, slots=True)
class Asker:
    """A client as claimed, from one address with one user agent; `first` and `last` are minutes since 1970."""

    client_id: str
    standing: Standing
    client: NamedClient | None
    address: str
    user_agent: str
    tally: Tally
    outcomes: tuple[tuple[Outcome, int], ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in the minutes from `minute` (since 1970) on, up to the next point."""

    minute: int
    tally: Tally


@dataclass(frozen=True, slots=True)
class BlockExplained:
    """A block, who asked most in the minutes that led to it, and who lifted it if somebody did."""

    block: Block
    culprits: tuple[Asker, ...]
    lifted: Unblocked | None

    def holds(self, now: float) -> bool:
        """Say whether the address is still blocked by it."""
        return self.lifted is None and self.block.enforced and self.block.ends > now


@dataclass(frozen=True, slots=True)
class AddressLine:
    """An address among others; `clients` is how many different ones it named, `last` the minute of its last request."""

    address: str
    state: State
    blocked_until: float | None
    tally: Tally
    clients: int
    last: int


@dataclass(frozen=True, slots=True)
class Overview:
    """
    The addresses of a period that matter most, out of `addresses`; `tally` and `points` are of all. It is `minutes`
    long, each point stands for `span` of them.
    """

    now: float
    minutes: int
    span: int
    tally: Tally
    points: tuple[Point, ...]
    lines: tuple[AddressLine, ...]
    addresses: int


@dataclass(frozen=True, slots=True)
class AddressExplained:
    """What came from one address within a period."""

    address: str
    now: float
    minutes: int
    span: int
    state: State
    blocked_until: float | None
    tally: Tally
    points: tuple[Point, ...]
    askers: tuple[Asker, ...]
    blocks: tuple[BlockExplained, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ClientExplained:
    """What named one client within a period; `client` is None for one that never was."""

    client_id: str
    standing: Standing
    client: NamedClient | None
    now: float
    minutes: int
    span: int
    tally: Tally
    points: tuple[Point, ...]
    askers: tuple[Asker, ...]
    findings: tuple[Finding, ...]


def tally(counted: Iterable[Counted]) -> Tally:
    """Add up."""
    requests = granted = faulty = limited = blocked = failed = spared = 0
    for trace, number in counted:
        requests += number
        if trace.outcome is Outcome.GRANTED:
            granted += number
        elif trace.outcome in FAULTS:
            faulty += number
        elif trace.outcome is Outcome.LIMITED:
            limited += number
        elif trace.outcome is Outcome.BLOCKED:
            blocked += number
        else:
            failed += number
        if trace.verdict is not Verdict.ADMITTED and trace.outcome not in REFUSING:
            spared += number
    return Tally(requests, granted, faulty, limited, blocked, failed, spared)


def askers(counted: Sequence[Counted], names: Mapping[str, NamedClient]) -> tuple[Asker, ...]:
    """Return who asked, the busiest first."""
    grouped = group(counted, lambda trace: (trace.client_id, trace.address, trace.user_agent))
    found = [
        Asker(
            client_id,
            standing_of(client_id, names),
            names.get(client_id),
            address,
            user_agent,
            tally(some),
            _outcomes(some),
            min(trace.minute for trace, _ in some),
            max(trace.minute for trace, _ in some),
        )
        for (client_id, address, user_agent), some in grouped.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.tally.requests, each.client_id, each.address, each.user_agent)))


def span_of(minutes: int) -> int:
    """Return how many minutes a point of a period stands for."""
    return next((span for span in SPANS if minutes / span <= MOST_POINTS), SPANS[-1])


def points(counted: Sequence[Counted], now: float, minutes: int) -> tuple[int, tuple[Point, ...]]:
    """Return how many minutes a point stands for, and the points of the last `minutes` minutes without a gap."""
    span = span_of(minutes)
    last = int(now // MINUTE) // span
    number = max(1, -(-minutes // span))
    grouped = group(counted, lambda trace: min(last, max(last - number + 1, trace.minute // span)))
    return span, tuple(Point(at * span, tally(grouped.get(at, ()))) for at in range(last - number + 1, last + 1))


def explain_blocks(
    blocks: Iterable[Block],
    unblocked: Sequence[Unblocked],
    counted: Sequence[Counted],
    names: Mapping[str, NamedClient],
) -> tuple[BlockExplained, ...]:
    """Return the blocks of one address with who caused and who lifted them, the newest first."""
    found = []
    for block in sorted(blocks, key=lambda each: -each.began):
        began = int(block.began // MINUTE)
        before = [(trace, number) for trace, number in counted if began - 1 <= trace.minute <= began]
        found.append(BlockExplained(block, askers(before, names)[:CULPRITS], lifting(block, unblocked)))
    return tuple(found)


def lifting(block: Block, unblocked: Iterable[Unblocked]) -> Unblocked | None:
    """Return the first order that ended a block early."""
    orders = (each for each in unblocked if each.address == block.address and block.began <= each.at < block.ends)
    return min(orders, key=lambda each: each.at, default=None)


def state_of(
    counted: Sequence[Counted], blocks: Iterable[Block], unblocked: Sequence[Unblocked], now: float
) -> tuple[State, float | None]:
    """Return how one address is treated now, and until when if it is blocked (seconds since 1970)."""
    held = [each.ends for each in blocks if each.enforced and each.ends > now and lifting(each, unblocked) is None]
    if held:
        return State.BLOCKED, max(held)
    recent = int(now // MINUTE) - RECENT + 1
    limited = any(trace.minute >= recent and trace.outcome in REFUSING for trace, _ in counted)
    return (State.LIMITED if limited and not any(each.at > now - MINUTE for each in unblocked) else State.FREE), None


def lines(
    counted: Sequence[Counted],
    clients: Mapping[str, int],
    blocks: Sequence[Block],
    unblocked: Sequence[Unblocked],
    now: float,
) -> tuple[AddressLine, ...]:
    """
    Return each address once: the blocked first, then those with most refusals, then the busiest. `clients` says how
    many different ones each named.
    """
    found = []
    blocked, orders = defaultdict(list), defaultdict(list)
    for block in blocks:
        blocked[block.address].append(block)
    for order in unblocked:
        orders[order.address].append(order)
    by_address = group(counted, lambda trace: trace.address)
    for address in {**by_address, **blocked}:
        some = by_address.get(address, [])
        state, until = state_of(some, blocked.get(address, ()), orders[address], now)
        last = max([trace.minute for trace, _ in some], default=int(now // MINUTE))
        found.append(AddressLine(address, state, until, tally(some), clients.get(address, 0), last))
    return tuple(
        sorted(
            found,
            key=lambda each: (
                each.state is not State.BLOCKED,
                -each.tally.refused,
                -each.tally.requests,
                each.address,
            ),
        )
    )


def _outcomes(counted: Iterable[Counted]) -> tuple[tuple[Outcome, int], ...]:
    numbers: defaultdict[Outcome, int] = defaultdict(int)
    for trace, number in counted:
        numbers[trace.outcome] += number
    return tuple(sorted(numbers.items(), key=lambda each: (-each[1], each[0].value)))
