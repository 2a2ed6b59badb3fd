"""What `sfs steps mark` does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.editing import held
from simpleflow_steps.cli.input import read_json
from simpleflow_steps.cli.markers import open_markers, place_of
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import who
from simpleflow_steps.cli.text import shown
from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound
from simpleflow_steps.step.marker import ByHand, Seen
from simpleflow_steps.step.names import check_step_name
from simpleflow_steps.step.tasks import mark_by_hand
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simpleflow_steps.step.marker import MarkerRegister


def mark(
    workflow_id: str,
    names: Sequence[str],
    reason: str | None,
    result: str | None,
    force: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Mark steps done, if none of them is."""
    register = open_markers(workflow_id, **place)
    names = list(dict.fromkeys(check_step_name(name) for name in names))
    if result is not None and len(names) > 1:
        raise InvalidInput("--result is one step's: mark one NAME at a time")
    value = None if result is None else read_json(result, "--result")
    listed = dict(zip(names, side_by_side(lambda name: _seen(register, name), names), strict=True))
    done = [name for name, seen in listed.items() if seen is not None and seen.done]
    if done and not force:
        raise InvalidInput(f"{', '.join(done)}: done already; pass --force to mark it again")
    by_hand = ByHand(who=who(), at=datetime.now(UTC), why=reason or None)
    with held(register.storage, workflow_id) as check:
        for name in names:
            check()
            mark_by_hand(register, name, listed[name], by_hand, result=value, workflow_id=workflow_id)
            click.echo(f"marked {shown(name)}", err=True)
    if as_json:
        print_json({**place_of(register, workflow_id), "marked": names})


def _seen(register: MarkerRegister, name: str) -> Seen | None:
    """Look at one marker, without what is in it."""
    try:
        body = register.storage.get(register.key(name), first=0)
    except ObjectNotFound:
        return None
    return Seen(body.etag, body.total)
