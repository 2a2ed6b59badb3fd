"""Any text as one part of a key, which every store keeps as it is."""

from __future__ import annotations

from urllib.parse import quote, unquote

LONGEST = 150  # bytes; some stores take no part of more than 255, and the whole key has a limit too
EMPTY = "%"


def fitting(text: str) -> str:
    """Give a text that is short enough for a part: itself, or `~` and its digest."""
    if len(to_part(text)) <= LONGEST:
        return text
    import hashlib  # noqa: PLC0415  slow to import, and few texts are as long

    return f"~{hashlib.sha256(text.encode()).hexdigest()}"


def to_part(text: str) -> str:
    """Write a text so that it holds no slash and is no path's `.` or `..`."""
    if not text.strip("."):
        return text.replace(".", "%2E") or EMPTY
    return quote(text, safe=" *")


def from_part(part: str) -> str:
    """Read what `to_part` wrote."""
    return "" if part == EMPTY else unquote(part)
