"""The markers that a command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.known import alike
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.step.names import WILDCARD, ancestors, covered_by_any, nearest
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import ListedObject

FEW = 8  # listings; for more names than that, one listing of all markers is cheaper


def open_markers(workflow_id: str, storage: str | None, prefix: str | None, **_: Any) -> MarkerRegister:
    """Open the markers of an execution, where the options say that they are."""
    check_workflow_id(workflow_id)
    if prefix is not None and not prefix.strip("/"):
        raise InvalidInput(f"--prefix {prefix!r}: name the key under which the markers are, such as ID/steps")
    return open_register(open_place(storage), f"{workflow_id}/steps" if prefix is None else prefix)


def place_of(register: MarkerRegister, workflow_id: str) -> dict[str, str]:
    """Say in JSON whose markers these are, and where."""
    return {"workflow_id": workflow_id, "storage": register.storage.url, "prefix": register.prefix}


def list_markers(register: MarkerRegister, selectors: Iterable[str]) -> dict[str, ListedObject]:
    """List the markers that the selectors cover, at the cost of little else; all of them if there is no selector."""
    wanted = outermost(selectors)
    if not wanted:
        return dict(register.objects())
    beginnings = wanted if len(wanted) <= FEW else [""]
    found = {name: each for beginning in beginnings for name, each in register.objects(beginning)}
    keep = set(wanted)
    return {name: found[name] for name in sorted(found) if covered_by_any(name, keep)}


def demand_all(register: MarkerRegister, selectors: Iterable[str], names: Iterable[str]) -> None:
    """Refuse a selector that covers none of these names.

    :raises InvalidInput: with the nearest ones
    """
    missing = dict.fromkeys(selectors)
    for name in names if missing else ():
        for above in ancestors(name):
            missing.pop(above, None)
    for selector in missing:
        raise no_such_step(register, selector)


def no_such_step(register: MarkerRegister, name: str) -> InvalidInput:
    """Make the error for a name that no marker has, with the nearest ones."""
    markers = register.list()
    near = nearest(name, markers)
    hint = f"; nearest: {', '.join(near)}" if near else "" if markers else executions_alike(register)
    return InvalidInput(f"no step {name!r} has a marker under {register.prefix}/ in {register.storage.url}{hint}")


def executions_alike(register: MarkerRegister) -> str:
    """Name the executions that are called like an unknown one whose markers these would be, to end a sentence with."""
    workflow_id, _, rest = register.prefix.partition("/")
    return alike(register.storage, workflow_id, "nearest execution") if rest == "steps" else ""


def outermost(selectors: Iterable[str]) -> list[str]:
    """Drop the selectors that another one covers; none are left if all steps are meant."""
    wanted = dict.fromkeys(selectors)
    if WILDCARD in wanted:
        return []
    return [each for each in wanted if not covered_by_any(each.rpartition(".")[0], wanted)]
