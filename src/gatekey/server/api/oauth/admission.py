"""What stands before every OAuth endpoint: the limits, the words for them, and a short look at who was refused."""

from collections.abc import Callable
from dataclasses import dataclass

from gatekey.oauth.client_authentication import claimed_client
from gatekey.server.api.oauth.limit_answers import LimitAnswers
from gatekey.server.limits.limits import Limits, Ruling

LOOKS_PER_SECOND = 1000
"""By one worker; a look takes under 10 µs, so all of them less than a hundredth of its time."""

SAMPLED = 16
"""One in so many, beyond: in a flood, a sixteenth names whoever floods as well as all would."""

LOOK_LIMIT = 4096
"""Bytes of a refused request's body that may be read; the largest honest ones have less."""


class Sampler:
    """Says which requests are looked at: each, up to so many a second, then every sixteenth. `now` is in seconds."""

    def __init__(self, now: Callable[[], float], per_second: int = LOOKS_PER_SECOND) -> None:
        self._now = now
        self._per_second = per_second
        self._second = 0.0
        self._asked = 0

    def __call__(self) -> bool:
        """Count one request and say whether it is looked at."""
        second = self._now() // 1
        if second != self._second:
            self._second, self._asked = second, 0
        self._asked += 1
        return self._asked <= self._per_second or self._asked % SAMPLED == 0


@dataclass(frozen=True, slots=True)
class Admission:
    """`knows` says whether a client has this id now; it may raise `StorageUnavailable`."""

    limits: Limits
    answers: LimitAnswers
    knows: Callable[[str], bool]
    look: Callable[[], bool]

    def claimed(self, content_type: str, authorization: str | None, body: bytes) -> str | None:
        """
        Return who a refused request claims to be from, where that is looked at; `body` is empty where it is not
        there.
        """
        if not self.look():
            return None
        return claimed_client(content_type, authorization, body if len(body) <= LOOK_LIMIT else b"")

    def of_proved(self, address: str, client_id: str, organisation_id: str) -> Ruling | None:
        """Count a request against its client's own budget; None where clients have none."""
        return self.limits.ask_proved(address, client_id, organisation_id) if self.limits.fair else None

    def of_failed(self, address: str, claimed: str | None) -> Ruling:
        """Count a request that proved nothing against the budget of those."""
        return self.limits.ask_unproved(address, claimed if claimed and self.knows(claimed) else None)
