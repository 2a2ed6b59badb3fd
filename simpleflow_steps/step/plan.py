"""What a run would do with each known step, and why: the same decision as the run's, without a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from simpleflow_steps.step.known import KnownStep, KnownSteps
    from simpleflow_steps.step.steering import Steering

RUN, SKIP, NOT_REACHED, UNSURE = "run", "skip", "not reached", "unsure"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What would become of a step.

    :param action: `run`; `skip`; `not reached`, because of the step around it; `unsure`, because the run is to stop
        before, and it is played only if it begins side by side with what comes before
    :param done: whether it is done now
    :param recorded: whether a past run met it; else its marker alone tells of it, and not when or whether it is met
    """

    name: str
    action: str
    forced: bool = False
    reasons: tuple[str, ...] = ()
    done: bool = False
    within: str | None = None
    recorded: bool = True


@dataclass
class _Planning:
    """The state of a plan between two steps."""

    known: KnownSteps
    done: Collection[str]
    steering: Steering
    actions: dict[str, str] = field(default_factory=dict)
    stopped: bool = False

    def plan(self, step: KnownStep) -> PlannedStep:
        """Decide one step as the run would when it comes to it."""
        done = step.name in self.done
        if not self._is_reached(step):
            around = f"{'Inside' if step.reached_by_run else 'Instead of'} {step.within}"
            return PlannedStep(step.name, NOT_REACHED, reasons=(around,), done=done, within=step.within)
        decision = self.steering.decide(step.name, done=done, force=step.force)
        action = RUN if decision.run else SKIP
        self.stopped = self.stopped or self.steering.until.bars(step.name)
        if self.stopped:
            after = f"The run stops after {', '.join(self.steering.until.names)}"
            return PlannedStep(step.name, UNSURE, reasons=(after,), done=done, within=step.within)
        if decision.run:
            self.steering.force_dependents(step.name, step.dependents)
        self.stopped = self.steering.until.end(step.name)
        return PlannedStep(step.name, action, decision.forced, decision.reasons, done, step.within)

    def _is_reached(self, step: KnownStep) -> bool:
        if step.within is None:
            return True
        return self.actions.get(step.within) == (RUN if step.reached_by_run else SKIP)


def plan_steps(known: KnownSteps, done: Collection[str], steering: Steering) -> Iterator[PlannedStep]:
    """Play the steps in their recorded order, and after them those that have only a marker.

    :param done: the names of the steps that have a valid marker
    :param steering: what is asked for; it is changed
    """
    steering.until.expect(known)
    planning = _Planning(known, done, steering)
    for name, step in known.steps.items():
        _ask(known, steering, before=name)
        planned = planning.plan(step)
        planning.actions[name] = planned.action
        yield planned
    _ask(known, steering, before=None)
    for name in sorted(set(done) - known.steps.keys()):
        decision = steering.decide(name, done=True, force=False)
        action = UNSURE if planning.stopped else RUN if decision.run else SKIP
        yield PlannedStep(name, action, decision.forced, decision.reasons, done=True, recorded=False)


def _ask(known: KnownSteps, steering: Steering, *, before: str | None) -> None:
    """Ask for what the workflow itself asked for at this point of its last run."""
    for ask in known.asks:
        if ask.before == before:
            (steering.skipped if ask.skip else steering.forced).add(ask.names, ask.reason)
