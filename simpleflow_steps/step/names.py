"""What a step may be called, and which names a name covers: pure functions on text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import InvalidInput, InvalidStepName

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator

WILDCARD = "*"
MAX_BYTES = 255

_USUAL = re.compile(r"[\w-]+(\.[\w-]+)*", re.ASCII).fullmatch

_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})


def check_step_name(name: object) -> str:
    """Give back a name that a step may have.

    :raises InvalidStepName: with the value, what is wrong with it and what to write instead
    """
    if type(name) is str and len(name) <= MAX_BYTES and _USUAL(name):
        return name
    if not isinstance(name, str):
        raise InvalidStepName(f"step name {name!r} is of type {type(name).__name__}: pass a str, such as 'load.clean'")
    if fault := _fault(name):
        raise InvalidStepName(f"step name {name!r} {fault}")
    return name


def check_selector(name: object) -> str:
    """Give back a name that may stand in a list of steps to force or to skip: a step name, or `*`.

    :raises InvalidStepName: as `check_step_name`
    """
    return WILDCARD if name == WILDCARD else check_step_name(name)


def check_selectors(names: object, argument: str) -> tuple[str, ...]:
    """Give back the selectors in their order, each once; those of a set, which has no order, sorted.

    :param argument: what the caller calls `names`, for the error
    :raises InvalidInput: if `names` is not an iterable of selectors; a lone str is not
    """
    if names == ():
        return ()
    if isinstance(names, str | bytes):
        raise InvalidInput(f"{argument}={names!r}: pass a list of step names, such as [{names!r}]")
    if not isinstance(names, Iterable):
        raise InvalidInput(f"{argument}={names!r}: pass a list of step names, such as ['load.clean']")
    checked = [check_selector(name) for name in names]
    return tuple(dict.fromkeys(sorted(checked) if isinstance(names, AbstractSet) else checked))


def covers(selector: str, name: str) -> bool:
    """Tell whether a selector means this step: by its very name, by a name above it, or as `*`."""
    return selector in (WILDCARD, name) or name.startswith(selector + ".")


def ancestors(name: str) -> Iterator[str]:
    """Yield every selector that covers a step: its name, the names above it from the nearest on, and `*`."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield WILDCARD


def covering(name: str, selectors: Container[str]) -> list[str]:
    """Find the selectors that cover a step, nearest first, at a cost that does not grow with their number.

    :param selectors: a set or a dict
    """
    return [selector for selector in ancestors(name) if selector in selectors]


def covered_by_any(name: str, selectors: Collection[str]) -> bool:
    """Tell whether one of the selectors, a set or a dict, covers a step."""
    return bool(selectors) and any(selector in selectors for selector in ancestors(name))


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Find the known steps, and names above them, that look most like a name that matched none."""
    import difflib  # noqa: PLC0415  for who mistyped a name alone

    candidates = {above.casefold(): above for step in known for above in ancestors(step) if above != WILDCARD}
    found = difflib.get_close_matches(name.casefold(), candidates, n=count)
    return [candidates[folded] for folded in found]


def _fault(name: str) -> str | None:
    segments = name.split(".")
    if not name:
        return "is empty: name the step, such as 'load.clean'"
    if "" in segments:
        return "has nothing before, between or after its dots: write it as 'load.clean'"
    if name == WILDCARD:
        return "means every step: give the step a name of its own"
    if WILDCARD in segments:
        return "has '*' as a part: write 'a' to cover everything under it"
    if "/" in name:
        return "has a slash in it: part names with dots"
    return _character_fault(name)


def _character_fault(name: str) -> str | None:
    if name.isascii() and name.isprintable() and name == name.strip() and len(name) <= MAX_BYTES:
        return None
    categories = {unicodedata.category(character) for character in name}
    if categories & _UNPRINTABLE:
        return "has a control character or a line separator in it: use letters, digits and punctuation"
    if "Cs" in categories:
        return "has half a character in it (a lone surrogate): decode the text properly first"
    if name != name.strip():
        return "has white space at an end: strip it"
    size = len(name.encode())
    return f"takes {size} bytes: use at most {MAX_BYTES}" if size > MAX_BYTES else None
