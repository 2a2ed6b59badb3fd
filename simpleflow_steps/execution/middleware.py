"""Functions around every activity."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable


class Middlewares(Struct, frozen=True):
    """Call `pre(context)` before an activity and `post(context, result=result)` after it succeeded, in the order
    given.
    """

    pre: tuple[Callable[..., Any], ...] = ()
    post: tuple[Callable[..., Any], ...] = ()


def make_middlewares(given: Mapping[str, Iterable[Any]] | None) -> Middlewares:
    """Read `{"pre": [...], "post": [...]}`, each a function or its dotted name.

    :raises InvalidInput: naming what cannot be found or called
    """
    if given is None:
        return Middlewares()
    if not isinstance(given, Mapping) or set(given) - {"pre", "post"}:
        raise InvalidInput(f"middlewares={given!r}: pass {{'pre': [...], 'post': [...]}}")
    return Middlewares(_functions("pre", given.get("pre", ())), _functions("post", given.get("post", ())))


def _functions(kind: str, given: Any) -> tuple[Callable[..., Any], ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidInput(f"middlewares: {kind!r} is {given!r}: pass a list of functions or their dotted names")
    return tuple(_function(each) for each in given)


def _function(given: Any) -> Callable[..., Any]:
    found = given
    if isinstance(given, str):
        module, _, name = given.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise InvalidInput(f"middleware {given!r} cannot be imported: {error}") from error
    if not callable(found):
        raise InvalidInput(f"middleware {given!r} is not a function")
    return found  # type: ignore[no-any-return]
