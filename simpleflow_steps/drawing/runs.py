"""The runs that a picture is made from, read with their status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.states import RUNNING, STATE_OF_RECORD, UNFINISHED, UNKNOWN
from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, RecordCorrupt
from simpleflow_steps.execution.record import read_run, run_ids, statuses
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from simpleflow_steps.execution.record import RunRecord, StepRecord
    from simpleflow_steps.storage import Storage


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run's record, and its status as it is now."""

    record: RunRecord
    status: str

    @property
    def lives(self) -> bool:
        """Whether somebody is at work on it, as far as can be told."""
        return self.status in ("running", "stale")

    def state(self, step: StepRecord) -> str:
        """Say what became of a step; one that was running when its run ended is unfinished."""
        state = STATE_OF_RECORD.get(step.state, UNKNOWN)
        return UNFINISHED if state == RUNNING and not self.lives else state


@dataclass(frozen=True, slots=True)
class ReadRuns:
    """Runs, the newest first.

    :param count: how many there are in the storage
    :param unreadable: why others could not be read, by their id
    """

    runs: tuple[ReadRun, ...]
    count: int
    unreadable: dict[str, str]


def read_runs(storage: Storage, workflow_id: str, last: int) -> ReadRuns:
    """Read the last runs of an execution; one that cannot be read does not hide the others."""
    ids = sorted(run_ids(storage, workflow_id), reverse=True)
    tell = statuses(storage, workflow_id)
    found = side_by_side(lambda run_id: _read_or_not(storage, workflow_id, run_id), ids[:last])
    runs = tuple(ReadRun(run, tell(run)) for run in found if not isinstance(run, tuple))
    return ReadRuns(runs, len(ids), dict(why for why in found if isinstance(why, tuple)))


def read_one_run(storage: Storage, workflow_id: str, run_id: str) -> ReadRun:
    """Read one run.

    :raises InvalidInput: if there is none of this id
    """
    try:
        run = read_run(storage, workflow_id, run_id)
    except ObjectNotFound:
        raise InvalidInput(
            f"execution {workflow_id!r} has no run {run_id!r} in {storage.url}: sfs runs ls {workflow_id} lists them"
        ) from None
    return ReadRun(run, statuses(storage, workflow_id)(run))


def _read_or_not(storage: Storage, workflow_id: str, run_id: str) -> RunRecord | tuple[str, str]:
    try:
        return read_run(storage, workflow_id, run_id)
    except (ObjectNotFound, RecordCorrupt) as error:
        return run_id, str(error)
