"""Facts in columns, shown and not obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.text import as_json, padded, shown, width

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def print_fields(fields: Mapping[str, Any]) -> None:
    """Print a line for each field: text as it is, anything else as JSON."""
    names = {name: shown(name) for name in fields}
    columns = max(map(width, names.values()))
    for name, value in fields.items():
        text = shown(value) if isinstance(value, str) else as_json(value, indent=None)
        click.echo(f"{padded(names[name], columns)}  {text}")


def time_text(at: datetime | None) -> str:
    """Write a time as a person at this machine reads it."""
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
