"""
What is asked of an address, what is remembered of it, and what it can be told.

Instants are whole, positive nanoseconds of one monotonic clock: boundaries are exact, nothing drifts however long an
address is limited, and a state is four 64-bit words wherever it is kept: three instants and two counts that share a
word. What people set and callers read is in seconds.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000_000
"""Nanoseconds."""

HELP_PATH = "/help/rate-limit"
"""Where the service explains the limit to whoever was refused; named by refusals and served by the console."""

LONGEST_RETRY_AFTER = 30
"""Seconds; Camunda's Node.js SDK sleeps as long as it is told inside a request that times out after 30 s."""

LARGEST_COUNT = 2**32 - 1
"""Two counts share a word."""

READY_ANSWERS = 1000
"""How many answers to admitted requests a policy keeps ready; nearly every request gets one of them."""

LONGEST_TIME = 100 * 365 * 24 * 3600 * SECOND
"""Nanoseconds; a century, so that the sum of a few times and an instant still fits a word (584 years)."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request may be answered; `remaining` more may come at once. Admitted is admitted: verdicts compare equal."""

    remaining: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """
    How often one address may ask, and when it is blocked for a while.

    `rate` is in requests per second, `burst` is how many may come at once after a rest, `block_after` is in refusals
    within `block_window` seconds. A first block lasts `block_for` seconds; each block after that twice as long as the
    one before, up to `block_at_most`, but one doubling is forgiven for every `block_forgiven` seconds since the last
    block ended. Raises ValueError where a number makes no limit, or none that ends within a century.
    """

    rate: float = 1.0
    """Camunda documents about one token request per second and source address."""
    burst: int = 10
    """One process with the Node.js SDK's eight client kinds asks for seven tokens within 0.3 s of its start."""
    block_after: int = 30
    """Half a minute at twice the rate: more than the start of one process, less than a loop that never gives up."""
    block_window: float = 60.0
    """Camunda documents a block after too many requests "in a short time"; a minute is what people take for that."""
    block_for: float = 60.0
    """Long enough to be seen in a log, short enough that nobody has to be woken up to lift it."""
    block_at_most: float = 900.0
    """A quarter of an hour: who never gives up gets some forty requests an hour through, and who does is served soon.
    Blocks do not grow where it is less than `block_for`."""
    block_forgiven: float = 900.0
    """As long as the longest block: what comes back once an hour is met as if for the first time."""
    interval: int = field(init=False, repr=False)
    """Nanoseconds between two requests at exactly the rate."""
    admitted: tuple[Admitted, ...] = field(init=False, repr=False, compare=False)
    """Answers by how many remain."""

    def __post_init__(self) -> None:
        times = (self.block_window, self.block_for, self.block_at_most, self.block_forgiven)
        if not all(number > 0 for number in (self.rate, self.burst, self.block_after, *times)):
            raise ValueError("every number of a limit is greater than zero")
        if max(*times, self.burst / self.rate) * SECOND > LONGEST_TIME or self.block_after > LARGEST_COUNT:
            raise ValueError("no time of a limit is longer than a century, no count of refusals wider than 32 bits")
        object.__setattr__(self, "interval", max(1, round(SECOND / self.rate)))
        ready = tuple(Admitted(remaining) for remaining in range(min(self.burst, READY_ANSWERS)))
        object.__setattr__(self, "admitted", ready)


class AddressState(NamedTuple):
    """
    What is remembered of one address; an address that is not remembered is one at rest.

    A tuple, because nearly every request makes one, and a frozen dataclass takes more than twice as long to make.
    """

    full_at: int
    """When the whole burst is there again: the "theoretical arrival time" of GCRA (ITU-T I.371)."""
    window_ends: int = 0
    blocked_until: int = 0
    """When the last block ended or will end."""
    refusals: int = 0
    """Refused requests since the refusal that opened the current window."""
    doublings: int = 0
    """How often the length of a block doubles, had the next one begun as the last one ended."""


@dataclass(frozen=True, slots=True)
class Limited:
    """
    The request came too early: `retry_after` is in whole seconds, 1 to 30, and the wait that is needed unless the rate
    is below one in thirty seconds.
    """

    retry_after: int

    @property
    def reason(self) -> str:
        """The words for the operator."""
        return "over the rate"


@dataclass(frozen=True, slots=True)
class Blocked:
    """
    Every request of the address is refused: `retry_after` is the honest rest in whole seconds, `until` an instant of
    the limiter's clock.
    """

    retry_after: int
    until: int

    @property
    def reason(self) -> str:
        """The words for the operator."""
        return "blocked after too many refusals"


Verdict = Admitted | Limited | Blocked
