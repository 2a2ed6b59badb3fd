"""The plan of a run: what would become of each known step of an execution and of its children, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpleflow_steps.execution.asked import no_order
from simpleflow_steps.execution.past import read_past
from simpleflow_steps.step.names import nearest
from simpleflow_steps.step.plan import PlannedStep, plan_steps
from simpleflow_steps.step.steering import Steering
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.execution.asked import Asked
    from simpleflow_steps.execution.past import Past
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import Storage

DEEPEST = 50  # children in children that are planned
NEVER_RAN = "It never ran: which steps it has is unknown."


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    :param steps: the known steps, in the order of the past runs; those known by their marker alone come last
    :param children: the plans of the child workflows that past runs started and that this one would reach
    :param unknown: what the plan cannot tell, in sentences
    :param unmatched: names that were asked for and that match no known step, each with the nearest ones
    """

    workflow_id: str
    steps: tuple[PlannedStep, ...]
    children: tuple[Plan, ...] = ()
    unknown: tuple[str, ...] = ()
    unmatched: dict[str, list[str]] | None = None


def make_plan(storage: Storage, workflow_id: str, register: MarkerRegister, asked: Asked) -> Plan:
    """Plan a run of an execution, at the cost of listing its markers and reading its last runs.

    :param register: its markers
    :param asked: what is asked for
    """
    plan = _Planner(storage, asked).plan(workflow_id, register)
    known = {step.name for each in walk(plan) for step in each.steps}
    unmatched = {name: nearest(name, known) for name in asked.unmatched_among(known)}
    return Plan(plan.workflow_id, plan.steps, plan.children, plan.unknown, unmatched)


def walk(plan: Plan) -> Iterator[Plan]:
    """Give a plan and all those inside it."""
    yield plan
    for child in plan.children:
        yield from walk(child)


class _Planner:
    """Plan an execution, and each child at its place in it, once."""

    def __init__(self, storage: Storage, asked: Asked) -> None:
        self._storage = storage
        self._asked = asked
        self._seen: set[str] = set()

    def plan(self, workflow_id: str, register: MarkerRegister, depth: int = 0) -> Plan:
        """Plan one execution."""
        self._seen.add(workflow_id)
        past = read_past(self._storage, workflow_id)
        done = {name for name, found in register.list().items() if found.done}
        steering = Steering()
        self._asked.tell(steering, workflow_id, past.steps)
        children: list[Plan] = []
        deeper: list[str] = []

        def begin(child: str) -> None:
            if child in self._seen:
                return
            if depth == DEEPEST:
                deeper.append(child)
                return
            children.append(self.plan(child, open_register(self._storage, f"{child}/steps"), depth + 1))

        steps = tuple(plan_steps(past.steps, done, steering, begin))
        unknown = [
            *_unknown(past, steps, self._asked),
            *(f"Child {child} lies too deep to be planned." for child in deeper),
        ]
        return Plan(workflow_id, steps, tuple(children), tuple(unknown))


def _unknown(past: Past, steps: tuple[PlannedStep, ...], asked: Asked) -> Iterator[str]:
    if past.newest is None:
        yield NEVER_RAN
    elif not past.steps.ended:
        yield f"No run came to its end yet ({past.newest.status}): which steps come after these is unknown."
    if not all(step.recorded for step in steps):
        yield "Only markers tell of some steps: whether and when run() submits them, and if it forces them, is unknown."
    done = [step.name for step in steps if step.done]
    yield from map(no_order, asked.without_order(past.steps, done))
