"""Text from anywhere, made fit to be drawn: names and ids may hold anything and must only be shown."""

from __future__ import annotations

import unicodedata

LONGEST = 80  # characters of a label


def fit(text: str, longest: int = LONGEST) -> str:
    """Write what is no visible character as an escape, and cut a long text in its middle."""
    if len(text) > longest:
        text = f"{text[: longest * 2 // 3]}…{text[-(longest // 3) :]}"
    return "".join(character if _is_visible(character) else _escape(character) for character in text)


def _is_visible(character: str) -> bool:
    return character == " " or unicodedata.category(character)[0] in "LMNPS"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
