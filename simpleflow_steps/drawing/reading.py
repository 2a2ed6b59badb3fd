"""From the storage to what is drawn: the runs' records and the markers of an execution, and of its children."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.runs import read_one_run, read_runs
from simpleflow_steps.drawing.states import DONE, FAILED, INVALIDATED, RUNNING, SKIPPED, TODO, UNFINISHED, UNKNOWN
from simpleflow_steps.drawing.subject import DrawnChild, DrawnStep, Play, Subject
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.past import LOOKED_BACK, past_of
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from simpleflow_steps.drawing.runs import ReadRun, ReadRuns
    from simpleflow_steps.execution.past import Past
    from simpleflow_steps.step.known import KnownStep
    from simpleflow_steps.step.marker import MarkerRegister, Seen
    from simpleflow_steps.storage import Storage

MOST_CHILDREN = 50  # child executions that are looked into
STATE_OF_STATUS = {"completed": DONE, "continued": DONE, "running": RUNNING, "stale": RUNNING, "failed": FAILED}


@dataclass
class Reader:
    """Read executions, each child once and not too many of them."""

    storage: Storage
    seen: set[str] = field(default_factory=set)

    def read(self, workflow_id: str, register: MarkerRegister, runs: ReadRuns | None = None) -> Subject:
        """Read an execution as it stands: what is done by its markers, all else by its last runs.

        :param runs: these runs, if they have been read already
        :raises InvalidInput: if nothing is known of it
        """
        self.seen.add(workflow_id)
        found = runs or read_runs(self.storage, workflow_id, LOOKED_BACK)
        markers = register.list()
        if not found.count and not markers:
            raise InvalidInput(f"nothing is known of execution {workflow_id!r} in {self.storage.url}: it has no run")
        past = past_of([run.record for run in found.runs])
        steps = {name: _now(known, found.runs, markers) for name, known in past.steps.steps.items()}
        for name in sorted(markers.keys() - steps.keys()):
            steps[name] = DrawnStep(name, DONE if markers[name].done else INVALIDATED)
        notes = [*_notes(found, past, register, markers)]
        children = ((child, known.workflow, known.within) for child, known in past.steps.children.items())
        return Subject(workflow_id, steps, tuple(self._children(children, notes)), tuple(notes))

    def read_run(self, workflow_id: str, run_id: str) -> Subject:
        """Read one run of an execution: what became of each step in it.

        :raises InvalidInput: if there is none of this id
        """
        self.seen.add(workflow_id)
        run = read_one_run(self.storage, workflow_id, run_id)
        steps = {
            name: DrawnStep(name, run.state(step), step.within, step.dependents, _play([run], name))
            for name, step in run.record.steps.items()
        }
        notes: list[str] = []
        children = ((child, each.workflow, each.step) for child, each in run.record.children.items())
        title = f"{workflow_id}, run {run.record.run_id}"
        return Subject(title, steps, tuple(self._children(children, notes)), tuple(notes))

    def _children(self, children: Iterable[tuple[str, str, str | None]], notes: list[str]) -> Iterator[DrawnChild]:
        left_out = 0
        for child_id, workflow, within in children:
            if child_id in self.seen or len(self.seen) > MOST_CHILDREN:
                left_out += child_id not in self.seen
                yield DrawnChild(child_id, workflow, within=within)
                continue
            yield self._child(child_id, workflow, within)
        if left_out:
            notes.append(f"Only {MOST_CHILDREN} child workflows were looked into; {left_out} more were not.")

    def _child(self, child_id: str, workflow: str, within: str | None) -> DrawnChild:
        try:
            subject = self.read(child_id, open_register(self.storage, f"{child_id}/steps"))
        except InvalidInput:
            return DrawnChild(child_id, workflow, within=within)
        newest = read_runs(self.storage, child_id, 1).runs
        state = STATE_OF_STATUS.get(newest[0].status, UNFINISHED) if newest else UNKNOWN
        return DrawnChild(child_id, workflow, state, within, subject)


def _now(known: KnownStep, runs: Sequence[ReadRun], markers: dict[str, Seen]) -> DrawnStep:
    return DrawnStep(
        known.name, _state_now(known.name, runs, markers), known.within, known.dependents, _play(runs, known.name)
    )


def _state_now(name: str, runs: Sequence[ReadRun], markers: dict[str, Seen]) -> str:
    """Say how a step stands: by its marker, and without one by the newest run that met it."""
    run = next(run for run in runs if name in run.record.steps)
    told = run.state(run.record.steps[name])
    marker = markers.get(name)
    if told == RUNNING or not markers:
        return told
    if marker is not None and marker.done:
        return DONE
    if told == FAILED:
        return FAILED
    if marker is not None:
        return INVALIDATED
    return told if told in (SKIPPED, INVALIDATED) else TODO


def _play(runs: Sequence[ReadRun], name: str) -> Play | None:
    for run in runs:
        step = run.record.steps.get(name)
        if step is not None and step.started is not None:
            return Play(run.record.run_id, step.started, step.finished, step.seconds)
    return None


def _notes(found: ReadRuns, past: Past, register: MarkerRegister, markers: dict[str, Seen]) -> Iterator[str]:
    if not found.runs:
        yield "No run is recorded: only the markers tell of these steps."
    elif not past.steps.ended:
        yield f"No run came to its end yet ({found.runs[0].status}): which steps come after these is unknown."
    if past.steps.steps and not markers:
        yield f"There is no marker under {register.prefix}/: the states are those of the last runs."
    if found.unreadable:
        yield f"{len(found.unreadable)} of the last runs cannot be read; what they tell is missing."
