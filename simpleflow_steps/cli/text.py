"""Text from anywhere, made fit for a terminal: names, reasons and results may hold anything and must only be shown."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

LONGEST_LINE = 2000
LARGEST = 10**18  # bytes; whoever says that there are more is not believed

# control characters, lone surrogates, line separators, and the marks that turn the direction of text round
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_UNFIT_BUT_LINES = re.compile(_UNFIT.pattern.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))


def shown(text: str) -> str:
    """Write what a terminal would obey, or could not show, as an escape: one line stays one line."""
    return _UNFIT.sub(_escape, text)


def shown_lines(text: str) -> str:
    """Do the same to a text of several lines, such as a traceback."""
    return _UNFIT_BUT_LINES.sub(_escape, text)


def one_line(text: str) -> str:
    """Fold a text into one line that is not too long."""
    return cut(" ".join(part.strip() for part in text.splitlines() if part.strip()))


def cut(text: str) -> str:
    """Make a text that may be very long fit for one line; a longer one ends with dots."""
    fit = shown(text[: LONGEST_LINE + 1])
    return fit if len(fit) <= LONGEST_LINE else f"{fit[:LONGEST_LINE]}..."


def as_json(document: Any, *, indent: int | None = 2) -> str:
    """Write a document as JSON that a terminal can show, and that any JSON parser reads."""
    return _UNFIT_BUT_LINES.sub(_escape_json, json.dumps(document, indent=indent, ensure_ascii=False))


def size(count: int) -> str:
    """Write a number of bytes in a few characters: `312 B`, `4.0 kB`."""
    amount, units = float(min(count, LARGEST)), ["B", "kB", "MB", "GB"]
    while amount >= 999.5 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{count} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def plural(count: int, noun: str) -> str:
    """Write a number of things: `1 step`, `2 steps`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def width(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def padded(text: str, columns: int) -> str:
    """Fill a text with blanks up to so many columns."""
    return text + " " * (columns - width(text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


def _escape_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
