"""Methods chosen by the type of their argument, at the price of a look-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def chooser(owner: type, method: str) -> Callable[[type], Callable[..., Any]]:
    """Give what chooses the function of a `singledispatchmethod` for a type: the method itself makes a wrapper at each
    access.
    """
    choose: Callable[[type], Callable[..., Any]] = vars(owner)[method].dispatcher.dispatch
    return choose
