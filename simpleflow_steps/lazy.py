"""A package's table of contents whose names are imported when they are first asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a package's `__getattr__`.

    :param homes: the module of each name; a name without one is a module of the package itself
    """

    def load(name: str) -> Any:
        module = sys.modules[package]
        if name not in module.__all__:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes.get(name)
        found = getattr(import_module(home), name) if home else import_module(f"{package}.{name}")
        setattr(module, name, found)
        return found

    return load
