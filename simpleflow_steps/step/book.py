"""What one run knows of its steps: which are done, asked for, under way, and already decided."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from simpleflow_steps.events import StepInvalidated, event_of
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.operations import InvalidateStep, ListMarkers, MarkStep
from simpleflow_steps.task import StorageTask

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, MutableMapping, Sequence

    from simpleflow_steps.codec import Encoded
    from simpleflow_steps.executors.protocol import Executor
    from simpleflow_steps.futures import Future
    from simpleflow_steps.step.marker import Marker, MarkerRegister, Seen, Written

RUNNING, RAN, SKIPPED, FAILED = "running", "ran", "skipped", "failed"
LISTINGS = ("per_run", "per_step")


class StepBook:
    """Keep one run's view of its steps' markers, changed by the run's own writes alone after they were listed.

    :param register: the markers in storage
    :param executor: what carries storage operations out
    :param listing: `"per_run"`: list once; `"per_step"`: list afresh at each step
    """

    def __init__(self, register: MarkerRegister, executor: Executor, listing: str) -> None:
        if listing not in LISTINGS:
            raise InvalidInput(f"step_listing={listing!r}: write one of {', '.join(map(repr, LISTINGS))}")
        self.register = register
        self.states: dict[str, str] = {}
        self.plays: dict[str, int] = {}
        self.last: dict[str, Any] = {}
        self._executor = executor
        self._fresh = listing == "per_step"
        self._listing: Future[Any] | None = None
        self._markers: dict[str, Seen] = {}
        self._listed_names: list[str] = []
        self._written: dict[str, int] = {}
        self._writes = 0
        self._writing: dict[str, Future[Any]] = {}
        self._is_listed = False
        # when something is collected must not matter where a run is played again
        self._unread: MutableMapping[Future[Any], str] = {} if executor.replays else WeakKeyDictionary()

    def is_ready(self, name: str) -> bool:
        """Tell whether the markers are listed and no write of this step's is under way."""
        return self._is_listed and name not in self._writing

    def ready(self, name: str) -> Generator[Future[Any], None, None]:
        """Wait until it is; list the markers if they must be."""
        yield from self._list()
        yield from self._settled(name)

    def _list(self) -> Generator[Future[Any], None, None]:
        if self._listing is None or self._fresh:
            listing = self._executor.submit(StorageTask("list the steps done", ListMarkers(self.register)))
            # not the task of the step that asked: it may be cancelled, and others wait for the same listing
            listing.add_done_callback(partial(self._take, self._writes))
            self._listing = listing
        else:
            listing = self._listing
        yield listing
        listing.result  # noqa: B018  its failure is the failure of every step that needs it

    def _settled(self, name: str) -> Generator[Future[Any], None, None]:
        while (writing := self._writing.get(name)) is not None:
            yield writing

    def is_done(self, name: str) -> bool:
        """Tell whether a step's marker says that it is done."""
        seen = self._markers.get(name)
        return seen is not None and seen.done

    def names_done(self) -> list[str]:
        """Give the names of the done steps, sorted."""
        return sorted(name for name, seen in self._markers.items() if seen.done)

    def seen(self, name: str) -> Seen | None:
        """Give what the run last saw of a marker."""
        return self._markers.get(name)

    def invalidate(self, name: str) -> Generator[Future[Any], None, None]:
        """Make a done step that is about to run not done."""
        yield from self._prepare(name)
        if self.is_done(name):
            yield from self._invalidate(name)

    def invalidate_dependent(self, name: str) -> Generator[Future[Any], None, bool]:
        """Make a step not done, unless it is being run or was run in the meantime; tell whether it was made so."""
        yield from self._prepare(name)
        if not self._is_stale(name):
            return False
        yield from self._invalidate(name)
        return True

    def mark(
        self, marker: Marker, encode: Callable[[], Encoded], seen: Seen | None
    ) -> Generator[Future[Any], None, Written]:
        """Mark a step done.

        :param seen: its marker when its activities started; what a later listing shows is another run's
        """
        name = marker.step
        operation = MarkStep(self.register, marker, encode, seen, ours=name in self._written)
        return (yield from self._write(name, StorageTask(f"mark step {name}", operation)))

    def keep(self, name: str, future: Future[Any]) -> None:
        """Remember a future that reads its result from a marker, to read it before the marker is invalidated."""
        self._unread[future] = name

    def dependents(self, selectors: Sequence[str]) -> list[str]:
        """Give the done steps that `selectors` cover and that this run has not run, sorted."""
        covered = {name for selector in selectors for name in self._covered(selector)}
        return sorted(name for name in covered if self._is_stale(name))

    def invalidated(self, name: str, reason: str) -> StepInvalidated:
        """Make the event that tells of an invalidated step."""
        skipped = self.states.get(name) == SKIPPED
        event: StepInvalidated = event_of(
            self._executor, StepInvalidated, step=name, reasons=(reason,), skipped=skipped
        )
        return event

    def _is_stale(self, name: str) -> bool:
        return self.is_done(name) and self.states.get(name) not in (RUNNING, RAN)

    def _prepare(self, name: str) -> Generator[Future[Any], None, None]:
        """Before a marker goes: read what a skipped step still has to give, and drop what its waits have had."""
        if self.is_done(name):
            for future in [future for future, step in self._unread.items() if step == name]:
                yield future.fetch()
            forgotten = self._executor.forget(name)
            if not forgotten.done:
                yield forgotten
            forgotten.result  # noqa: B018  a step must not be played anew with the signals of its last time
        yield from self._settled(name)

    def _invalidate(self, name: str) -> Generator[Future[Any], None, None]:
        operation = InvalidateStep(self.register, name, self._markers[name])
        yield from self._write(name, StorageTask(f"invalidate step {name}", operation))

    def _write(self, name: str, task: StorageTask) -> Generator[Future[Any], None, Written]:
        """Write a marker; what came of it is noted even if the step that asked for it is cancelled meanwhile."""
        writing = self._writing[name] = self._executor.submit(task)
        writing.add_done_callback(partial(self._wrote, name))
        yield writing
        written: Written = writing.result
        return written

    def _wrote(self, name: str, writing: Future[Any]) -> None:
        del self._writing[name]
        if writing.error is not None:
            return
        self._writes += self._fresh  # one listing comes before all writes
        self._written[name] = self._writes
        seen = writing.result.seen
        if seen is None:
            self._markers.pop(name, None)
        else:
            self._markers[name] = seen

    def _take(self, writes_before: int, listing: Future[Any]) -> None:
        """Take a listing over; what the run wrote since it was asked for is newer than what it says."""
        if listing.error is not None:
            return
        markers: dict[str, Seen] = listing.result
        newer = {name for name, write in self._written.items() if write > writes_before}
        for name in newer:
            markers.pop(name, None)
            if name in self._markers:
                markers[name] = self._markers[name]
        self._markers, self._is_listed = markers, not self._fresh
        self._listed_names = sorted(markers)

    def _covered(self, selector: str) -> list[str]:
        if selector == "*":
            return self._listed_names
        names = self._listed_names
        start, end = bisect_left(names, f"{selector}."), bisect_left(names, f"{selector}/")
        exact = [selector] if selector in self._markers else []
        return exact + names[start:end]
