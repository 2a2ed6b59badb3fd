"""What `sfs run --plan` and `sfs resume --plan` print."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.text import one_line, plural, shown
from simpleflow_steps.execution.plan import walk
from simpleflow_steps.settings import load_settings
from simpleflow_steps.step.plan import NOT_REACHED, RUN, SKIP, UNSURE

if TYPE_CHECKING:
    from simpleflow_steps.execution.plan import Plan
    from simpleflow_steps.step.plan import PlannedStep

COLORS = {RUN: "cyan", SKIP: "bright_black", NOT_REACHED: "yellow", UNSURE: "yellow"}
DEEPEST = 20  # a step inside so many is shown as far to the right as the one around it
COLUMNS = max(map(len, COLORS))


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print a plan: a line for each step, inside the step around it, and what is not known."""
    if as_json:
        print_json(_document(plan))
        return
    color = False if load_settings().wants_plain_output else None
    for each in walk(plan):
        if each is not plan:
            click.echo(f"in {shown(each.workflow_id)}:")
        depths: dict[str, int] = {}
        for step in each.steps:
            depths[step.name] = min(depths.get(step.within or "", -1) + 1, DEEPEST)
            click.echo(_line(step, depths[step.name]), color=color)
        for sentence in each.unknown:
            _say(f"unknown: {sentence}")
    for name, near in (plan.unmatched or {}).items():
        meant = f"; nearest: {', '.join(near)}" if near else ""
        _say(f"no known step is called {name!r}{meant}")
    _say(f"{shown(plan.workflow_id)}: {_summary(plan)}; nothing was run")


def _line(step: PlannedStep, depth: int) -> str:
    action = click.style(f"{step.action:<{COLUMNS}}", fg=COLORS[step.action])
    said = "; ".join(step.reasons) or ("" if step.done else "It is not done")
    where = "" if step.recorded else " (only its marker is known)"
    return f"{action}  {'  ' * depth}{shown(step.name)}  {one_line(said)}{where}".rstrip()


def _summary(plan: Plan) -> str:
    counts = Counter(step.action for each in walk(plan) for step in each.steps)
    return (
        ", ".join(
            f"{count} to {action}" if action in (RUN, SKIP) else f"{count} {action}" for action, count in counts.items()
        )
        or f"{plural(0, 'known step')}"
    )


def _document(plan: Plan) -> dict[str, Any]:
    return {
        "workflow_id": plan.workflow_id,
        "steps": [{**asdict(step), "reasons": list(step.reasons)} for step in plan.steps],
        "children": [_document(child) for child in plan.children],
        "unknown": list(plan.unknown),
        "unmatched": plan.unmatched or {},
    }


def _say(text: str) -> None:
    click.echo(one_line(text), err=True)
