"""What was asked for at submission: steps to force and to skip, where to begin and where to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simpleflow_steps.codec import is_text
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.known import NOTHING_KNOWN
from simpleflow_steps.step.names import ancestors, check_selectors, nearest
from simpleflow_steps.step.until import Until
from simpleflow_steps.step.workflow import WorkflowStepMixin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.settings import Settings
    from simpleflow_steps.step.known import KnownSteps
    from simpleflow_steps.step.steering import Steering
    from simpleflow_steps.workflow import Workflow

    Names = Iterable[str] | Mapping[str, str]


def no_order(name: str) -> str:
    """Say that nothing tells what came after a step."""
    return f"no record tells what came after {name}: to begin from it forces nothing else"


class Asked:
    """The lists of a submission, from the executor's arguments and the environment, with their reasons.

    They add up: nothing that is asked for in one place takes away what is asked for in another. They hold for the
    execution and for its children; a name is unmatched if no step of any of them has it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        force: Names = (),
        skip: Names = (),
        from_: Names = (),
        until: Names = (),
        only: Names = (),
    ) -> None:
        self.force = _reasons(force, "force", settings.force)
        self.skip = _reasons(skip, "skip", settings.skip)
        self.from_ = _reasons(from_, "from", settings.from_)
        self.until = _reasons(until, "until", settings.until)
        self.only = _reasons(only, "only", settings.only)
        self._until = Until(name for name, _ in self.until)
        self._known: set[str] = set()
        self._whole: dict[str, str] = {}

    @property
    def needs_past(self) -> bool:
        """Whether what past runs recorded matters to it."""
        return bool(self.from_ or self.until or self.only)

    def tell(self, steering: Steering, workflow_id: str, known: KnownSteps = NOTHING_KNOWN) -> None:
        """Hand them to an execution; to a parent before its children.

        :param known: what its past runs recorded, if that is needed
        """
        steering.until = self._until
        self._until.expect(known)
        steering.ask(self.force, self.skip)
        whole = self._whole.get(workflow_id)
        if whole is not None:
            steering.force_all(whole)
        for name, reason in self.from_:
            why = f"Comes after {name}: {reason}"
            self._whole.update(dict.fromkeys(known.children_since(name), why))
            if whole is not None:
                self._whole.update(dict.fromkeys(known.children, whole))
        steering.begin_from(self.from_, known)
        steering.play_only(self.only, known)

    def as_reasons(self) -> dict[str, dict[str, str]]:
        """Give the lists with their reasons, for the record."""
        lists = {"force": self.force, "skip": self.skip, "from": self.from_, "until": self.until, "only": self.only}
        return {argument: dict(reasons) for argument, reasons in lists.items()}

    def unmatched(self, workflow: Workflow, *, is_root: bool) -> dict[str, list[str]]:
        """Give each name that no step had, with the known names nearest to it; call it at the end of each execution."""
        found: list[str] = []
        done: set[str] = set()
        if isinstance(workflow, WorkflowStepMixin):
            met = workflow.step_names()
            self._known |= met
            done = workflow.step_names_done()
            found = [name for name in workflow.steering.unmatched(met) if name not in self.names]
        if is_root:
            found += self.unmatched_among(self._known)
        return {name: nearest(name, (self._known | done) - {name}) for name in found}

    def unmatched_among(self, steps: Iterable[str]) -> list[str]:
        """List the names that cover none of these steps."""
        met = {above for name in steps for above in ancestors(name)}
        return sorted(self.names - met)

    def without_order(self, known: KnownSteps, done: Iterable[str] | None = None) -> list[str]:
        """List the names to begin from that no past run met, so that what came after them is unknown.

        :param done: the steps that have a marker; if given, only names that cover one of them count
        """
        met = {above for name in known.steps for above in ancestors(name)}
        unmet = [name for name, _ in self.from_ if name not in met]
        if done is None:
            return unmet
        marked = {above for name in done for above in ancestors(name)}
        return [name for name in unmet if name in marked]

    @property
    def names(self) -> set[str]:
        """Every name in any of the lists."""
        return {name for reasons in self.as_reasons().values() for name in reasons}


def _reasons(given: Names, argument: str, environment: tuple[str, ...]) -> list[tuple[str, str]]:
    asked = dict(given) if isinstance(given, Mapping) else {}
    names = check_selectors(given, argument)
    for reason in asked.values():
        if reason is not None and not is_text(reason):
            raise InvalidInput(f"{argument}={given!r}: the reason {reason!r} is no text in UTF-8")
    variable = f"SIMPLEFLOW_{argument.upper()}"
    found = [(name, asked.get(name) or f"Asked for at submission ({argument})") for name in names]
    return found + [(name, f"Asked for by {variable}") for name in check_selectors(environment, variable)]
