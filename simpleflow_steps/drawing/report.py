"""What a report tells: an execution as it stands, its last runs, the results that its markers hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps.drawing.reading import Reader
from simpleflow_steps.drawing.runs import read_runs
from simpleflow_steps.drawing.states import DONE
from simpleflow_steps.execution.past import LOOKED_BACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simpleflow_steps.drawing.runs import ReadRun, ReadRuns
    from simpleflow_steps.drawing.subject import DrawnStep, Subject
    from simpleflow_steps.execution.record import AskedRecord, ErrorRecord, StepRecord
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import Storage

MOST_STEPS = 20_000  # of one run
MOST_MARKERS = 50  # log markers of one run
MOST_NAMES = 100  # that one step forces, or that a run asks for
STEP_MARKERS = "log.step"  # what the run itself notes of each step, which the steps tell better
NAME, SENTENCE, TEXT, TRACEBACK = 300, 1_000, 2_000, 10_000  # characters
ALL_TRACEBACKS = 8_000_000  # characters


@dataclass
class Scissors:
    """Cut texts, so that a page stays small whatever is in the records."""

    left: int = ALL_TRACEBACKS

    def traceback(self, text: str) -> str:
        """Keep the end of a traceback, which says most, as long as there is room for any."""
        kept = text if len(text) <= TRACEBACK else f"(the beginning is cut)\n{text[-TRACEBACK:]}"
        self.left -= len(kept)
        return kept if self.left >= 0 else "(left out: the tracebacks of this report would make it too large)"


def cut(text: str, longest: int = SENTENCE) -> str:
    """Cut a text, and say so."""
    return text if len(text) <= longest else f"{text[:longest]}… (cut: {len(text)} characters)"


@dataclass(frozen=True, slots=True)
class Report:
    """The parts of a report, as plain JSON: the whole, as it stands now, run by run, and results by step."""

    head: dict[str, Any]
    now: dict[str, Any]
    runs: tuple[dict[str, Any], ...]
    done: tuple[str, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)


def read_report(storage: Storage, workflow_id: str, register: MarkerRegister, last: int) -> Report:
    """Read what is to be told of an execution; of its markers only which there are.

    :param last: how many runs, counted back
    :raises InvalidInput: if nothing is known of it
    """
    found = read_runs(storage, workflow_id, max(last, LOOKED_BACK))
    subject = Reader(storage).read(workflow_id, register, found)
    shown = found.runs[:last]
    scissors = Scissors()
    runs = tuple(_run(run, scissors) for run in shown)
    if len(subject.steps) > MOST_STEPS:
        left_out = len(subject.steps) - MOST_STEPS
        subject = replace(subject, notes=(*subject.notes, f"{left_out} steps are left out: a page has {MOST_STEPS}."))
    done = tuple(name for name, step in subject.steps.items() if step.state == DONE)
    return Report(_head(storage, subject, found, shown), _now(subject, shown, scissors), runs, done)


def _head(storage: Storage, subject: Subject, found: ReadRuns, shown: Iterable[ReadRun]) -> dict[str, Any]:
    newest = found.runs[0].record if found.runs else None
    runs = [_summary(run) for run in shown]
    lead = "" if newest is None else f"Workflow {cut(newest.workflow, NAME)}, version {cut(newest.version, NAME)}"
    return {
        "id": subject.title,
        "lead": lead,
        "target": None if newest is None else cut(newest.target or "", NAME),
        "status": found.runs[0].status if found.runs else "never run",
        "storage": storage.url,
        "made": _ms(datetime.now(UTC)),
        "counts": dict(Counter(step.state for step in subject.steps.values())),
        "runs_text": str(found.count) if found.count == len(runs) else f"{found.count}, of which the last {len(runs)}",
        "notes": list(subject.notes),
        "runs": runs,
    }


def _summary(run: ReadRun) -> dict[str, Any]:
    """Give what is told of a run before anybody asks for its steps."""
    record = run.record
    seconds = None if record.finished is None else (record.finished - record.started).total_seconds()
    error = None if record.error is None else _error(record.error, Scissors())
    return _without_none(
        id=cut(record.run_id, NAME),
        status=run.status,
        started=_ms(record.started),
        finished=None if record.finished is None else _ms(record.finished),
        seconds=seconds,
        counts=dict(Counter(map(run.state, record.steps.values()))),
        error=error,
    )


def _run(run: ReadRun, scissors: Scissors) -> dict[str, Any]:
    record = run.record
    steps = [_step(name, run.state(step), step, scissors) for name, step in list(record.steps.items())[:MOST_STEPS]]
    left_out = len(record.steps) - len(steps)
    markers = [each for each in record.markers if each.name != STEP_MARKERS][:MOST_MARKERS]
    return _without_none(
        steps=steps,
        left_out=f"{left_out} steps: the report has {MOST_STEPS} of a run" if left_out else None,
        children=[
            _without_none(id=cut(child, NAME), workflow=cut(each.workflow, NAME), within=each.step, state="unknown")
            for child, each in list(record.children.items())[:MOST_STEPS]
        ],
        input="(not JSON, so not kept)" if record.input is None else cut(_json(record.input), TEXT),
        **{name: _names(getattr(record, field_name)) for name, field_name in _LISTS.items()},
        forced=[_asked(each) for each in record.asked[:MOST_NAMES] if not each.skip] or None,
        skipped=[_asked(each) for each in record.asked[:MOST_NAMES] if each.skip] or None,
        markers=[cut(f"{each.name}: {_json(each.details)}") for each in markers] or None,
    )


_LISTS = {"force": "force", "skip": "skip", "from": "from_", "until": "until", "only": "only"}


def _now(subject: Subject, runs: Iterable[ReadRun], scissors: Scissors) -> dict[str, Any]:
    """Tell each step as it stands, with what the run tells that played it last."""
    by_id = {run.record.run_id: (place, run) for place, run in enumerate(runs)}
    steps = [_step_now(step, by_id, scissors) for step in list(subject.steps.values())[:MOST_STEPS]]
    children = []
    for child in subject.children:
        about = {"id": cut(child.name, NAME), "workflow": cut(child.workflow, NAME), "state": child.state}
        children.append(_without_none(**about, within=child.within))
    return {"steps": steps, "children": children}


def _step_now(step: DrawnStep, runs: Mapping[str, tuple[int, ReadRun]], scissors: Scissors) -> dict[str, Any]:
    place, run = runs.get(step.play.run_id, (None, None)) if step.play else (None, None)
    if run is None:
        within, dependents = step.within, list(step.dependents[:MOST_NAMES]) or None
        return _without_none(name=step.name, state=step.state, within=within, dependents=dependents)
    told = _step(step.name, step.state, run.record.steps[step.name], scissors)
    if step.state == DONE:  # marked since, if it failed when it was played last
        told = {field: value for field, value in told.items() if field not in ("error", "traceback")}
    return {**told, "run": place}


def _step(name: str, state: str, step: StepRecord, scissors: Scissors) -> dict[str, Any]:
    return _without_none(
        name=name,
        state=state,
        within=step.within,
        forced=step.forced or None,
        reasons=[cut(reason) for reason in step.reasons[:10]] or None,
        started=None if step.started is None else _ms(step.started),
        finished=None if step.finished is None else _ms(step.finished),
        seconds=step.seconds,
        plays=step.plays if step.plays != 1 else None,
        retries=step.retries or None,
        retried=[[each.activity, each.attempt, cut(each.error), _ms(each.at)] for each in step.retried[-10:]] or None,
        dependents=[cut(each, NAME) for each in step.dependents[:MOST_NAMES]] or None,
        error=None if step.error is None else cut(step.error),
        traceback=None if step.traceback is None else scissors.traceback(step.traceback),
    )


def _error(error: ErrorRecord, scissors: Scissors) -> dict[str, str]:
    return {
        "type": cut(error.type, NAME),
        "message": cut(error.message),
        "traceback": scissors.traceback(error.traceback),
    }


def _asked(asked: AskedRecord) -> str:
    names = ", ".join(asked.names[:MOST_NAMES])
    return cut(f"{names} ({asked.reason})" if asked.reason else names)


def _names(names: Mapping[str, str]) -> dict[str, str] | None:
    return {cut(name, NAME): cut(reason) for name, reason in list(names.items())[:MOST_NAMES]} or None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _without_none(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
