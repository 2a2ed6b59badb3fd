"""What `sfs steps show` tells of one step: its marker, its result, and the last run's word about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps import codec
from simpleflow_steps.cli.facts import FOREIGN, result_size
from simpleflow_steps.cli.markers import no_such_step, open_markers
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.rightnow import AT_WORK, read_right_now
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import padded, shown, shown_lines, size, width
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import ObjectNotFound, RecordCorrupt, StepError
from simpleflow_steps.execution.head import read_first_steps
from simpleflow_steps.execution.record import run_ids
from simpleflow_steps.step.names import check_step_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.execution.record import StepRecord
    from simpleflow_steps.step.marker import Marker, MarkerRegister
    from simpleflow_steps.storage import Storage

CHEAP = 1024 * 1024  # bytes of a run's record that are read
HIDDEN = ("within", "dependents", "asked")  # of a step in its run, as they are told beside it
CUT = 4000  # characters of a result that a terminal gets


def show_one(workflow_id: str, name: str, as_json: bool, **place: Any) -> None:
    """Show a step, at the cost of its marker, its result and the beginning of a run's record or two."""
    register = open_markers(workflow_id, **place)
    try:
        body = register.get(check_step_name(name))
    except ObjectNotFound:
        body = None
    marker = register.parse(name, body) if body else None
    word = _word(register.storage, workflow_id, name, marker)
    if body is None and not word:
        raise no_such_step(register, name)
    document: dict[str, Any] = {"step": name, "state": _state(body, word), "key": register.key(name)}
    if marker is not None:
        hidden = {"step", "result", "result_shape", "result_error"}
        told = codec.document(marker, without_none=True)
        document |= {field: value for field, value in told.items() if field not in hidden}
    elif body:
        document |= {"written_by": FOREIGN, "content": codec.loads(body, "marker")}
    document |= word
    cut = not as_json and sys.stdout.isatty()
    if marker is not None:
        document |= _result(register, name, marker, CUT if cut else None)
    if as_json:
        print_json(document)
    else:
        _print(document, cut=cut)


def _state(body: bytes | None, word: dict[str, Any]) -> str:
    if body:
        return "done"
    state: str = word["last_run"]["state"] if word else ""
    if state in ("running", "failed"):
        return state
    return "no marker" if body is None else "invalidated"


def _result(register: MarkerRegister, name: str, marker: Marker, first: int | None) -> dict[str, Any]:
    """Give the result, or why there is none; the rest of the marker is worth showing either way.

    :param first: give the beginning of a large one only, as text
    """
    told = {"result_size": result_size(marker)} if result_size(marker) is not None else {}
    try:
        if first is not None and marker.result_error is None and marker.result_key is not None:
            beginning = register.large_result(name, marker.result_key, first * 4)
            return {**told, "result": _Text(beginning.decode(errors="replace"))}
        return {**told, "result": register.stored_json(name, marker)}
    except StepError as error:
        return {**told, "result_error": str(error)}


class _Text(str):
    """JSON that is text already."""

    __slots__ = ()


def _word(storage: Storage, workflow_id: str, name: str, marker: Marker | None) -> dict[str, Any]:
    """Give what the last run tells of the step, or else the one that marked it, if it tells it early."""
    newest = max(run_ids(storage, workflow_id), default=None)
    for run_id in dict.fromkeys([newest, marker.run_id if marker else None]):
        step = _recorded(storage, workflow_id, run_id, name) if run_id else None
        if step is not None:
            facts = {name: fact for name, fact in codec.document(step).items() if name not in HIDDEN}
            told = {"run_id": run_id, **facts}
            if step.state == "running" and read_right_now(storage, workflow_id).state not in AT_WORK:
                told["state"] = "unfinished"
            return {"within": step.within, "dependents": list(step.dependents), "last_run": told}
    return {}


def _recorded(storage: Storage, workflow_id: str, run_id: str, name: str) -> StepRecord | None:
    try:
        return read_first_steps(storage, workflow_id, run_id, first=CHEAP).steps.get(name)
    except (ObjectNotFound, RecordCorrupt):
        return None


def _print(document: dict[str, Any], *, cut: bool) -> None:
    texts = {field: _text(field, value) for field, value in document.items()}
    columns = max(map(width, texts))
    for field, text in texts.items():
        if field == "result" and cut and len(text) > CUT:
            click.echo(f"{padded(field, columns)}  {text[:CUT]}...")
            click.echo("the result is cut here: --json shows all of it", err=True)
        elif text:
            click.echo(f"{padded(field, columns)}  {text}")


def _text(field: str, value: Any) -> str:
    if field in TEXTS:
        return shown(TEXTS[field](value))
    return shown(value) if isinstance(value, str) and field != "result" else _json(value)


def _json(value: Any) -> str:
    """Write a result as JSON; the beginning of a large one as it lies in the storage."""
    return shown_lines(value) if isinstance(value, _Text) else json_text(value)


def _sentence(word: dict[str, Any]) -> str:
    took = "" if word["seconds"] is None else f" after {elapsed(word['seconds'])}"
    said = [f"{word['run_id']}: {word['state']}{took}"]
    said += [f"retries: {word['retries']}"] if word["retries"] else []
    said += [f"attempt {each['attempt']} of {each['activity']}: {each['error']}" for each in word["retried"][-1:]]
    said += [word["error"]] if word["error"] else []
    return "; ".join(said)


def _hand(told: dict[str, Any]) -> str:
    return f"{told['who']}, {told['at']}" + (f": {told['why']}" if told.get("why") else "")


TEXTS: dict[str, Callable[[Any], str]] = {
    "by_hand": _hand,
    "dependents": "; ".join,
    "last_run": _sentence,
    "reasons": "; ".join,
    "result_size": size,
    "within": lambda outer: outer or "",
}
