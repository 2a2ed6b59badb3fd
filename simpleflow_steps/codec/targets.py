"""Typed callables: the activities and workflow classes whose annotations say how values are read.

A target is an object with `.callable` (an activity: a function, or a class with `execute`) or a class with `run` (a
workflow). A reference names one as `module:qualname`, whatever the module is called while it is the main one.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import typing
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NO_HINT = inspect.Signature.empty

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

_MAIN = ("__main__", "__mp_main__")


class UnknownTarget(LookupError):
    """Say why a reference names no activity and no workflow of this process."""


class UnusableHint(TypeError):
    """Say why an annotation does not tell how to read a value."""


def describe(target: Any) -> str:
    """Name a target for people: `activity weather.load`, `workflow daily`."""
    kind = "workflow" if isinstance(target, type) else "activity"
    return f"{kind} {getattr(target, 'name', None) or _named(target).__qualname__}"


def reference(target: Any) -> str:
    """Name a target as `module:qualname`."""
    named = _named(target)
    return f"{_public(named.__module__)}:{named.__qualname__}"


def resolve(reference: str) -> Any:
    """Find the target that a reference names among the modules already imported: storage is not trusted to import any.

    :raises UnknownTarget: if there is none
    """
    module_name, _, path = reference.partition(":")
    public = _public(module_name)
    found: Any = sys.modules.get("__main__" if public == _public("__main__") else module_name)
    if found is None:
        raise UnknownTarget(f"{reference}: the module {module_name} is not imported")
    for name in path.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    if not is_target(found) or _reference_or_none(found) != f"{public}:{path}":
        raise UnknownTarget(f"{reference} is not an activity or a workflow; was it renamed or moved?")
    return found


def is_target(value: Any) -> bool:
    """Tell whether a value looks like an activity or a workflow class."""
    return callable(getattr(value, "run" if isinstance(value, type) else "callable", None))


def return_hint(target: Any) -> Any:
    """Evaluate what a target's function says that it returns, `NO_HINT` if nothing.

    :raises UnusableHint: if it is text that means nothing in its module
    """
    function = _function(target)
    annotations = getattr(inspect.unwrap(function), "__annotations__", {})
    return resolve_hint(annotations.get("return", NO_HINT), function)


def signature(target: Any) -> inspect.Signature:
    """Give the signature that a target is submitted with: without `self`; of `__init__`, for a class with `execute`."""
    if not isinstance(target, type):
        return shape_of(target.callable)[0]
    full = inspect.signature(target.run)  # type: ignore[attr-defined]
    if not inspect.isfunction(inspect.getattr_static(target, "run")):
        return full
    return full.replace(parameters=list(full.parameters.values())[1:])


def shape_of(function: Any) -> tuple[inspect.Signature, range]:
    """Give a signature, and how many positional arguments fit if no others are given: no number, if it needs others."""
    try:
        return _cached_shape(function)
    except TypeError:  # it cannot be hashed
        return _shape(function)


def _shape(function: Any) -> tuple[inspect.Signature, range]:
    full = inspect.signature(function)
    kinds = Counter((each.kind, each.default is each.empty) for each in full.parameters.values())
    needed, optional = (sum(kinds[kind, bare] for kind in POSITIONAL) for bare in (True, False))
    if kinds[inspect.Parameter.KEYWORD_ONLY, True]:
        return full, range(0)
    most = sys.maxsize - 1 if kinds[inspect.Parameter.VAR_POSITIONAL, True] else needed + optional
    return full, range(needed, most + 1)


_cached_shape = functools.lru_cache(maxsize=1024)(_shape)


def parameter_hint(target: Any, name: str) -> Any:
    """Evaluate the annotation of one of the signature's parameters, `NO_HINT` if there is none.

    :raises UnusableHint: if it is text that means nothing in its module
    """
    function = target.run if isinstance(target, type) else target.callable  # type: ignore[attr-defined]
    owner = function.__init__ if isinstance(function, type) else function  # type: ignore[misc]
    return resolve_hint(signature(target).parameters[name].annotation, owner)


def resolve_hint(annotation: Any, function: Callable[..., Any]) -> Any:
    """Evaluate one annotation where its function was written.

    :raises UnusableHint: if it is text that means nothing there
    """
    if annotation is NO_HINT:
        return NO_HINT
    holder = SimpleNamespace(__annotations__={"hint": annotation})
    try:
        scope = getattr(inspect.unwrap(function), "__globals__", {})
        return typing.get_type_hints(holder, globalns=scope, include_extras=True)["hint"]
    except Exception as error:
        cure = "import what it names outside `if TYPE_CHECKING`"
        raise UnusableHint(f"the annotation {annotation!r} cannot be evaluated ({error}): {cure}") from error


def _function(target: Any) -> Callable[..., Any]:
    if isinstance(target, type):
        return target.run  # type: ignore[attr-defined, no-any-return]
    return getattr(target.callable, "execute", target.callable)  # type: ignore[no-any-return]


def _named(target: Any) -> Any:
    return target if isinstance(target, type) else target.callable


def _reference_or_none(target: Any) -> str | None:
    try:
        return reference(target)
    except AttributeError:
        return None


def _public(module_name: str) -> str:
    """Name a module as others import it, also while it is the main one."""
    if module_name not in _MAIN:
        return module_name
    main = sys.modules["__main__"]
    if spec := getattr(main, "__spec__", None):
        return str(spec.name)
    file = getattr(main, "__file__", None)
    # not with pathlib, which a run in a bucket has no other need of
    return os.path.splitext(os.path.basename(file))[0] if file else module_name  # noqa: PTH119, PTH122
