"""Run ids as people read and write them: shortened, and found again by a part or by counting back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from simpleflow_steps.cli.known import no_run
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import run_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simpleflow_steps.storage import Storage

_OURS = re.compile(r"\d{8}T\d{6}\.\d{6}Z-([0-9a-f]{6})")
_COUNTED = re.compile(r"-[1-9][0-9]*")
SHORT = 12  # characters of a run id that is not ours
MOST_NAMED = 5


def short_run(run_id: str) -> str:
    """Shorten a run id to what tells it from the others: its last part, as its time is told beside it anyway."""
    ours = _OURS.fullmatch(run_id)
    if ours:
        return ours[1]
    return run_id if len(run_id) <= SHORT else f"{run_id[:SHORT]}..."


def all_runs(storage: Storage, workflow_id: str) -> list[str]:
    """List the runs of an execution, oldest first.

    :raises InvalidInput: if it has none, naming the executions that are called alike
    """
    ids = sorted(run_ids(storage, workflow_id))
    if ids:
        return ids
    raise no_run(storage, workflow_id)


def find_run(ids: Sequence[str], text: str, workflow_id: str) -> str:
    """Find the run that a text means: its id, a beginning or an end that no other has, or `-1` for the last one.

    :raises InvalidInput: naming the runs that it may mean
    """
    if _COUNTED.fullmatch(text):
        if int(text) >= -len(ids):
            return ids[int(text)]
        raise InvalidInput(f"execution {workflow_id!r} has no run {text}: it has {len(ids)}")
    if text.startswith("-"):
        raise click.UsageError(f"No such option: {text}")
    if text in ids:
        return text
    found = [run_id for run_id in ids if text and (run_id.startswith(text) or run_id.endswith(text))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise InvalidInput(f"execution {workflow_id!r} has no run {text!r}; its last one is {ids[-1]}")
    named = ", ".join(found[-MOST_NAMED:])
    raise InvalidInput(f"run {text!r} of {workflow_id!r} may be {len(found)} runs: {named}; write more of its id")
