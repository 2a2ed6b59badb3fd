"""A comparison: two things timed in turn, A B A B, so that what disturbs the machine disturbs both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: tuple[float, ...]) -> Spread:
        """Summarize values; of one or two, the quartiles are the values themselves."""
        if len(values) < 3:
            return cls(min(values), median(values), max(values))
        low, middle, high = quantiles(values, n=4, method="inclusive")
        return cls(low, middle, high)


@dataclass(frozen=True)
class Comparison:
    """What was timed: pairs of seconds, one pair for each round.

    :param ours: the seconds that the library took
    :param theirs: the seconds of the floor, or of the peer, in the same rounds
    """

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def slower(self) -> Spread:
        """Say how many times the seconds of the other the library takes; each ratio is one round's."""
        return Spread.of(tuple(a / b for a, b in zip(self.ours, self.theirs, strict=True)))

    @property
    def faster(self) -> Spread:
        """Say how many times the speed of the other the library has."""
        return Spread.of(tuple(b / a for a, b in zip(self.ours, self.theirs, strict=True)))

    def against(self, allowed: Callable[[float], float]) -> Spread:
        """Say which part the library takes of what each round's floor allows."""
        return Spread.of(tuple(a / allowed(b) for a, b in zip(self.ours, self.theirs, strict=True)))

    @property
    def noise(self) -> float:
        """Say how far the other's own seconds lie apart, as a part of their median: the machine's noise."""
        return (max(self.theirs) - min(self.theirs)) / median(self.theirs)


def compare(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Comparison:
    """Let two things that give their seconds take turns."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return Comparison(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def seconds_of(act: Callable[..., Any], *args: Any) -> float:
    """Time a call."""
    began = time.perf_counter()
    act(*args)
    return time.perf_counter() - began
