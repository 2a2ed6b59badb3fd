"""What was asked for at submission: steps to force and to skip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simpleflow_steps.step.names import ancestors, check_selectors, nearest
from simpleflow_steps.step.workflow import WorkflowStepMixin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.settings import Settings
    from simpleflow_steps.workflow import Workflow


class Asked:
    """The force and skip lists of a submission, from the executor's arguments and the environment, with their reasons.

    They hold for the execution and for its children; a name is unmatched if no step of any of them has it.
    """

    def __init__(
        self, force: Iterable[str] | Mapping[str, str], skip: Iterable[str] | Mapping[str, str], settings: Settings
    ) -> None:
        self._force = _reasons(force, "force", settings.force)
        self._skip = _reasons(skip, "skip", settings.skip)
        self._names = {name for name, _ in (*self._force, *self._skip)}
        self._known: set[str] = set()

    def tell(self, workflow: WorkflowStepMixin) -> None:
        """Hand them to a workflow."""
        for name, reason in self._force:
            workflow.add_forced_steps([name], reason)
        for name, reason in self._skip:
            workflow.add_skipped_steps([name], reason)

    def as_reasons(self) -> dict[str, dict[str, str]]:
        """Give both lists with their reasons, for the record."""
        return {"force": dict(self._force), "skip": dict(self._skip)}

    def unmatched(self, workflow: Workflow, *, is_root: bool) -> dict[str, list[str]]:
        """Give each name that no step had, with the known names nearest to it; call it at the end of each execution."""
        found: list[str] = []
        done: set[str] = set()
        if isinstance(workflow, WorkflowStepMixin):
            self._known |= workflow.step_names()
            done = workflow.step_names_done()
            found = [name for name in workflow.unmatched_steps() if name not in self._names]
        if is_root:
            met = {above for name in self._known for above in ancestors(name)}
            found += sorted(self._names - met)
        return {name: nearest(name, self._known | done) for name in found}


def _reasons(
    given: Iterable[str] | Mapping[str, str], argument: str, environment: tuple[str, ...]
) -> list[tuple[str, str]]:
    asked = dict(given) if isinstance(given, Mapping) else {}
    names = check_selectors(given, argument)
    variable = f"SIMPLEFLOW_{argument.upper()}"
    found = [(name, asked.get(name) or f"Asked for at submission ({argument})") for name in names]
    return found + [(name, f"Asked for by {variable}") for name in check_selectors(environment, variable)]
