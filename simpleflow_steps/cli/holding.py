"""What `sfs status` and `sfs lease` tell of the lease of an execution, and do with it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from simpleflow_steps import codec
from simpleflow_steps.cli.accounts import counts_text, running_text
from simpleflow_steps.cli.known import alike
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place, who
from simpleflow_steps.cli.table import print_fields, time_text
from simpleflow_steps.cli.text import one_line, shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import InvalidInput, LeaseCorrupt, LeaseHeld, ObjectNotFound, PreconditionFailed
from simpleflow_steps.execution.account import later, read_account
from simpleflow_steps.execution.lease import NEVER_RUN, describe, hold_of, read_lease, steal_lease
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.storage.protocol import Body

FINISHED, STALE, STOLEN = "finished", "stale", "stolen"


def show_status(workflow_id: str, storage: str | None, as_json: bool, debug: bool) -> None:
    """Show how an execution is, at the cost of one read."""
    del debug  # the command itself heeds it
    record, body = read_execution(open_place(storage), workflow_id)
    age = body.age
    state = state_of(record, age)
    stale_for = age - record.ttl if state == STALE and age is not None else None
    if as_json:
        hidden = {"nonce", "status"}
        facts = {"state": state, "status": record.status, "age": age, "stale_for": stale_for}
        told = {name: value for name, value in codec.document(record).items() if name not in hidden}
        print_json({**facts, **told})
        return
    said = f"{state} for {elapsed(stale_for)}" if stale_for is not None else state
    print_fields(
        {
            "state": f"{said} ({record.status})" if state == STOLEN else said,
            "workflow": record.workflow,
            "run": record.run_id,
            "holder" if record.held else "last holder": _holder(record),
            "started": time_text(record.acquired),
            "renewed" if record.held else "ended": _ago(record, age),
            **_progress(record, age),
        }
    )


def show_lease(workflow_id: str, storage: str | None, as_json: bool, debug: bool) -> None:
    """Show the lease itself."""
    del debug  # the command itself heeds it
    record, body = read_execution(open_place(storage), workflow_id)
    document = {**codec.document(record), "age": body.age}
    if as_json:
        print_json(document)
    else:
        print_fields(document)


def steal(workflow_id: str, yes: bool, storage: str | None, debug: bool) -> None:
    """End a hold, once it has been shown and agreed to."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    try:
        record, body = read_execution(where, workflow_id)
    except LeaseCorrupt as error:
        _say(f"{error}")
    else:
        if not record.held:
            _say(f"nothing to steal: nobody holds {workflow_id!r}")
            return
        _say(f"{hold_of(record, body.age)}: {describe(record)}")
        if hold_of(record, body.age) != "crashed":
            _say(
                f"its run, if there still is one, stops at its next renewal, within {elapsed(record.ttl / 4)}; "
                "until then two runs may be at work"
            )
    if not yes and not _agreed(workflow_id):
        _say("nothing was stolen")
        return
    try:
        steal_lease(where, workflow_id, who())
    except PreconditionFailed:
        raise LeaseHeld("its holder renewed the lease right now", workflow_id, "give the command again") from None
    except ObjectNotFound:
        raise _never_ran(where, workflow_id) from None
    _say(f"nobody holds {workflow_id!r} any more")


def state_of(record: LeaseRecord, age: float | None) -> str:
    """Say how an execution is, from its lease and how old that is by the storage's clock."""
    if record.held:
        return hold_of(record, age)
    if record.status.startswith("stolen by "):
        return STOLEN
    return FINISHED if record.status == "completed" else record.status


def read_execution(storage: Storage, workflow_id: str) -> tuple[LeaseRecord, Body]:
    """Read the lease of an execution that ran.

    :raises InvalidInput: if it never did
    """
    found = find_execution(storage, workflow_id)
    if found is None:
        raise _never_ran(storage, workflow_id)
    return found


def find_execution(storage: Storage, workflow_id: str) -> tuple[LeaseRecord, Body] | None:
    """Read the lease of an execution; None if it never ran."""
    found = read_lease(storage, check_workflow_id(workflow_id))
    return None if found is None or found[0].status == NEVER_RUN else found


def _never_ran(storage: Storage, workflow_id: str) -> InvalidInput:
    return InvalidInput(f"execution {workflow_id!r} never ran in {storage.url}{alike(storage, workflow_id)}")


def _holder(record: LeaseRecord) -> str:
    return f"{record.holder.user}@{record.holder.host} (pid {record.holder.pid})"


def _ago(record: LeaseRecord, age: float | None) -> str:
    """Say when a run was last heard of; the object of one that ended may have been written again since."""
    if not record.held:
        return time_text(record.renewed)
    ago = "" if age is None else f", {elapsed(age)} ago"
    return f"{time_text(record.renewed)}{ago}; the lease lasts {record.ttl:g} s"


def _progress(record: LeaseRecord, age: float | None) -> dict[str, str]:
    """Give a run's account of itself in words; what it holds is whatever somebody wrote."""
    account, now = read_account(record.progress), later(record.renewed, (age or 0.0) if record.held else 0.0)
    told = {"steps": counts_text(account) or "none yet"} if "steps" in record.progress else {}
    if groups := [f"{name} {group.done}/{group.total}" for name, group in account.groups.items()]:
        told["groups"] = ", ".join(groups)
    if account.running:
        told["running"] = ", ".join(running_text(step, now) for step in account.running)
    if account.children:
        told["children"] = ", ".join(account.children)
    told.update({f"{name} failed": error for name, error in account.failed.items()})
    heartbeats = record.progress.get("heartbeats")
    if isinstance(heartbeats, dict):
        told.update({f"{name} says": str(details) for name, details in heartbeats.items()})
    if "omitted" in record.progress:
        told["progress"] = f"not kept: {record.progress['omitted']}"
    return told


def _agreed(workflow_id: str) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to be asked: pass --yes to steal the lease of {shown(workflow_id)}")
    return click.confirm(f"Steal the lease of {shown(workflow_id)}?", err=True)


def _say(text: str) -> None:
    click.echo(one_line(text), err=True)
