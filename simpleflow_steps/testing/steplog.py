"""What a run did with its steps, heard from its events, and said as assertions."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from simpleflow_steps.events import StepCompleted, StepEvent, StepFailed, StepInvalidated, StepSkipped, StepStarted

if TYPE_CHECKING:
    from simpleflow_steps.events import Event


@dataclass(frozen=True, slots=True)
class StepPlay:
    """One step as it was submitted once: `outcome` is `running`, `ran`, `skipped`, `failed` or `invalidated`."""

    workflow_id: str
    step: str
    outcome: str
    forced: bool = False
    reasons: tuple[str, ...] = ()
    error: str | None = None

    def __str__(self) -> str:
        why = "; ".join([*self.reasons, *([self.error] if self.error else [])])
        return f"{self.step} {self.outcome}" + (f" ({why})" if why else "")


class StepLog:
    """Listen to one run or several: pass it as `on_event`.

    `ran`, `skipped`, `failed`, `invalidated` are names in the order in which the steps began, `events` is everything.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._plays: list[StepPlay] = []
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        with self._lock:
            self.events.append(event)
            if isinstance(event, StepEvent):
                self._hear(event)

    def __repr__(self) -> str:
        return f"StepLog({', '.join(map(str, self._plays))})"

    @property
    def plays(self) -> list[StepPlay]:
        """Give everything that was done with steps."""
        return list(self._plays)

    @property
    def ran(self) -> list[str]:
        """Give the steps that ran to their end."""
        return self._with("ran")

    @property
    def skipped(self) -> list[str]:
        """Give the steps that were not run."""
        return self._with("skipped")

    @property
    def failed(self) -> list[str]:
        """Give the steps that ran and failed."""
        return self._with("failed")

    @property
    def invalidated(self) -> list[str]:
        """Give the steps that were done and are not any more."""
        return self._with("invalidated")

    def reasons(self, step: str) -> tuple[str, ...]:
        """Give the reasons of the last decision to run or to skip a step.

        :raises AssertionError: if the step was not submitted
        """
        plays = [play for play in self._plays if play.step == step and play.outcome != "invalidated"]
        assert plays, f"step {step!r} was not submitted; {self._summary()}"  # noqa: S101  it is for tests
        return plays[-1].reasons

    def assert_ran(self, *steps: str) -> None:
        """Demand that each of these ran to its end, whatever else did."""
        for step in steps:
            self._demand(step, "ran")

    def assert_ran_only(self, *steps: str) -> None:
        """Demand that these ran to their end, in any order, and no other."""
        self.assert_ran(*steps)
        others = [step for step in self.ran if step not in steps]
        assert not others, f"steps {', '.join(others)} ran too; {self._summary()}"  # noqa: S101

    def assert_skipped(self, *steps: str, reason: str | None = None) -> None:
        """Demand that each of these was skipped, for this reason if one is given, whatever else was."""
        for step in steps:
            self._demand(step, "skipped", reason)

    def assert_forced(self, *steps: str, reason: str | None = None) -> None:
        """Demand that each of these ran because it was asked for, for this reason if one is given."""
        for step in steps:
            play = self._demand(step, "ran", reason)
            assert play.forced, f"step {step!r} ran, but was not forced to; {self._summary()}"  # noqa: S101

    def assert_failed(self, *steps: str, error: str | None = None) -> None:
        """Demand that each of these failed, with this text in its error if one is given."""
        for step in steps:
            play = self._demand(step, "failed")
            assert error is None or error in (play.error or ""), (  # noqa: S101
                f"step {step!r} failed with {play.error!r}, not with {error!r}; {self._summary()}"
            )

    def _demand(self, step: str, outcome: str, reason: str | None = None) -> StepPlay:
        plays = [play for play in self._plays if play.step == step]
        assert plays, f"step {step!r} was not submitted; {self._summary()}"  # noqa: S101
        fitting = [play for play in plays if play.outcome == outcome]
        was = " and ".join(str(play) for play in plays)
        assert fitting, f"step {step!r} should have {_said(outcome)}, but: {was}; {self._summary()}"  # noqa: S101
        known = [play for play in fitting if reason is None or reason in play.reasons]
        assert known, f"step {step!r} {outcome} for {list(fitting[-1].reasons)}, not for {reason!r}"  # noqa: S101
        return known[-1]

    def _summary(self) -> str:
        return f"the steps were: {', '.join(map(str, self._plays)) or 'none'}"

    def _with(self, outcome: str) -> list[str]:
        return [play.step for play in self._plays if play.outcome == outcome]

    def _hear(self, event: StepEvent) -> None:
        play = StepPlay(event.workflow_id, event.step, "running", event.forced, event.reasons)
        match event:
            case StepStarted():
                self._plays.append(play)
            case StepCompleted():
                self._end(replace(play, outcome="ran"))
            case StepFailed():
                self._end(replace(play, outcome="failed", error=event.error))
            case StepSkipped():
                self._plays.append(replace(play, outcome="skipped"))
            case StepInvalidated():
                self._plays.append(replace(play, outcome="invalidated"))

    def _end(self, play: StepPlay) -> None:
        """Put the outcome where the step began."""
        for place, begun in enumerate(self._plays):
            if (begun.workflow_id, begun.step, begun.outcome) == (play.workflow_id, play.step, "running"):
                self._plays[place] = play
                return
        self._plays.append(play)


def _said(outcome: str) -> str:
    return "run" if outcome == "ran" else "failed" if outcome == "failed" else f"been {outcome}"
