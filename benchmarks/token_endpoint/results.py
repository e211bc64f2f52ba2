"""
What one run found. Pure; `Missing` stands wherever something could not be measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks.token_endpoint.load import Load
from benchmarks.token_endpoint.overlap import Overlap
from benchmarks.token_endpoint.processes import Memory
from benchmarks.token_endpoint.rows import Row


@dataclass(frozen=True, slots=True)
class Missing:
    """
    Not measured, and why.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """
    A row's bursts of load, at least one; every figure is their median.
    """

    loads: Sequence[Load]

    @property
    def per_cpu_second(self) -> float:
        """
        Answers per CPU-second of the server's tree.
        """
        return median(load.per_cpu_second for load in self.loads)

    @property
    def per_second(self) -> float:
        """
        Answers per second.
        """
        return median(load.per_second for load in self.loads)

    @property
    def p50(self) -> float:
        """
        Milliseconds.
        """
        return median(load.p50 for load in self.loads)

    @property
    def p99(self) -> float:
        """
        Milliseconds.
        """
        return median(load.p99 for load in self.loads)


class Kind(StrEnum):
    """
    Requests whose answers may differ, but neither in their cost nor in their timing by whether a client exists.
    """

    GOOD = "good secret"
    WRONG = "wrong secret"
    UNKNOWN = "unknown client"
    DELETED = "deleted client"


@dataclass(frozen=True, slots=True)
class Refusals:
    """
    Good and refused requests: `cost` in CPU-microseconds, `delay` the median in microseconds, `pairs` how alike.
    """

    row: Row
    cost: Mapping[Kind, float]
    delay: Mapping[Kind, float]
    samples: int
    pairs: Mapping[tuple[str, str], Overlap]
    control: Overlap
    """The wrong-secret sample's own halves: what chance and neighbours alone bring."""


@dataclass(frozen=True, slots=True)
class Start:
    """
    From the command to the first token on an existing data folder, and what the service then holds at rest.
    """

    seconds: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class Results:
    """
    Everything. `limits` are bare signatures per CPU-second of the rows that sign, under the same circumstances.
    """

    limits: Mapping[Row, float]
    rows: Mapping[Row, Measured | Missing]
    workers: Mapping[Row, Measured | Missing]
    refusals: Refusals | Missing
    start: Start | Missing

    def rate(self, row: Row) -> float | None:
        """
        Return a row's answers per CPU-second, if it was measured.
        """
        found = self.rows.get(row)
        return found.per_cpu_second if isinstance(found, Measured) else None

    def share(self, row: Row) -> float | None:
        """
        Return a row's tokens per bare signature in the same time, if it was measured.
        """
        rate, limit = self.rate(row), self.limits.get(row)
        return rate / limit if rate is not None and limit else None
