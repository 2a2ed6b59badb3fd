"""Keep a run's record as the run goes on, from its events."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from simpleflow_steps import codec, log
from simpleflow_steps.codec import NotStorable
from simpleflow_steps.events import (
    ActivityRetried,
    ChildStarted,
    StepCompleted,
    StepDecided,
    StepEvent,
    StepFailed,
    StepInvalidated,
    StepsAsked,
    StepSkipped,
    StepStarted,
)
from simpleflow_steps.exceptions import ObjectNotFound, ObjectTooLarge, PreconditionFailed, StorageError
from simpleflow_steps.execution.account import dump_account
from simpleflow_steps.execution.accountant import Accountant
from simpleflow_steps.execution.entries import write_run
from simpleflow_steps.execution.record import (
    LIMIT,
    AskedRecord,
    ChildRecord,
    RetryRecord,
    RunRecord,
    StepRecord,
    error_record,
    runs_prefix,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.events import Event
    from simpleflow_steps.history import LogMarker
    from simpleflow_steps.storage import Storage

OFTEN = 256 * 1024  # bytes; a larger record is not written with every renewal
SELDOM = 10  # but with every so many-th one
RETRIES_KEPT = 10  # of one step, the last ones
TRACEBACK_KEPT = 8000  # characters of a step's traceback, the last ones
ERROR_KEPT = 1000  # characters of an attempt's error
TOGETHER = 256  # events
TRIES = 3  # a write may find what this run wrote before, although no answer said so


class Recorder:
    """Hold one run's record; the run's thread tells it what happens, the lease's thread asks for it.

    Each write says what it replaces, so that one which arrives late cannot put an older account over a newer one.

    :param record: what is known when the run starts
    :param markers: gives the run's log markers, but for those of its steps
    """

    def __init__(self, storage: Storage, record: RunRecord, markers: Callable[[], list[LogMarker]]) -> None:
        self._storage = storage
        self._record = record
        self._markers = markers
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._etag: str | None = None
        self._sent: set[int] = set()  # hashes, by which this process knows its own bodies again
        self._heard: deque[Event] = deque()
        self._steps: dict[str, StepRecord] = {}
        self._counts: Counter[str] = Counter()
        self._asked: list[AskedRecord] = []
        self._children: dict[str, ChildRecord] = {}
        self._accountant = Accountant()
        self._size = 0
        self._renewals = 0

    @property
    def record(self) -> RunRecord:
        """Give the record as it was when the run started, or as it ended."""
        return self._record

    def progress(self) -> dict[str, Any]:
        """Give the run's account of itself, small whatever the run's size."""
        with self._lock:
            self._catch_up()
            account = self._accountant.account()
        return dump_account(account)

    def write(self) -> None:
        """Write the record as it is now; one that somebody else has written or removed is left alone.

        :raises StorageError: if it cannot be written
        """
        with self._one_at_a_time:
            self._write()

    def _write(self) -> None:
        with self._lock:
            self._catch_up()
            asked, children = tuple(self._asked), dict(self._children)
            record = replace(self._record, counts=dict(+self._counts), asked=asked, children=children)
            body = write_run(record, self._steps, map(_marker, self._markers()))
        self._put(f"{runs_prefix(record.workflow_id)}{record.run_id}.json", body)
        self._size = len(body)

    def _put(self, key: str, body: bytes) -> None:
        """Replace what this run wrote last, even if the answer to that was lost."""
        mark = hash(body)
        self._sent.add(mark)
        for _ in range(TRIES):
            condition = {"if_match": self._etag} if self._etag else {"if_none_match": "*"}
            try:
                self._etag = self._storage.put(key, body, **condition)
            except PreconditionFailed:
                found = self._adopt(key)
                if found not in (None, mark):
                    continue
                if found is None:
                    log.warning("somebody else wrote or removed the run's record; it is left alone", key=key)
                    return
            self._sent = {mark}
            return

    def _adopt(self, key: str) -> int | None:
        """Take what is there for this run's if it is, and give its hash."""
        try:
            body = self._storage.get(key, max_size=LIMIT)
        except (ObjectNotFound, ObjectTooLarge):
            return None
        mark = hash(body)
        if mark not in self._sent:
            return None
        self._etag = body.etag
        return mark

    def renewed(self) -> None:
        """Write the record along with the lease; a large one now and then only. A failure is not the run's."""
        self._renewals += 1
        if self._size > OFTEN and self._renewals % SELDOM:
            return
        try:
            self.write()
        except StorageError as error:
            log.warning("the run's record could not be written yet", error=str(error))

    def end(self, status: str, at: datetime, error: BaseException | None) -> None:
        """Write how the run ended, as well as the storage lets us."""
        told = error_record(error) if error is not None else None
        self._record = replace(self._record, status=status, finished=at, error=told)
        try:
            self.write()
        except StorageError as failure:
            log.warning("the run's record could not be written", error=str(failure))

    def hear(self, event: Event) -> None:
        """Take an event of the run in: at once with others, as soon as these are many or somebody asks."""
        self._heard.append(event)
        if len(self._heard) >= TOGETHER:
            with self._lock:
                self._catch_up()

    def _catch_up(self) -> None:
        while self._heard:
            event = self._heard[0]  # it goes when it is taken in: others build on it, and an interrupt may come between
            try:
                noted = _NOTED.get(type(event))
                if noted is not None:
                    noted(self, event)
                self._accountant.hear(event)
            except Exception:
                self._heard.popleft()
                raise
            self._heard.popleft()

    def _asked_for(self, event: StepsAsked) -> None:
        asked = AskedRecord(names=event.steps, skip=event.skip, reason=event.reason, after=len(self._steps))
        self._asked.append(asked)

    def _bore(self, event: ChildStarted) -> None:
        child = ChildRecord(workflow=event.workflow, step=event.step, after=len(self._steps))
        self._children.setdefault(event.child_id, child)

    def _decided(self, event: StepDecided) -> None:
        if event.step in self._steps:
            return
        self._steps[event.step] = step = StepRecord(
            state="",
            run=event.run,
            within=event.within,
            asked=event.asked,
            dependents=event.dependents,
            instead=event.instead,
            plays=0,
        )
        self._set(step, event, "running" if event.run else "skipped")

    def _started(self, event: StepStarted) -> None:
        step = self._steps[event.step]
        step.started, step.finished, step.error = event.at, None, None
        step.plays += 1
        self._set(step, event, "running")

    def _completed(self, event: StepCompleted) -> None:
        step = self._steps[event.step]
        step.finished, step.traceback = event.at, None
        self._set(step, event, "completed")

    def _failed(self, event: StepFailed) -> None:
        step = self._steps[event.step]
        step.finished, step.error = event.at, event.error
        step.traceback = event.traceback[-TRACEBACK_KEPT:] or None
        self._set(step, event, "failed")

    def _skipped(self, event: StepSkipped) -> None:
        step = self._steps[event.step]
        if step.state == "skipped":
            step.finished = event.at
            self._set(step, event, "skipped")

    def _invalidated(self, event: StepInvalidated) -> None:
        step = self._steps.get(event.step)
        if step is not None:
            step.finished = event.at
            self._set(step, event, "invalidated")

    def _retried(self, event: ActivityRetried) -> None:
        step = self._steps.get(event.step or "")
        if step is not None:
            retry = RetryRecord(
                activity=event.activity, attempt=event.attempt, error=event.error[:ERROR_KEPT], at=event.at
            )
            step.retries += 1
            step.retried = (*step.retried, retry)[-RETRIES_KEPT:]

    def _set(self, step: StepRecord, event: StepEvent, state: str) -> None:
        before = step.state
        if before != state:
            if before:
                self._counts[before] -= 1
            self._counts[state] += 1
            step.state = state
        step.forced, step.reasons = event.forced, event.reasons


_NOTED: dict[type[Event], Callable[[Recorder, Any], None]] = {
    StepsAsked: Recorder._asked_for,  # noqa: SLF001  its own table
    ChildStarted: Recorder._bore,  # noqa: SLF001
    StepDecided: Recorder._decided,  # noqa: SLF001
    StepStarted: Recorder._started,  # noqa: SLF001
    StepCompleted: Recorder._completed,  # noqa: SLF001
    StepFailed: Recorder._failed,  # noqa: SLF001
    StepSkipped: Recorder._skipped,  # noqa: SLF001
    StepInvalidated: Recorder._invalidated,  # noqa: SLF001
    ActivityRetried: Recorder._retried,  # noqa: SLF001
}


def _marker(marker: LogMarker) -> dict[str, Any]:
    return {"name": marker.name, "details": _plain(marker.details), "at": marker.at}


def _plain(value: Any) -> Any:
    """Give a value as JSON, or as text where it is none."""
    try:
        return codec.encode_result(value).value
    except NotStorable:
        return repr(value)[:1000]
