"""
Counting requests by minute, in bounded space: whatever strangers make up, the sums stay true.

Three steps down. An address has `PER_ADDRESS` rows a minute for its clients, user agents and outcomes; what comes
beyond is counted in its own rows of "others", so one noisy address hides nobody else. All addresses together have
`DETAILED` rows; beyond, new ones get no details. Past `ADDRESSES` rows, new addresses are counted as "others".
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from gatekey.server.events.model import OAuthAnswered
from gatekey.server.traffic.history import NOBODY, OTHERS

PER_ADDRESS = 64
"""A host runs a handful of programs; each comes with one client id, one user agent and two or three outcomes."""

DETAILED = 2_000
"""Rows; thirty addresses that are as noisy as can be, or a thousand ordinary ones in one minute."""

ADDRESSES = 3_000
"""Rows; more addresses a minute than ask one installation, and with texts of 300 bytes still under 2 MB."""

PENDING = 30_000
"""Rows that wait while the database is in trouble: ten minutes of the worst case, hours of an ordinary one."""

USER_AGENT_LIMIT = 120
"""Characters; the client libraries' own have under 60."""


class Row(NamedTuple):
    """
    A `Trace` in plain text, as it is counted and stored: the hash of an
    enumeration's member is computed each time.
    """

    minute: int
    address: str
    client_id: str
    user_agent: str
    endpoint: str
    outcome: str
    verdict: str
    credential_id: str


class MinuteCounter:
    """Counts answered requests; one thread at a time. An event costs a tuple and two look-ups."""

    def __init__(self) -> None:
        self._minute = -1
        self._places: dict[Row, Row] = {}
        """Which row each kind of request of the current minute is counted in."""
        self._rows: Counter[str] = Counter()
        """Rows of the current minute by address."""
        self._counts: dict[Row, int] = {}

    def count(self, minute: int, event: OAuthAnswered) -> None:
        """Count one request of this minute since 1970."""
        row = Row(
            minute,
            event.address,
            event.client_id or NOBODY,
            event.user_agent,
            event.endpoint,
            event.outcome.value,
            event.verdict.value,
            event.credential_id or "",
        )
        place = self._places.get(row) or self._place(row)
        self._counts[place] = self._counts.get(place, 0) + 1

    def drain(self) -> dict[Row, int]:
        """Return what was counted since the last time, and begin anew."""
        counts, self._counts = self._counts, {}
        return counts

    def put_back(self, counts: Mapping[Row, int]) -> int:
        """Take back what could not be written; return how many rows, the oldest, had to be given up."""
        for row, number in counts.items():
            self._counts[row] = self._counts.get(row, 0) + number
        surplus = len(self._counts) - PENDING
        if surplus > 0:
            for row in sorted(self._counts)[:surplus]:
                del self._counts[row]
        return max(0, surplus)

    def _place(self, row: Row) -> Row:
        if row.minute != self._minute:
            self._minute = row.minute
            self._places.clear()
            self._rows.clear()
        if self._rows[row.address] < PER_ADDRESS and len(self._places) < DETAILED:
            return self._remember(row, row._replace(user_agent=_readable(row.user_agent)))
        without = row._replace(client_id=OTHERS, user_agent=OTHERS, credential_id="")
        if without in self._places or len(self._places) < ADDRESSES:
            return self._remember(without, without)
        return without._replace(address=OTHERS)

    def _remember(self, row: Row, place: Row) -> Row:
        if row not in self._places:
            self._places[row] = place
            self._rows[row.address] += 1
        return place


def _readable(user_agent: str) -> str:
    """Return a user agent as lists and terminals may show it: strangers choose theirs."""
    cut = user_agent[:USER_AGENT_LIMIT]
    return cut if cut.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in cut)
