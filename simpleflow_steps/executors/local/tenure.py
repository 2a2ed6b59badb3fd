"""One run's tenure of its execution: its lease, its record, and the check that both are still its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from simpleflow_steps.codec import NotStorable, encode_arguments, is_text
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.keeper import Keeper
from simpleflow_steps.execution.lease import Lease
from simpleflow_steps.execution.record import RunRecord
from simpleflow_steps.execution.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.clock import Clock
    from simpleflow_steps.exceptions import LeaseLost
    from simpleflow_steps.execution.lease import Conflict
    from simpleflow_steps.executors.protocol import RunContext
    from simpleflow_steps.history import History
    from simpleflow_steps.settings import Settings
    from simpleflow_steps.storage import Storage

CONFLICTS = ("fail", "wait")


class Terms(Struct, frozen=True):
    """How executions are held: what to do if another run holds one, and for how many seconds a hold lasts."""

    on_conflict: Conflict
    ttl: float
    margin: float

    @classmethod
    def read(cls, on_conflict: Any, ttl: float | None, settings: Settings) -> Terms:
        """Check what the executor was given, and take the rest from the settings.

        :raises InvalidInput: naming what is wrong
        """
        if on_conflict not in CONFLICTS:
            raise InvalidInput(f"on_conflict={on_conflict!r}: pass 'fail' or 'wait'")
        seconds = settings.lease_ttl if ttl is None else ttl
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise InvalidInput(f"lease_ttl={ttl!r}: pass a number of seconds above 0")
        margin = seconds / 10 if settings.lease_margin is None else settings.lease_margin
        return cls(on_conflict, float(seconds), margin)


class Tenure:
    """Own an execution from `begin` to `end`."""

    def __init__(
        self,
        storage: Storage,
        record: RunRecord,
        history: History,
        terms: Terms,
        clock: Clock,
        *,
        lost: Callable[[LeaseLost], object],
    ) -> None:
        self._terms = terms
        self._clock = clock
        self._lease = Lease(
            storage,
            workflow_id=record.workflow_id,
            run_id=record.run_id,
            workflow=record.workflow,
            ttl=terms.ttl,
            margin=terms.margin,
            clock=clock,
        )
        self._recorder = Recorder(storage, record, history.others)
        self._keeper = Keeper(
            self._lease, clock, progress=self._recorder.progress, renewed=self._recorder.renewed, lost=lost
        )
        self.check = self._lease.check
        self.hear = self._recorder.hear

    def begin(self) -> None:
        """Take the lease, and write that the run has started.

        :raises LeaseHeld: if another run holds the execution
        :raises StorageError: if the storage refuses
        """
        self._keeper.start(self._terms.on_conflict)
        try:
            self._recorder.write()
        except BaseException:
            self._keeper.end("failed")
            raise

    def end(self, status: str, error: BaseException | None) -> None:
        """Write how the run ended, and give the lease back; a run that was superseded writes nothing more."""
        try:
            if status != "superseded":
                self._recorder.end(status, self._clock.now(), error)
        finally:
            self._keeper.end(status)


def new_record(
    context: RunContext, args: tuple[Any, ...], kwargs: dict[str, Any], clock: Clock, **facts: Any
) -> RunRecord:
    """Make the record of a run that starts now; an input that is not JSON is left out.

    :raises InvalidInput: if the workflow's name or version is no text in UTF-8, so that nobody could read the record
    """
    name, version = context["name"], context["version"]
    if not is_text(name) or not is_text(version):
        raise InvalidInput(f"workflow {name!r}, version {version!r}: both must be texts in UTF-8")
    try:
        given = encode_arguments(args, kwargs)
    except NotStorable:
        given = None
    return RunRecord(
        run_id=context["run_id"],
        workflow_id=context["workflow_id"],
        workflow=name,
        version=version,
        parent_workflow_id=context["parent_workflow_id"],
        input=given,
        started=clock.now(),
        **facts,
    )
