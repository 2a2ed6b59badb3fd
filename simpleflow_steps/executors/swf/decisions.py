"""Decisions as the SWF API takes them, and how many of them one response may hold."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from simpleflow_steps.executors.swf.history import MORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Decision = dict[str, Any]

AT_MOST = 100  # decisions in one response
BYTES = 900_000  # of one response; SWF takes a megabyte
LONGEST = 99_999_999  # seconds: a duration has eight digits
CLOSING = {
    "CompleteWorkflowExecution",
    "FailWorkflowExecution",
    "CancelWorkflowExecution",
    "ContinueAsNewWorkflowExecution",
}


def decision(kind: str, attributes: dict[str, Any]) -> Decision:
    """Make a decision; attributes that are None are left out."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": given}


def attributes_of(made: Decision) -> dict[str, Any]:
    """Give what `decision` was given."""
    kind = made["decisionType"]
    found: dict[str, Any] = made[f"{kind[0].lower()}{kind[1:]}DecisionAttributes"]
    return found


def duration(seconds: float | None) -> str:
    """Write a time-out: whole seconds, rounded up; `NONE` for none."""
    return "NONE" if seconds is None else str(min(math.ceil(seconds), LONGEST))


def first_of(makers: Sequence[Callable[[], Decision]], last: Callable[[], Decision] | None) -> list[Decision]:
    """Make as many decisions as one response may hold; if some are left, with a timer that asks for another task.

    :param makers: give the decisions, in their order
    :param last: gives the one that closes the run, which comes alone after all others
    """
    made: list[Decision] = []
    size = 0
    for make in [*makers, *([last] if last else [])]:
        if len(made) >= AT_MOST - 1 and len(made) + 1 < len(makers) + bool(last):
            return [*made, _more()]
        following = make()
        size += len(json.dumps(following))
        if size > BYTES and made:
            return [*made, _more()]
        made.append(following)
    return made


def _more() -> Decision:
    return decision("StartTimer", {"timerId": MORE, "startToFireTimeout": "0"})


def types_in(decisions: Iterable[Decision]) -> set[tuple[str, str, str]]:
    """Name the types that decisions need, each with its kind: `activity` or `workflow`."""
    found = set()
    for made in decisions:
        attributes = attributes_of(made)
        for kind in ("activity", "workflow"):
            if f"{kind}Type" in attributes:
                found.add((kind, attributes[f"{kind}Type"]["name"], attributes[f"{kind}Type"]["version"]))
    return found
