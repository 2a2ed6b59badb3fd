"""What there is to draw of a run: its account, and those of the child workflows below it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simpleflow_steps.events import RunFinished, RunStarted
from simpleflow_steps.execution.account import RUNNING, Account
from simpleflow_steps.execution.accountant import Accountant

if TYPE_CHECKING:
    from datetime import datetime

    from simpleflow_steps.events import Event

DEEPEST = 8  # how many children inside one another are drawn


@dataclass(frozen=True, slots=True)
class Scene:
    """The account of a run at a time, by the clock that the account's own times are of, and of its children."""

    account: Account
    now: datetime
    children: dict[str, Scene] = field(default_factory=dict)


class Stage:
    """Keep the accounts of a run and of all children that run."""

    def __init__(self) -> None:
        self._accountants: dict[str, Accountant] = {}

    def hear(self, event: Event) -> None:
        """Take an event of the run or of a child in."""
        match event:
            case RunFinished(status=status) if status != "continued":
                self._accountants.pop(event.workflow_id, None)
                self._note(event.parent_workflow_id, event.workflow_id, status)
            case RunStarted() | RunFinished():
                self._accountants[event.workflow_id] = Accountant()
                self._note(event.parent_workflow_id, event.workflow_id, RUNNING)
            case _:
                self._accountants.setdefault(event.workflow_id, Accountant()).hear(event)

    def _note(self, parent: str | None, child: str, status: str) -> None:
        if parent in self._accountants:
            self._accountants[parent].note_child(child, status)

    def scene(self, workflow_id: str | None, now: datetime, most: int, deepest: int = DEEPEST) -> Scene:
        """Give what there is to draw, bounded in width and depth."""
        accountant = self._accountants.get(workflow_id or "")
        if accountant is None:
            return Scene(Account(), now)
        account = accountant.account(most)
        known = [each for each in account.children if each in self._accountants and deepest]
        return Scene(account, now, {each: self.scene(each, now, most, deepest - 1) for each in known})
