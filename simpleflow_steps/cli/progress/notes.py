"""Heartbeats as text: a fraction, or so many done of a total, is a bar; anything else is said."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from simpleflow_steps.cli.text import as_json, one_line

DONE_NAMES = ("done", "completed", "current", "n", "count")
TOTAL_NAMES = ("total", "of", "out_of")
BAR_COLUMNS = 12
FILLED, EMPTY = "━", "─"
LONGEST = 200  # characters
LARGEST = 10**15  # what is more than this is no count


def note_text(note: Any) -> Text:
    """Write what an activity told last."""
    match note:
        case bool() | None:
            return Text("" if note is None else str(note).lower())
        case float() if 0 <= note <= 1:
            return bar(note).append(f" {note:.0%}")
        case int() | float():
            return Text(f"{note:,}")
        case [int(done), int(total)] if 0 <= done <= total <= LARGEST and total:
            return counted_bar(done, total)
        case dict():
            return _of_dict(note)
        case _:
            return Text(_short(_value(note)))


def counted_bar(done: int, total: int) -> Text:
    """Draw how many of a total are done."""
    return bar(done / total if total else 0.0).append(f" {done:,}/{total:,}")


def bar(fraction: float, columns: int = BAR_COLUMNS) -> Text:
    """Draw a fraction of a whole; it is full only when nothing is left."""
    filled = int(min(max(fraction, 0.0), 1.0) * columns)
    return Text(FILLED * filled, "green").append(EMPTY * (columns - filled), "bright_black")


def _of_dict(note: dict[str, Any]) -> Text:
    rest = dict(note)
    done = next((name for name in DONE_NAMES if _is_count(note.get(name))), None)
    total = next((name for name in TOTAL_NAMES if _is_count(note.get(name)) and note[name]), None)
    text = Text()
    if done is not None and total is not None and note[done] <= note[total]:
        text.append_text(counted_bar(rest.pop(done), rest.pop(total)))
    said = ", ".join(f"{name} {_value(value)}" for name, value in rest.items())
    return text.append("  " if said and text else "").append(_short(said))


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _value(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value, indent=None)


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
