"""The values that a shell offers: what there is in the storage, and the workflows in the current directory.

A value's metavar says what it is. Nothing here may print, fail or take long: whoever presses a key waits.
"""

from __future__ import annotations

import ast
import logging
import threading
import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click

    from simpleflow_steps.storage import Storage

    Find = Callable[[click.Context, str], Iterable[str]]

PATIENCE = 2.0  # seconds; a storage that takes longer is not waited for
MOST = 200  # values that are offered
LONGEST_MODULE = 1024 * 1024  # bytes of a file that may hold a workflow


def offer_values(command: click.Command) -> None:
    """Let a command, and those in it, complete the values of its arguments and options."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    for inner in getattr(command, "commands", {}).values():
        offer_values(inner)
    for parameter in command.params:
        find = _finder(command, parameter)
        if find is not None:
            # click takes it where the parameter is made; one place here serves every command
            parameter._custom_shell_complete = _offering(find)  # noqa: SLF001


def _finder(command: click.Command, parameter: click.Parameter) -> Find | None:
    what = (parameter.metavar or "").strip("[].")
    return SIGNAL_FINDERS.get(what) if command.name == "signal" else FINDERS.get(what)


def _offering(find: Find) -> Callable[[click.Context, click.Parameter, str], list[Any]]:
    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        found: list[str] = []

        def look() -> None:
            try:
                found.extend(islice(dict.fromkeys(find(ctx, incomplete)), MOST))
            except Exception:  # noqa: BLE001  a completion that fails offers nothing
                found.clear()

        # a daemon: whoever asked does not wait for it at the end either
        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        looking.join(PATIENCE)
        return [] if looking.is_alive() else [CompletionItem(value) for value in found if _is_plain(value)]

    return complete


def _is_plain(value: str) -> bool:
    """Tell whether a shell can be given a value: one printable line."""
    return value.isprintable() and value != ""


def _place(ctx: click.Context) -> Storage:
    from simpleflow_steps.cli.places import open_place

    return open_place(ctx.params.get("storage"))


def _executions(ctx: click.Context, incomplete: str) -> Iterator[str]:
    yield from (name for name in _place(ctx).folders(incomplete) if name.startswith(incomplete))


def _steps(ctx: click.Context, incomplete: str) -> Iterable[str]:
    """Give the steps, and the names above them; of very many only as far as their next dot."""
    from simpleflow_steps.cli.markers import open_markers

    workflow_id = ctx.params.get("workflow_id")
    if not workflow_id:
        return []
    register = open_markers(workflow_id, ctx.params.get("storage"), ctx.params.get("prefix"))
    names = [name for name, _ in register.objects(incomplete)]
    known = incomplete.count(".") + 1
    above = dict.fromkeys(".".join(name.split(".")[:known]) for name in names)
    return above if len(names) > MOST else [*above, *names]


def _runs(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Give the runs, the newest first; a run may be asked for by the last part of its id too."""
    from simpleflow_steps.cli.runids import short_run
    from simpleflow_steps.execution.record import run_ids

    workflow_id = ctx.params.get("workflow_id") or ctx.params.get("target")
    if workflow_id:
        for run_id in sorted(run_ids(_place(ctx), workflow_id), reverse=True):
            if run_id.startswith(incomplete) or short_run(run_id).startswith(incomplete):
                yield run_id


def _workflows(_: click.Context, incomplete: str) -> Iterator[str]:
    """Give the workflows in the modules of the current directory, without importing any."""
    module = incomplete.partition(":")[0]
    package, beginning = module.rpartition(".")[::2]
    place = Path(*package.split(".")) if package else Path()
    around = f"{package}." if package else ""
    for path in sorted(place.glob("*.py")):
        if path.stem.startswith(beginning) and path.stat().st_size <= LONGEST_MODULE:
            yield from (found for found in _targets(around + path.stem, path) if found.startswith(incomplete))
    for inner in sorted(place.glob("*/__init__.py")) if ":" not in incomplete else ():
        if inner.parent.name.startswith(beginning):
            yield f"{around}{inner.parent.name}."


def _targets(module: str, path: Path) -> Iterator[str]:
    """Name the classes of a file that look like workflows: by their base, or by the base of that."""
    try:
        classes = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.ClassDef)]
    except (SyntaxError, ValueError, OSError, RecursionError):
        return
    workflows: set[str] = set()
    for node in classes:
        bases = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
        if any(base.endswith("Workflow") or base in workflows for base in bases):
            workflows.add(node.name)
            yield f"{module}:{node.name}"


def _executions_or_workflows(ctx: click.Context, incomplete: str) -> Iterator[str]:
    yield from _workflows(ctx, incomplete)
    yield from _executions(ctx, incomplete)


SIGNAL_FINDERS: dict[str, Find] = {"ID": _executions}
FINDERS: dict[str, Find] = {
    "ID": _executions,
    "ID|MODULE:WORKFLOW": _executions_or_workflows,
    "MODULE:WORKFLOW": _workflows,
    "NAME": _steps,
    "PATTERN": _executions,
    "RUN": _runs,
    "RUN_ID": _runs,
}
