"""The child workflows of one execution, each in a thread of its own."""

from __future__ import annotations

from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec import check_arguments
from simpleflow_steps.scope import inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.executors.local.execution import Execution
    from simpleflow_steps.workflow import Workflow


class Children:
    """Start them, and remember those that live. It belongs to the parent's thread."""

    def __init__(self, parent: Execution) -> None:
        self._parent = parent
        self._live: set[Execution] = set()

    def __len__(self) -> int:
        return len(self._live)

    def start(
        self,
        workflow: type[Workflow],
        workflow_id: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        ended: Callable[[Any, BaseException | None], object],
    ) -> Execution:
        """Start one; `ended(result, error)` is called in the parent's thread when it is over."""
        owner, parent = self._parent.owner, self._parent.get_run_context()
        bound = check_arguments(workflow, args, kwargs)
        context = owner.run_context(workflow, workflow_id, bound.args, bound.kwargs, parent=parent)
        child = type(self._parent)(owner, workflow, context)

        def live() -> None:
            result, error = None, None
            with inside():
                try:
                    result = owner.play(child, bound.args, bound.kwargs)
                except BaseException as raised:  # noqa: BLE001  the parent decides what it means
                    error = raised
            self._parent.post(self._ended, child, ended, result, error)

        self._live.add(child)
        Thread(target=copy_context().run, args=(live,), name=f"sfs-{workflow_id}", daemon=True).start()
        return child

    def cancel(self) -> None:
        """Have them give up what they run."""
        for child in self._live:
            child.ask_to_cancel()

    def stop(self) -> None:
        """Have them begin nothing more."""
        for child in self._live:
            child.post(child.stop)

    def _ended(self, child: Execution, ended: Callable[..., object], *outcome: Any) -> None:
        self._live.discard(child)
        ended(*outcome)
