"""The plan of a run: what would become of each known step of an execution and of its children, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simpleflow_steps.execution.past import read_past
from simpleflow_steps.step.names import nearest
from simpleflow_steps.step.plan import RUN, PlannedStep, plan_steps
from simpleflow_steps.step.steering import Steering
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simpleflow_steps.execution.asked import Asked
    from simpleflow_steps.execution.past import Past
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import Storage

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
    plan = _plan(storage, workflow_id, register, asked, seen={workflow_id})
    known = {step.name for each in walk(plan) for step in each.steps}
    unmatched = {name: nearest(name, known) for name in asked.unmatched_among(known)}
    return Plan(plan.workflow_id, plan.steps, plan.children, plan.unknown, unmatched)


def walk(plan: Plan) -> Iterator[Plan]:
    """Give a plan and all those inside it."""
    yield plan
    for child in plan.children:
        yield from walk(child)


def _plan(storage: Storage, workflow_id: str, register: MarkerRegister, asked: Asked, seen: set[str]) -> Plan:
    past = read_past(storage, workflow_id)
    done = {name for name, found in register.list().items() if found.done}
    steering = Steering()
    asked.tell(steering, workflow_id, past.steps)
    steps = tuple(plan_steps(past.steps, done, steering))
    children = [
        _plan(storage, child, open_register(storage, f"{child}/steps"), asked, seen)
        for child in _reached(past, steps, seen)
    ]
    return Plan(workflow_id, steps, tuple(children), tuple(_unknown(past, steps)))


def _reached(past: Past, steps: Iterable[PlannedStep], seen: set[str]) -> Iterator[str]:
    """Give the children that would be started, each once."""
    running = {step.name for step in steps if step.action == RUN}
    for child_id, child in past.steps.children.items():
        if child_id not in seen and (child.within is None or child.within in running):
            seen.add(child_id)
            yield child_id


def _unknown(past: Past, steps: tuple[PlannedStep, ...]) -> Iterator[str]:
    if past.newest is None:
        yield NEVER_RAN
    elif not past.steps.ended:
        yield f"No run came to its end yet ({past.newest.status}): which steps come after these is unknown."
    insides = [step.name for step in steps if step.action == RUN and not step.recorded]
    if insides:
        yield "Steps that only a marker tells of are played if run() still submits them, and when it does is unknown."
