"""Functions chosen by the type of their argument, at the price of a look-up in a dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


class Choice(dict[type, Function]):
    """The functions of a `singledispatch` function by the types that were met, each chosen once.

    :param choose: its `dispatch`
    """

    def __init__(self, choose: Callable[[type], Function]) -> None:
        super().__init__()
        self._choose = choose

    def __missing__(self, kind: type) -> Function:
        function = self[kind] = self._choose(kind)
        return function


def choice_of(owner: type, method: str) -> Choice:
    """Give the functions of a `singledispatchmethod`, which itself makes a wrapper at each access."""
    return Choice(vars(owner)[method].dispatcher.dispatch)
