"""A row of the table: one figure beside another, their ratio, and the goal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.comparison import Comparison, Spread


@dataclass(frozen=True)
class Goal:
    """A bound for a figure, and what the figure is."""

    bound: float
    at_least: bool
    text: str = ""

    def __str__(self) -> str:
        return self.text or f"{'at least' if self.at_least else 'at most'} {self.bound:g}"

    def verdict(self, figure: float) -> str:
        """Say whether the figure meets the bound, or by how much it misses it."""
        if figure >= self.bound if self.at_least else figure <= self.bound:
            return "met"
        return f"missed by {abs(figure - self.bound) / self.bound:.0%}"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    :param what: what is measured
    :param ours: the library's figure, as text
    :param beside: the figure that it is compared with, as text
    :param ratio: the figure that the goal is about, with its quartiles
    :param noise: how far the other's figures lie apart, as a part of their median
    :param note: what a reader has to know
    :param comparison: the seconds behind it
    :param race: of a race that counts, what ran: the peer beside whom, how many steps, in which shape and phase
    """

    what: str
    ours: str
    beside: str = ""
    ratio: Spread | None = None
    goal: Goal | None = None
    noise: float | None = None
    note: str = ""
    comparison: Comparison | None = None
    race: tuple[str, str, str] | None = None

    @property
    def verdict(self) -> str:
        """Say whether the goal is met; nothing without a goal."""
        return self.goal.verdict(self.ratio.middle) if self.goal and self.ratio else ""

    def as_json(self) -> dict[str, Any]:
        """Give everything, the seconds of each round included."""
        return {**asdict(self), "goal": str(self.goal) if self.goal else "", "verdict": self.verdict}


def at_least(bound: float, text: str = "") -> Goal:
    """Make a goal for what should be large."""
    return Goal(bound, at_least=True, text=text)


def at_most(bound: float, text: str = "") -> Goal:
    """Make a goal for what should be small."""
    return Goal(bound, at_least=False, text=text)


def duration(seconds: Iterable[float]) -> str:
    """Write the median of durations."""
    middle = median(seconds)
    if middle >= 100:
        return f"{middle:,.0f} s"
    return f"{middle:.3g} s" if middle >= 1 else f"{middle * 1000:.3g} ms"


def rate(number: int, seconds: Iterable[float]) -> str:
    """Write the median of rates."""
    return f"{number / median(seconds):,.0f}/s"
