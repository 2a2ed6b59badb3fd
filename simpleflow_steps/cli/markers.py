"""What `sfs steps` does with the markers of an execution."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps import codec
from simpleflow_steps.cli.editing import held
from simpleflow_steps.cli.input import read_json
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place, who
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import padded, plural, shown, size, width
from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, StepError
from simpleflow_steps.execution.positions import Positions, waits_inside
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.settings import load_settings
from simpleflow_steps.step.names import check_selector, check_step_name, covers, nearest
from simpleflow_steps.step.tasks import mark_by_hand, open_register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from simpleflow_steps.step.marker import Marker, MarkerRegister, Seen
    from simpleflow_steps.storage import ListedObject, Storage

DONE, INVALIDATED = "done", "invalidated"
COLORS = {DONE: "green", INVALIDATED: "yellow"}
WRITERS = 16
MOST_SHOWN = 20


def show_list(workflow_id: str, names: Sequence[str], as_json: bool, **place: Any) -> None:
    """List markers, at the cost of one listing."""
    register = _register(workflow_id, **place)
    objects = dict(register.objects())
    if names:
        objects = {name: objects[name] for name in _covered(register, names, objects)}
    if as_json:
        print_json(_list_document(workflow_id, register, objects))
        return
    color = False if load_settings().wants_plain_output else None
    for name, found in objects.items():
        click.echo(_list_line(name, found), color=color)
    _say(_list_summary(register, objects))


def show_one(workflow_id: str, name: str, as_json: bool, **place: Any) -> None:
    """Show a marker."""
    register = _register(workflow_id, **place)
    try:
        body = register.get(name)
    except ObjectNotFound:
        raise _unknown(register, name, register.list()) from None
    document = _marker_document(register, name, body)
    if as_json:
        print_json(document)
        return
    columns = max(map(width, document))
    for field, value in document.items():
        if value == [] and field == "reasons":
            continue
        click.echo(f"{padded(field, columns)}  {_field_text(field, value)}")


def mark(
    workflow_id: str, names: Sequence[str], reason: str | None, result: str | None, force: bool, **place: Any
) -> None:
    """Mark steps done, if none of them is."""
    register = _register(workflow_id, **place)
    names = list(dict.fromkeys(check_step_name(name) for name in names))
    if result is not None and len(names) > 1:
        raise InvalidInput("--result is one step's: mark one NAME at a time")
    value = None if result is None else read_json(result, "--result")
    listed = register.list()
    done = [name for name in names if name in listed and listed[name].done]
    if done and not force:
        raise InvalidInput(f"{', '.join(done)}: done already; pass --force to mark it again")
    why = f"Marked by hand by {who()}" + (f": {reason}" if reason else "")
    with held(register.storage, workflow_id) as check:
        for name in names:
            check()
            mark_by_hand(register, name, listed.get(name), why, result=value, workflow_id=workflow_id)
            _say(f"marked {shown(name)}")


def clear(workflow_id: str, names: Sequence[str], yes: bool, **place: Any) -> None:
    """Invalidate markers, once they have been shown and agreed to."""
    register = _register(workflow_id, **place)
    listed = register.list()
    done = [name for name in _covered(register, names, listed) if listed[name].done]
    if not done:
        _say("nothing to clear: none of them is done")
        return
    _say(f"to clear in {shown(register.storage.url)} under {shown(register.prefix)}:")
    for name in done[:MOST_SHOWN]:
        _say(f"  {shown(name)}")
    if len(done) > MOST_SHOWN:
        _say(f"  ... and {len(done) - MOST_SHOWN} more")
    if not yes and not _agreed(len(done)):
        _say("nothing was cleared")
        return
    with held(register.storage, workflow_id) as check:
        _forget_waits(register.storage, workflow_id, done)
        _invalidate(register, done, listed, check)
    _say(f"cleared {plural(len(done), 'step')}")


def _register(workflow_id: str, storage: str | None, prefix: str | None, debug: bool) -> MarkerRegister:
    del debug  # the command itself heeds it
    check_workflow_id(workflow_id)
    if prefix is not None and not prefix.strip("/"):
        raise InvalidInput(f"--prefix {prefix!r}: name the key under which the markers are, such as ID/steps")
    return open_register(open_place(storage), f"{workflow_id}/steps" if prefix is None else prefix)


def _covered(register: MarkerRegister, selectors: Iterable[str], listed: Iterable[str]) -> list[str]:
    """Give the names that the selectors cover, in the order of the listing.

    :raises InvalidInput: if one of them covers none
    """
    known = list(listed)
    found: set[str] = set()
    for selector in selectors:
        covered = [name for name in known if covers(selector, name)]
        if not covered:
            raise _unknown(register, check_selector(selector), known)
        found.update(covered)
    return [name for name in known if name in found]


def _unknown(register: MarkerRegister, name: str, known: Iterable[str]) -> InvalidInput:
    near = nearest(name, known)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return InvalidInput(f"no step {name!r} has a marker under {register.prefix}/ in {register.storage.url}{hint}")


def _forget_waits(storage: Storage, workflow_id: str, names: Sequence[str]) -> None:
    """Drop what ended the waits in steps that are to run again, as a run that plays them anew does, and first."""
    positions = Positions(storage, workflow_id)
    known = positions.list()
    if known:
        for name in names:
            positions.forget(waits_inside(name, known))


def _invalidate(
    register: MarkerRegister, names: Sequence[str], listed: dict[str, Seen], check: Callable[[], None]
) -> None:
    def invalidate(name: str) -> None:
        check()
        register.invalidate(name, listed[name])

    with ThreadPoolExecutor(min(WRITERS, len(names))) as pool:
        jobs = [pool.submit(invalidate, name) for name in names]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to be asked: pass --yes to clear {plural(count, 'step')}")
    return click.confirm(f"Clear {plural(count, 'step')}?", err=True)


def _state(count: int) -> str:
    return DONE if count else INVALIDATED


def _list_line(name: str, found: ListedObject) -> str:
    state = click.style(f"{_state(found.size):<11}", fg=COLORS[_state(found.size)])
    when = "" if found.modified is None else f"{found.modified.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{state}  {when:<19}  {size(found.size):>8}  {shown(name)}"


def _list_summary(register: MarkerRegister, objects: dict[str, ListedObject]) -> str:
    done = sum(1 for found in objects.values() if found.size)
    where = f"under {shown(register.prefix)}/ in {shown(register.storage.url)}"
    if not objects:
        return f"no steps {where}"
    return f"{done} done, {len(objects) - done} invalidated {where}"


def _list_document(workflow_id: str, register: MarkerRegister, objects: dict[str, ListedObject]) -> dict[str, Any]:
    return {
        "workflow_id": workflow_id,
        "storage": register.storage.url,
        "prefix": register.prefix,
        "steps": [
            {
                "name": name,
                "state": _state(found.size),
                "modified": None if found.modified is None else found.modified.isoformat(),
                "size": found.size,
            }
            for name, found in objects.items()
        ],
    }


def _marker_document(register: MarkerRegister, name: str, body: bytes) -> dict[str, Any]:
    document: dict[str, Any] = {"step": name, "state": _state(len(body)), "key": register.key(name)}
    if not body:
        return document
    marker = register.parse(name, body)
    if marker is None:
        return {**document, "written_by": "simpleflow, or by hand", "content": codec.loads(body, "marker")}
    hidden = {"step", "result", "result_shape", "result_error"}
    fields = marker.model_dump(mode="json", exclude=hidden, exclude_none=True)
    return {**document, **fields, **_result(register, name, marker)}


def _field_text(field: str, value: Any) -> str:
    if field == "reasons":
        return shown("; ".join(value))
    return shown(value) if isinstance(value, str) and field != "result" else json_text(value)


def _result(register: MarkerRegister, name: str, marker: Marker) -> dict[str, Any]:
    """Give the result, or why there is none; the rest of the marker is worth showing either way."""
    try:
        return {"result": register.stored_json(name, marker)}
    except StepError as error:
        return {"result_error": str(error)}


def _say(text: str) -> None:
    click.echo(text, err=True)
