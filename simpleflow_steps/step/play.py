"""One step of one run, from the decision to the marker."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.codec import NotStorable
from simpleflow_steps.events import (
    StepCompleted,
    StepDecided,
    StepEvent,
    StepFailed,
    StepInvalidated,
    StepSkipped,
    StepStarted,
    event_of,
)
from simpleflow_steps.exceptions import InvalidInput, MarkerGone, RunSuperseded, StepError, TaskCanceled
from simpleflow_steps.futures import Driven, Future, after, combine
from simpleflow_steps.history import StepNote
from simpleflow_steps.scope import current_step, enclosing_steps, inside
from simpleflow_steps.step.book import FAILED, RAN, RUNNING, SKIPPED
from simpleflow_steps.step.marker import Marker, StoredResult, fresh_nonce
from simpleflow_steps.step.operations import ReadResult
from simpleflow_steps.task import SignalTask, StorageTask, announce_steps

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from simpleflow_steps.codec import Encoded
    from simpleflow_steps.executors.protocol import Executor
    from simpleflow_steps.step.marker import Seen
    from simpleflow_steps.step.selection import Decision
    from simpleflow_steps.step.submittable import Step
    from simpleflow_steps.step.workflow import WorkflowStepMixin
    from simpleflow_steps.task import Submittable

    Waits = Generator[Future[Any], None, None]


class StoredResultFuture(Driven[Any]):
    """The result of a step that was skipped, read from its marker."""

    __slots__ = ("stored",)

    def encode(self) -> Encoded:
        """Give the JSON as it was stored."""
        if isinstance(self.error, MarkerGone):
            # to mark the step around it would hide for ever that this one must run again
            raise RunSuperseded(str(self.error)) from self.error
        if isinstance(self.error, StepError):
            raise NotStorable(str(self.error)) from self.error
        if self.error is not None:
            raise self.error
        stored: StoredResult = self.stored
        return stored.encoded

    def read(self, operation: Future[Any]) -> Generator[Future[Any], None, Any]:
        """Wait for the marker to be read."""
        yield operation
        self.stored = operation.result
        return self.stored.value


class StepFuture(Driven[Any]):
    """The outcome of a step: the result of its activities, of their alternative, or the stored one."""

    __slots__ = ("__weakref__", "_before", "_book", "_decision", "_inner", "_started", "executor", "step", "workflow")

    def __init__(self, step: Step, workflow: WorkflowStepMixin, executor: Executor) -> None:
        super().__init__(executor)
        self.step = step
        self.workflow = workflow
        self.executor = executor
        self._book = workflow.step_book
        self._before: StepFuture | None = None
        self._inner: Future[Any] | None = None
        self._started: datetime | None = None

    def start(self) -> None:
        """Start it; it waits by itself for the markers, and for the same step if that is under way."""
        if self.step.step_name in enclosing_steps():
            raise InvalidInput(f"step {self.step.step_name!r} contains itself: give the inner one another name")
        self.workflow.steering.until.meet(self.step.step_name)
        self.drive(self._play())

    def encode(self) -> Encoded:
        """Give the result as JSON."""
        if self._inner is not None:
            return self._inner.encode()
        return super().encode()

    def _play(self) -> Generator[Future[Any], None, Any]:
        name, last = self.step.step_name, self._book.last
        self._before = last.get(name)
        last[name] = self
        try:
            if self._before is not None:
                yield from self._wait_for_turn()
            yield from self._decide_and_play()
        finally:
            if last.get(name) is self:
                del last[name]
                if self._before is not None:
                    last[name] = self._before
        self._conclude()

    def _wait_for_turn(self) -> Waits:
        """Wait for the same step where it was submitted before; one that was cancelled leaves those before it."""
        while self._before is not None:
            yield self._before
            self._before = self._before._before  # noqa: SLF001  of the same class

    def _decide_and_play(self) -> Waits:
        name, book, steering = self.step.step_name, self._book, self.workflow.steering
        if not book.is_ready(name):
            yield from book.ready(name)
        self._stop_before()
        done, at = book.is_done(name), self.executor.now()
        self._decision = steering.decide(name, done=done, force=self.step.force)
        self._say_decided(self._decision, at)
        if self._decision.run:
            yield from self._run(at, done=done)
        else:
            yield from self._skip(at, done=done)
        if self.step.emit_signal and not self.failures:
            yield self.executor.submit(SignalTask(f"step.{name}", propagate=False))
        if not self.failures and steering.until.end(name):
            self.executor.stop()

    def _stop_before(self) -> None:
        """Begin nothing more in a run that stops here."""
        if self.workflow.steering.until.bars(self.step.step_name):
            self.executor.stop()
        if self.executor.stopping:
            raise TaskCanceled(f"step {self.step.step_name!r} comes after what this run was to do")

    def _run(self, at: datetime, *, done: bool) -> Waits:
        name, book = self.step.step_name, self._book
        dependents = self.step.force_steps_if_executed
        if dependents:
            self.workflow.steering.force_dependents(name, dependents)
        self._started = at
        self._say(StepStarted, "scheduled", at)
        book.plays[name] = book.plays.get(name, 0) + 1
        book.states[name] = RUNNING
        try:
            if done:
                yield from book.invalidate(name)
            seen = book.seen(name)
            yield from self._carry_out(self.step.activities)
            if not self.failures:
                if dependents:
                    yield from self._invalidate_dependents()
                yield from self._mark(seen)
        except Exception as error:
            self._failed(error)
            raise
        if self.failures:
            self._failed(combine(self.failures))

    def _skip(self, at: datetime, *, done: bool) -> Waits:
        name, book = self.step.step_name, self._book
        if book.states.get(name) != RAN:
            book.states[name] = SKIPPED
        alternative = self.step.activities_if_step_already_done
        if alternative is not None:
            yield from self._carry_out(alternative)
        elif done:
            self._load_stored()
        else:
            sentence = f"step skipped although it was never done: it has no result: {name}"
            log.warning(sentence, step=name, as_event=StepSkipped.__name__)
        if self.failures:
            self._failed(combine(self.failures))
        else:
            self._say(StepSkipped, "skipped", at if alternative is None else self.executor.now(), done=done)

    def _carry_out(self, activities: Submittable) -> Waits:
        """Run activities inside the step, and take their outcome as the step's."""
        with inside(*enclosing_steps(), self.step.step_name):
            announce_steps(activities, self.executor)
            self._inner = inner = activities.submit(self.executor)
        yield inner
        self.failures = inner.failures

    def _invalidate_dependents(self) -> Waits:
        """Invalidate them side by side."""
        dependents = self._book.dependents(self.step.force_steps_if_executed)
        invalidations = [after(self.executor, self._invalidate_dependent(name)) for name in dependents]
        yield from invalidations
        for invalidation in invalidations:
            invalidation.result  # noqa: B018  a failure of one is the step's

    def _invalidate_dependent(self, dependent: str) -> Waits:
        if not (yield from self._book.invalidate_dependent(dependent)):
            return
        event = self._book.invalidated(dependent, f"Dep of {self.step.step_name}")
        if event.skipped:
            log.warning(
                f"step {dependent} was skipped in this run but depends on one that ran: run again to play it",
                step=dependent,
                as_event=StepInvalidated.__name__,
            )
        self.executor.emit(event)

    def _mark(self, seen: Seen | None) -> Waits:
        name, book = self.step.step_name, self._book
        if self._inner is not None:
            yield self._inner.fetch()
        encode = self._inner.encode if self._inner is not None else self.encode
        marked = yield from book.mark(self._marker(), encode, seen)
        book.states[name] = RAN
        if marked.duplicate:
            self._inner = None
            self._load_stored()
        at = self.executor.now()
        self._say(StepCompleted, "completed", at, seconds=self._seconds(at), duplicate=marked.duplicate)

    def _marker(self) -> Marker:
        context, name = self.executor.get_run_context(), self.step.step_name
        return Marker(
            step=name,
            workflow_id=context["workflow_id"],
            run_id=context["run_id"],
            name=context["name"],
            version=context["version"],
            started=self._started or self.executor.now(),
            finished=self.executor.now(),
            forced=self._decision.forced,
            reasons=self._decision.reasons,
            attempt=self._book.plays[name],
            nonce=fresh_nonce(),
        )

    def _failed(self, error: Exception | None) -> None:
        if self._book.states.get(self.step.step_name) != RAN:
            self._book.states[self.step.step_name] = FAILED
        canceled = _is_cancellation(error)
        text = "".join(traceback.format_exception(error))
        told = {"error": str(error), "error_type": type(error).__name__, "traceback": text, "canceled": canceled}
        at = self.executor.now()
        self.executor.emit(self._event(StepFailed, at, seconds=self._seconds(at), **told))
        tell, what = (log.info, "was cancelled") if canceled else (log.warning, "failed")
        sentence = f"step {what}: {self.step.step_name}: {error}"
        tell(sentence, step=self.step.step_name, error=str(error), as_event=StepFailed.__name__)

    def _say_decided(self, decision: Decision, at: datetime) -> None:
        step = self.step
        decided = self._event(
            StepDecided,
            at,
            run=decision.run,
            within=current_step(),
            asked=step.force,
            dependents=step.force_steps_if_executed,
            instead=step.activities_if_step_already_done is not None,
        )
        self.executor.emit(decided)

    def _say(self, kind: type[StepEvent], status: str, at: datetime, **facts: Any) -> None:
        """Tell what happened: as a log marker, as simpleflow does, as an event and in the log."""
        name, decision = self.step.step_name, self._decision
        self.executor.note(StepNote(name, status, decision.forced, decision.reasons, at))
        self.executor.emit(self._event(kind, at, **facts))
        log.info(f"step {status}", step=name, forced=decision.forced, reasons=list(decision.reasons))

    def _event(self, kind: type[StepEvent], at: datetime, **facts: Any) -> StepEvent:
        step, decision = self.step.step_name, self._decision
        event: StepEvent = event_of(
            self.executor, kind, at, step=step, forced=decision.forced, reasons=decision.reasons, **facts
        )
        return event

    def _seconds(self, at: datetime) -> float:
        return (at - (self._started or at)).total_seconds()

    def _load_stored(self) -> None:
        self._load = StepFuture._read_stored
        self._book.keep(self.step.step_name, self)

    def _read_stored(self) -> Future[Any]:
        name = self.step.step_name
        operation = self.executor.submit(StorageTask(f"read step {name}", ReadResult(self._book.register, name)))
        stored = StoredResultFuture(self.executor)
        stored.drive(stored.read(operation))
        return stored

    def _fetch_inner(self) -> Future[Any]:
        assert self._inner is not None  # noqa: S101  what is stored is what it carried out
        return self._inner.fetch()

    def _stop(self) -> None:
        running = self._started is not None and self._generator is not None
        super()._stop()
        if self._inner is not None:
            self._inner.cancel()
        if running:
            self._failed(TaskCanceled(f"step {self.step.step_name!r} was cancelled"))

    def _conclude(self) -> None:
        """End with the outcome of what was carried out, or with what is stored."""
        inner, failures = self._inner, self.failures
        error = inner.error if inner is not None else None
        bubbling = combine(failures) if self.step.bubbles_exception_on_failure else None
        result = None
        if inner is not None and error is None:
            if inner.is_stored:
                self._load = StepFuture._fetch_inner
            else:
                result = inner.result
                if type(inner) is Future:
                    self._inner, self.target = None, inner.target
        self.settle(error=error, exception=error or bubbling, failures=failures, result=result)


def _is_cancellation(error: Exception | None) -> bool:
    if isinstance(error, ExceptionGroup):
        return all(_is_cancellation(member) for member in error.exceptions)
    return isinstance(error, TaskCanceled)
