"""What one run knows of its steps: which are done, asked for, under way, and already decided."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from simpleflow_steps.events import StepInvalidated
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.selection import Decision, Selection, decide
from simpleflow_steps.task import StorageTask

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from simpleflow_steps.executors.protocol import Executor
    from simpleflow_steps.futures import Future
    from simpleflow_steps.step.marker import MarkerRegister, Seen

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
        self.last: dict[str, Future[Any]] = {}
        self._executor = executor
        self._fresh = listing == "per_step"
        self._listing: Future[Any] | None = None
        self._markers: dict[str, Seen] = {}
        self._listed_names: list[str] = []
        self._written: dict[str, int] = {}
        self._writes = 0

    def listed(self) -> Generator[Future[Any], None, None]:
        """Wait until the markers are listed."""
        if self._listing is None or self._fresh:
            writes = self._writes
            listing = self._executor.submit(StorageTask("list the steps done", self.register.list))
            self._listing = listing
            yield listing
            self._take(listing.result, writes)
        else:
            listing = self._listing
            yield listing
            listing.result  # noqa: B018  its failure is the failure of every step that needs it

    def is_done(self, name: str) -> bool:
        """Tell whether a step's marker says that it is done."""
        seen = self._markers.get(name)
        return seen is not None and seen.done

    def names_done(self) -> list[str]:
        """Give the names of the done steps, sorted."""
        return sorted(name for name, seen in self._markers.items() if seen.done)

    def names_known(self) -> set[str]:
        """Give every name that was listed or submitted."""
        return self._markers.keys() | self.states.keys()

    def seen(self, name: str) -> Seen | None:
        """Give what the run last saw of a marker."""
        return self._markers.get(name)

    def wrote(self, name: str) -> bool:
        """Tell whether the run itself wrote a marker."""
        return name in self._written

    def saw(self, name: str, seen: Seen | None) -> None:
        """Take note of what the run itself wrote."""
        self._writes += 1
        self._written[name] = self._writes
        if seen is None:
            self._markers.pop(name, None)
        else:
            self._markers[name] = seen

    def decide(self, name: str, forced: Selection, skipped: Selection, *, force: bool) -> Decision:
        """Run or skip: the one decision."""
        return decide(name, forced=forced, skipped=skipped, done=self.is_done(name), force=force)

    def invalidate(self, name: str) -> Generator[Future[Any], None, None]:
        """Make a done step not done."""
        seen = self._markers.get(name)
        if seen is None or not seen.done:
            return
        future = self._executor.submit(
            StorageTask(f"invalidate step {name}", self.register.invalidate, name, seen),
        )
        yield future
        self.saw(name, future.result)

    def dependents(self, selectors: Sequence[str]) -> list[str]:
        """Give the done steps that `selectors` cover and that this run has not run, sorted."""
        covered = {name for selector in selectors for name in self._covered(selector)}
        return sorted(n for n in covered if self.is_done(n) and self.states.get(n) not in (RUNNING, RAN))

    def invalidated(self, name: str, reason: str) -> StepInvalidated:
        """Make the event that tells of an invalidated step."""
        context = self._executor.get_run_context()
        return StepInvalidated(
            workflow_id=context["workflow_id"],
            run_id=context["run_id"],
            at=self._executor.now(),
            step=name,
            reasons=(reason,),
            skipped=self.states.get(name) == SKIPPED,
        )

    def _take(self, markers: dict[str, Seen], writes_before: int) -> None:
        """Take a listing over; what the run wrote since it was asked for is newer than what it says."""
        newer = {name for name, write in self._written.items() if write > writes_before}
        for name in newer:
            markers.pop(name, None)
            if name in self._markers:
                markers[name] = self._markers[name]
        self._markers = markers
        self._listed_names = sorted(markers)

    def _covered(self, selector: str) -> list[str]:
        if selector == "*":
            return self._listed_names
        names = self._listed_names
        start, end = bisect_left(names, f"{selector}."), bisect_left(names, f"{selector}/")
        exact = [selector] if selector in self._markers else []
        return exact + names[start:end]
