"""
Whether two samples could be told apart. Pure.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

TERMS = 100
"""Of the Kolmogorov series; it converges within five."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """
    How alike two samples are.

    `told_apart` is the area under the ROC curve (the Mann-Whitney statistic): the chance that a value of the second
    sample is larger than one of the first, 0.5 where nothing can be told. `distance` is that of Kolmogorov and Smirnov,
    `chance` how often two samples of one distribution are at least that far apart.
    """

    told_apart: float
    distance: float
    chance: float


def compare(first: Sequence[float], second: Sequence[float]) -> Overlap:
    """
    Compare two samples that are not empty.
    """
    left, right = sorted(first), sorted(second)
    below = sum((bisect_left(left, value) + bisect_right(left, value)) / 2 for value in right)
    values = sorted({*left, *right})
    distance = max(
        abs(bisect_right(left, value) / len(left) - bisect_right(right, value) / len(right)) for value in values
    )
    weight = math.sqrt(len(left) * len(right) / (len(left) + len(right)))
    return Overlap(below / (len(left) * len(right)), distance, _chance(distance * weight))


def _chance(scaled: float) -> float:
    """
    Return the upper tail of the Kolmogorov distribution, its limit for large samples.
    """
    if scaled < 0.2:
        return 1.0
    tail = sum(math.exp(-2 * (index * scaled) ** 2) * (1 if index % 2 else -1) for index in range(1, TERMS + 1))
    return min(1.0, max(0.0, 2 * tail))
