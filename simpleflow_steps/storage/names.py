"""How a key becomes names of directories and of a file, and back. Pure: nothing here touches a disk.

An ordinary key is its own path: `daily/steps/fetch`. Whatever a file system would take for something else is written
with a `%`, and a `%` of the key itself is always escaped, so that the two never meet:

* `%XX`: a byte of a control character, `%`, a backslash, or the dots of a part that is `.` or `..`
* `%-`: an empty part, as in `a//b` or in `a/`
* `...%+`: a directory that holds the rest of a part too long for one name
* `...%`: the directory of a part beside whose key a file stands: `a` is a file, `a%/b` is the key `a/b`
* `%lock`, `%tmp`: no keys at all
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 200
CONTINUED = b"%+"
ALTERNATE = b"%"
EMPTY = b"%-"

_SPECIAL = re.compile(r"[\x00-\x1f\x7f-\x9f%\\]")
_ESCAPE = re.compile(rb"%([0-9A-F]{2})")
_PLAIN = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f-\x9f%\\/]{1,50}\Z")
_PLAIN_NAME = re.compile(rb"(?!\.{1,2}\Z)[ -$&-.0-\[\]-~]{1,200}\Z")


def names_of(part: str) -> tuple[bytes, ...]:
    """Give the names that stand for one part of a key, which is what its slashes separate.

    The last one is the file's or the directory's; those before it, of a very long part, are directories around it.
    """
    if _PLAIN.match(part):
        return (part.encode(),)
    if not part:
        return (EMPTY,)
    pieces = [b""]
    for character in _escaped(part):
        if len(pieces[-1]) + len(character) > LONGEST:
            pieces.append(b"")
        pieces[-1] += character
    return (*(piece + CONTINUED for piece in pieces[:-1]), pieces[-1])


def directories_of(parts: Sequence[str]) -> tuple[bytes, ...]:
    """Give the names of the directories, outermost first, for parts of a key that a slash follows."""
    return tuple([name for part in parts for name in names_of(part)])  # a list is made in one go


def path_of(key: str) -> tuple[tuple[bytes, ...], bytes]:
    """Give the names of the directories around a key's file, outermost first, and the name of the file."""
    *directories, file = directories_of(key.split("/"))
    return tuple(directories), file


def part_of(names: tuple[bytes, ...]) -> str | None:
    """Give the part of a key that the names stand for; `None` if they are not exactly what `names_of` gives."""
    if len(names) == 1 and _PLAIN_NAME.match(names[0]):
        return names[0].decode()
    text = text_of(names)
    return text if text is not None and names_of(text) == names else None


def text_of(names: tuple[bytes, ...]) -> str | None:
    """Read names as text, which may be only the beginning of a part; `None` if they cannot come from `names_of`."""
    if names == (EMPTY,):
        return ""
    joined = b"".join(name.removesuffix(CONTINUED) for name in names)
    try:
        return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), joined).decode()
    except UnicodeDecodeError:
        return None


def _escaped(part: str) -> list[bytes]:
    if part in {".", ".."}:
        return [b"%2E"] * len(part)
    return [_percent(character) if _SPECIAL.match(character) else character.encode() for character in part]


def _percent(character: str) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in character.encode())
