"""Facts in columns, shown and not obeyed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from simpleflow_steps.cli.text import as_json, cut, padded, shown, width
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

WIDEST = 60  # columns that a cell may ask of those above and below it
GAP = "  "


class Cell(NamedTuple):
    """A text with a colour."""

    text: str
    color: str | None = None


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print a line for each field: text as it is, unless it is very long, anything else as JSON."""
    names = {name: shown(name) for name in fields}
    columns = max(map(width, names.values()))
    for name, value in fields.items():
        text = cut(value) if isinstance(value, str) else as_json(value, indent=None)
        click.echo(f"{padded(names[name], columns)}{GAP}{text}")


def print_table(titles: Sequence[str], rows: Sequence[Sequence[Cell | str]], *, right: Collection[str] = ()) -> None:
    """Print a line for each row below one with the titles; a column without any text is left out.

    :param right: the titles of the columns that end flush
    """
    if not rows:
        return
    color = False if load_settings().wants_plain_output else None
    cells = [[_fit(cell) for cell in row] for row in rows]
    used = [place for place in range(len(titles)) if any(row[place].text for row in cells)]
    widths = {place: min(max(width(row[place].text) for row in cells), WIDEST) for place in used}
    widths = {place: max(columns, len(titles[place])) for place, columns in widths.items()}
    for row in [[Cell(title, "bright_black") for title in titles], *cells]:
        parts = (_aligned(row[place], widths[place], flush=titles[place] in right) for place in used)
        click.echo(GAP.join(parts).rstrip(), color=color)


def time_text(at: datetime | None) -> str:
    """Write a time as a person at this machine reads it."""
    if at is None:
        return ""
    with suppress(OverflowError):  # on the first or the last day that there is, it may have no time here
        at = at.astimezone()
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _fit(cell: Cell | str) -> Cell:
    text, color = cell if isinstance(cell, Cell) else (cell, None)
    return Cell(shown(text), color)


def _aligned(cell: Cell, columns: int, *, flush: bool) -> str:
    blanks = " " * max(columns - width(cell.text), 0)
    text = click.style(cell.text, fg=cell.color) if cell.color and cell.text else cell.text
    return blanks + text if flush else text + blanks
