"""From the text `MODULE:WORKFLOW` to the class."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.failures import sentence
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.workflow import Workflow

if TYPE_CHECKING:
    from types import ModuleType


def find_workflow(target: str) -> type[Workflow]:
    """Import a workflow class; modules in the current directory come first.

    :raises InvalidInput: telling a module that is not there from one that cannot be imported, and naming what is near
    """
    module_name, separator, path = target.partition(":")
    _check_module_name(module_name, target, f":{path or 'WORKFLOW'}", "MODULE:WORKFLOW, such as daily:Daily")
    module = _import(module_name)
    if not separator or not path:
        raise InvalidInput(f"{target!r}: name the workflow too, as MODULE:WORKFLOW; {_workflows_text(module)}")
    return _class(module, path)


def find_module(name: str) -> ModuleType:
    """Import a module; those in the current directory come first.

    :raises InvalidInput: as `find_workflow` does
    """
    _check_module_name(name, name, "", "MODULE, such as daily")
    return _import(name)


def _check_module_name(name: str, target: str, rest: str, form: str) -> None:
    if name.endswith(".py") or "/" in name:
        dotted = name.removesuffix(".py").strip("./").replace("/", ".")
        raise InvalidInput(f"{target!r}: name the module, not its file: {dotted}{rest}")
    if not all(part.isidentifier() for part in name.split(".")):
        raise InvalidInput(f"{target!r}: write {form}")


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _broken(name, error) from error
        raise InvalidInput(_not_found(name, error.name, here)) from None
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _broken(name: str, error: BaseException) -> InvalidInput:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    return InvalidInput(f"the module {name} is there but cannot be imported: {sentence(error)}{where}")


def _not_found(name: str, missing: str, here: str) -> str:
    if missing != name:
        what = f"there is no module {name!r}: {missing!r} is not there or is no package"
    else:
        what = f"there is no module {name!r}"
    parent, _, last = name.rpartition(".")
    near = [] if parent else difflib.get_close_matches(last, [module.name for module in pkgutil.iter_modules([here])])
    return f"{what}, neither in {here} nor among the installed ones{_nearest_text(near)}"


def _class(module: ModuleType, path: str) -> type[Workflow]:
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            near = difflib.get_close_matches(path, _workflows(module))
            raise InvalidInput(
                f"the module {module.__name__} has no {path!r}{_nearest_text(near)}; {_workflows_text(module)}"
            )
        found = getattr(found, name)
    if not isinstance(found, type):
        raise InvalidInput(f"{module.__name__}:{path} is no class but {found!r}; {_workflows_text(module)}")
    if not issubclass(found, Workflow):
        raise InvalidInput(f"{module.__name__}:{path} does not inherit from Workflow; {_workflows_text(module)}")
    return found


def _workflows(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Workflow)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _workflows_text(module: ModuleType) -> str:
    names = _workflows(module)
    if not names:
        return f"{module.__name__} has no workflow"
    return f"workflows in {module.__name__}: {', '.join(names)}"


def _nearest_text(near: list[str]) -> str:
    return f" (did you mean {' or '.join(near)}?)" if near else ""
