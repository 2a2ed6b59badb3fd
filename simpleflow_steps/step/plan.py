"""What a run would do with each known step, and why: the same decision as the run's, without a run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpleflow_steps.step.names import covered_by_any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from simpleflow_steps.step.known import KnownAsk, KnownStep, KnownSteps
    from simpleflow_steps.step.selection import Decision
    from simpleflow_steps.step.steering import Steering

RUN, SKIP, NOT_REACHED, UNSURE = "run", "skip", "not reached", "unsure"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """What would become of a step.

    :param action: `run`; `skip`; `not reached`, because of the step around it; `unsure`, because the run is to stop
        before, and it is played only if it begins side by side with what comes before, or because nothing tells when it
        comes
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


class _Planning:
    """The state of a plan between two steps."""

    def __init__(self, known: KnownSteps, done: Collection[str], steering: Steering) -> None:
        self._known = known
        self._done = done
        self._steering = steering
        self._actions: dict[str, str] = {}
        self._ending = _last_inside(known)
        self._asks = _by_place(known.asks)
        self._children: defaultdict[str | None, list[str]] = defaultdict(list)
        for child, started in known.children.items():
            self._children[started.after].append(child)

    def plan(self, step: KnownStep) -> PlannedStep:
        """Decide one step as the run would when it comes to it."""
        done, within = step.name in self._done, step.within
        where = self._reach(within, by_run=step.reached_by_run)
        if where == NOT_REACHED:
            around = f"{'Inside' if step.reached_by_run else 'Instead of'} {within}"
            return PlannedStep(step.name, NOT_REACHED, reasons=(around,), done=done, within=within)
        if where == UNSURE or self._steering.until.bars(step.name):
            after = f"The run stops after {', '.join(self._steering.until.names)}"
            return PlannedStep(step.name, UNSURE, reasons=(after,), done=done, within=within)
        decision = self._steering.decide(step.name, done=done, force=step.force)
        self._steering.until.meet(step.name)
        if decision.run:
            self._steering.force_dependents(step.name, step.dependents)
        return PlannedStep(step.name, _action(decision), decision.forced, decision.reasons, done, within)

    def ask(self, before: str | None) -> None:
        """Ask for what the workflow itself asked for at this point of its last run."""
        for ask in self._asks.get(before, ()):
            (self._steering.skipped if ask.skip else self._steering.forced).add(ask.names, ask.reason)

    def begin(self, planned: PlannedStep) -> None:
        """Go on to what is inside a step."""
        self._actions[planned.name] = planned.action

    def end(self, name: str | None) -> Iterator[str]:
        """End the steps whose last inside this one is, and give each child that starts before that, or now."""
        children = self._children.get(name, [])
        ending = self._ending.get(name, []) if name is not None else []
        for ended in ending:
            yield from self._reached(child for child in children if self._known.children[child].within == ended)
            if self._actions[ended] in (RUN, SKIP):
                self._steering.until.end(ended)
        yield from self._reached(child for child in children if self._known.children[child].within not in ending)

    def _reached(self, children: Iterable[str]) -> Iterator[str]:
        for child in children:
            started = self._known.children[child]
            if self._reach(started.within, by_run=started.reached_by_run) != NOT_REACHED:
                yield child

    def plan_unrecorded(self, name: str, early: Decision) -> PlannedStep:
        """Decide a step of which nothing tells when it comes: only what holds at any time is sure.

        :param early: the decision at the beginning of the run
        """
        decision = self._steering.decide(name, done=True, force=False)
        until = self._steering.until.names
        sure = decision == early and (not until or covered_by_any(name, until))
        action = _action(decision) if sure else UNSURE
        return PlannedStep(name, action, decision.forced, decision.reasons, done=True, recorded=False)

    def _reach(self, within: str | None, *, by_run: bool) -> str:
        """Tell whether the run comes to what is inside a step: `run`, `not reached` or `unsure`."""
        around = None if within is None else self._actions.get(within)
        if around == UNSURE:
            return UNSURE
        if within is not None and around != (RUN if by_run else SKIP):
            return NOT_REACHED
        return UNSURE if self._steering.until.reached else RUN


def plan_steps(
    known: KnownSteps, done: Collection[str], steering: Steering, begin_child: Callable[[str], object]
) -> Iterator[PlannedStep]:
    """Play the steps in their recorded order, and after them those that have only a marker.

    :param done: the names of the steps that have a valid marker
    :param steering: what is asked for; it is changed
    :param begin_child: called with the id of each child where the run would start it
    """
    planning = _Planning(known, done, steering)
    unrecorded = {
        name: steering.decide(name, done=True, force=False) for name in sorted(set(done) - known.steps.keys())
    }
    for child in planning.end(None):
        begin_child(child)
    for name, step in known.steps.items():
        planning.ask(before=name)
        planned = planning.plan(step)
        planning.begin(planned)
        yield planned
        for child in planning.end(name):
            begin_child(child)
    planning.ask(before=None)
    for name, early in unrecorded.items():
        yield planning.plan_unrecorded(name, early)


def _action(decision: Decision) -> str:
    return RUN if decision.run else SKIP


def _by_place(asks: tuple[KnownAsk, ...]) -> dict[str | None, list[KnownAsk]]:
    found: defaultdict[str | None, list[KnownAsk]] = defaultdict(list)
    for ask in asks:
        found[ask.before].append(ask)
    return found


def _last_inside(known: KnownSteps) -> dict[str, list[str]]:
    """Give, for each step that is the last one inside others, or has none inside, those that end with it."""
    last: dict[str, str] = {}
    names = list(reversed(list(known.steps)))
    for name in names:
        last.setdefault(name, name)
        within = known.steps[name].within
        if within is not None:
            last.setdefault(within, last[name])
    ending: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        ending[last[name]].append(name)
    return ending
