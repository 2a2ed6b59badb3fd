"""What a workflow's source tells of its steps before anything has run. The source is read, never executed."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simpleflow_steps.drawing.states import TODO, UNKNOWN
from simpleflow_steps.drawing.subject import DrawnChild, DrawnStep, Subject
from simpleflow_steps.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "simpleflow_steps"
DEPENDENTS = 5  # the place of force_steps_if_executed among the arguments of step()
LIMITS = (
    "Nothing has run: this is what the source of the class says. Conditions, loops and what other functions do are not "
    "followed, so that steps may be missing, or may never be met."
)


@dataclass
class _Reading:
    """What has been found so far, in the order of the source."""

    names: dict[str, Any]
    steps: dict[str, DrawnStep] = field(default_factory=dict)
    children: dict[str, DrawnChild] = field(default_factory=dict)
    computed: int = 0
    vague: set[str] = field(default_factory=set)

    def read(self, node: ast.AST, within: str | None = None) -> None:
        """Look for steps and for child workflows, in the order in which they are written."""
        if isinstance(node, ast.Call) and _called(node) in ("step", "Step") and node.args + node.keywords:
            within = self._step(node, within) or within
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._child(node.id, within)
        for inner in ast.iter_child_nodes(node):
            self.read(inner, within)

    def _step(self, call: ast.Call, within: str | None) -> str | None:
        name = _text(_argument(call, 0, "step_name"))
        if name is None:
            self.computed += 1
            return None
        dependents = self._dependents(name, _argument(call, DEPENDENTS, "force_steps_if_executed"))
        state = UNKNOWN if "{" in name else TODO
        self.steps.setdefault(name, DrawnStep(name, state, within if within != name else None, dependents))
        return name

    def _dependents(self, name: str, node: ast.expr | None) -> tuple[str, ...]:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return ()
        if not isinstance(node, ast.List | ast.Tuple | ast.Set):
            self.vague.add(name)
            return ()
        found = [_text(each) for each in node.elts]
        if None in found:
            self.vague.add(name)
        return tuple(each for each in found if each is not None)

    def _child(self, name: str, within: str | None) -> None:
        found = self.names.get(name)
        if isinstance(found, type) and issubclass(found, Workflow) and not found.__module__.startswith(OWN):
            self.children.setdefault(name, DrawnChild(name, found.get_name(), UNKNOWN, within))


def subject_of_source(workflow: type[Workflow], title: str) -> Subject:
    """Tell what can be known of a workflow's steps without running it."""
    reading, notes = _Reading({}), [LIMITS]
    for method, names in _methods(workflow):
        reading.names = {**names, workflow.__name__: None}
        try:
            reading.read(ast.parse(textwrap.dedent(inspect.getsource(method))))
        except (OSError, TypeError, SyntaxError, RecursionError):
            notes.append(f"The source of {method.__qualname__} cannot be read: what it does is unknown.")
    if reading.computed:
        notes.append(f"The names of steps are made as it runs in {reading.computed} places: these are unknown.")
    if any("{" in name for name in reading.steps):
        notes.append("A name with braces stands for as many steps as the run makes of it.")
    notes += [f"What {name} forces is made as it runs." for name in sorted(reading.vague)]
    return Subject(title, reading.steps, tuple(reading.children.values()), tuple(notes))


def _methods(workflow: type[Workflow]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Give the functions of the class and of its own bases, `run` first, each with the names that it sees."""
    found: dict[str, Any] = {}
    for kind in workflow.__mro__:
        if kind.__module__.split(".")[0] != OWN:
            found = {**{name: each for name, each in vars(kind).items() if inspect.isfunction(each)}, **found}
    for name in sorted(found, key=lambda name: name != "run"):
        module = sys.modules.get(found[name].__module__)
        yield found[name], dict(vars(module)) if module is not None else {}


def _called(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) | ast.Name(id=name):
            return name
    return None


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return given if given is not None else call.args[place] if len(call.args) > place else None


def _text(node: ast.expr | None) -> str | None:
    """Give a literal text; what an f-string puts in stays in braces."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_piece, parts))
    return None


def _piece(part: ast.expr) -> str:
    return "{" + ast.unparse(part.value) + "}" if isinstance(part, ast.FormattedValue) else _text(part) or ""
