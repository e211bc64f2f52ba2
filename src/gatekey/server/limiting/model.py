"""
What is asked of an address, what is remembered of it, and what it can be told.

Instants are whole, positive nanoseconds of one monotonic clock: boundaries are exact, nothing drifts however long an
address is limited, and a state is four 64-bit words wherever it is kept. What people set and callers read is in
seconds.
"""

from dataclasses import dataclass, field

SECOND = 1_000_000_000
"""Nanoseconds."""

LONGEST_RETRY_AFTER = 30
"""Seconds; Camunda's Node.js SDK sleeps as long as it is told inside a request that times out after 30 s."""


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """
    How often one address may ask, and when it is blocked for a while.

    `rate` is in requests per second, `burst` is how many may come at once after a rest, `block_after` is in refusals
    within `block_window` seconds, `block_for` is in seconds. Raises ValueError where a number makes no limit.
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
    interval: int = field(init=False, repr=False)
    """Nanoseconds between two requests at exactly the rate."""

    def __post_init__(self) -> None:
        if min(self.rate, self.burst, self.block_after, self.block_window, self.block_for) <= 0:
            raise ValueError("every number of a limit is greater than zero")
        object.__setattr__(self, "interval", max(1, round(SECOND / self.rate)))


@dataclass(frozen=True, slots=True)
class AddressState:
    """
    What is remembered of one address; an address that is not remembered is one at rest.
    """

    full_at: int
    """When the whole burst is there again: the "theoretical arrival time" of GCRA (ITU-T I.371)."""
    refusals: int = 0
    """Refused requests since the refusal that opened the current window."""
    window_ends: int = 0
    blocked_until: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """
    The request may be answered.
    """


@dataclass(frozen=True, slots=True)
class Limited:
    """
    The request came too early: `retry_after` is in whole seconds, 1 to 30, and the wait that is needed unless the rate
    is below one in thirty seconds.
    """

    retry_after: int

    @property
    def public(self) -> str:
        """
        The words for the caller.
        """
        return f"Too many token requests from this address. Ask again in {self.retry_after} s, and keep the token."

    @property
    def reason(self) -> str:
        """
        The words for the operator.
        """
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
    def public(self) -> str:
        """
        The words for the caller.
        """
        return f"This address is blocked for {self.retry_after} s: it went on asking for tokens while it was limited."

    @property
    def reason(self) -> str:
        """
        The words for the operator.
        """
        return "blocked after too many refusals"


Verdict = Admitted | Limited | Blocked
