"""Functions around every activity."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simpleflow_steps.activity import ActivityContext


@dataclass(frozen=True)
class Middlewares:
    """Call `pre(context)` before an activity and `post(context, result=result)` after it succeeded, in the order
    given.
    """

    pre: tuple[Callable[..., Any], ...] = ()
    post: tuple[Callable[..., Any], ...] = ()

    def before(self, context: ActivityContext) -> None:
        """Call those that go before."""
        for function in self.pre:
            function(context)

    def after(self, context: ActivityContext, result: Any) -> None:
        """Call those that come after."""
        for function in self.post:
            function(context, result=result)


def make_middlewares(given: Mapping[str, Iterable[Any]] | None) -> Middlewares:
    """Read `{"pre": [...], "post": [...]}`, each a function or its dotted name.

    :raises InvalidInput: naming what cannot be found or called
    """
    unknown = set(given or ()) - {"pre", "post"}
    if unknown:
        raise InvalidInput(f"middlewares: {sorted(unknown)!r} is neither 'pre' nor 'post'")
    chosen = given or {}
    return Middlewares(*(tuple(_function(each) for each in chosen.get(kind, ())) for kind in ("pre", "post")))


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
