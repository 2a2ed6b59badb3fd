"""What is drawn: steps and child workflows, with what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.states import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Play:
    """When a step was last played, and in which run."""

    run_id: str
    started: datetime
    finished: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class DrawnStep:
    """A step, inside the step `within` if inside any; `dependents` are the names that it forces if it runs."""

    name: str
    state: str = UNKNOWN
    within: str | None = None
    dependents: tuple[str, ...] = ()
    play: Play | None = None


@dataclass(frozen=True, slots=True)
class DrawnChild:
    """A child workflow, by its id, or by its class if it never ran; `subject` is what it holds, if that was read."""

    name: str
    workflow: str
    state: str = UNKNOWN
    within: str | None = None
    subject: Subject | None = None

    @property
    def label(self) -> str:
        """Name it and its workflow."""
        return f"{self.name} ({self.workflow})"


@dataclass(frozen=True, slots=True)
class Subject:
    """An execution, or a workflow that has not run: its steps in their recorded order, its children.

    :param notes: what is not known, in sentences
    """

    title: str
    steps: Mapping[str, DrawnStep]
    children: tuple[DrawnChild, ...] = ()
    notes: tuple[str, ...] = ()
