"""What the shape of the package promises, read from its sources."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import simpleflow_steps

PACKAGE = Path(simpleflow_steps.__file__).parent
LAYERS = ("nouns", "storage", "step", "execution", "executors", "drawing", "testing", "cli")
HEAVY = {
    "boto3",
    "botocore",
    "obstore",
    "rich",
    "structlog",
    "tenacity",
    "click",
    "distributed",
    "opentelemetry",
    "simpleflow_steps.cli",
}
FRONT = {"__init__.py", "__main__.py"}
MAX_LINES = 400
MAX_METHODS = 20
MAX_FUNCTION = 40


def sources() -> list[str]:
    return sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


def tree(source: str) -> ast.Module:
    return ast.parse((PACKAGE / source).read_text())


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Give everything under a node but what only type checkers read."""
    yield node
    children = node.orelse if is_type_checking(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from runtime_nodes(child)


def imports(source: str) -> set[str]:
    """Name the modules that a file imports when it runs, wherever in it."""
    found = set()
    for node in runtime_nodes(tree(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def path_of(module: str) -> str:
    return module.removeprefix("simpleflow_steps.").replace(".", "/")


def layer(path: str) -> int:
    """Give the layer of a file, or of a module written as a path; what is in no folder of a layer is a noun."""
    first = path.split("/", maxsplit=1)[0]
    return LAYERS.index(first) if first in LAYERS else 0


def test_imports_point_one_way():
    upward = {
        (source, each)
        for source in sources()
        for each in imports(source)
        if source not in FRONT and each.startswith("simpleflow_steps.") and layer(path_of(each)) > layer(source)
    }

    assert upward == set()


def test_nobody_imports_from_the_front_door():
    """The table of contents imports everybody, so that importing from it would be a circle."""
    homes = {f"simpleflow_steps.{name}" for name in simpleflow_steps.__all__ if name[0].isupper()}

    assert {source for source in sources() if source not in FRONT and homes & imports(source)} == set()


def test_an_executor_imports_no_other():
    others = {
        (source, each)
        for source in sources()
        for each in imports(source)
        if source.startswith("executors/") and each.startswith("simpleflow_steps.executors.")
        if each.split(".")[2] not in (source.split("/")[1], "protocol")
    }

    assert others == set()


@pytest.mark.parametrize("library", ["boto3", "botocore"])
def test_the_library_of_aws_is_imported_for_s3_and_in_one_module_for_swf(library):
    importing = {source for source in sources() if any(each.split(".")[0] == library for each in imports(source))}

    assert {source for source in importing if not source.startswith("storage/s3/")} <= {"executors/swf/client.py"}


def test_opentelemetry_is_imported_for_spans_alone():
    importing = {
        source for source in sources() if any(each.split(".")[0] == "opentelemetry" for each in imports(source))
    }

    assert importing == {"spans.py"}


def test_obstore_is_imported_for_the_clouds_alone():
    importing = {source for source in sources() if any(each.split(".")[0] == "obstore" for each in imports(source))}

    assert {source for source in importing if not source.startswith("storage/cloud/")} == set()


def test_nobody_but_the_settings_reads_the_environment():
    reading = {
        source
        for source in sources()
        for node in ast.walk(tree(source))
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
        or (isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & {"environ", "getenv"})
    }

    assert reading <= {"settings.py"}


def tables_of_contents() -> Iterator[tuple[str, ast.expr]]:
    for source in sources():
        for node in tree(source).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                yield source, node.value


def module_name(source: str) -> str:
    return ".".join(["simpleflow_steps", *Path(source).with_suffix("").parts]).removesuffix(".__init__")


@pytest.mark.parametrize(("source", "value"), [pytest.param(*each, id=each[0]) for each in tables_of_contents()])
def test_all_is_literal_sorted_and_real(source, value):
    names = ast.literal_eval(value)
    module = import_module(module_name(source))

    assert names == sorted(set(names), key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert [name for name in names if not hasattr(module, name)] == []


def public_names(source: str) -> set[str]:
    """Name what a package's `__init__` brings in, for readers and type checkers alike."""
    imported = (node for node in ast.walk(tree(source)) if isinstance(node, ast.ImportFrom) and node.module)
    brought = (node for node in imported if node.module != "simpleflow_steps.lazy")
    inside = module_name(source)
    return {
        alias.asname or alias.name
        for node in brought
        for alias in node.names
        if node.module.startswith(inside) and not alias.name.startswith("_")
    }


@pytest.mark.parametrize(
    "source",
    [
        "__init__.py",
        "storage/__init__.py",
        "executors/local/__init__.py",
        "executors/swf/__init__.py",
        "codec/__init__.py",
    ],
)
def test_a_table_of_contents_is_complete(source):
    (value,) = [value for path, value in tables_of_contents() if path == source]

    assert set(ast.literal_eval(value)) == public_names(source)


@pytest.mark.parametrize("name", simpleflow_steps.__all__)
def test_every_public_name_has_a_docstring(name):
    assert getattr(simpleflow_steps, name).__doc__


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())


EVERYTHING = f"from simpleflow_steps import {', '.join(simpleflow_steps.__all__)}"


@pytest.mark.parametrize("statement", ["import simpleflow_steps", EVERYTHING], ids=["package", "every name"])
def test_importing_loads_nothing_that_is_not_needed(statement):
    loaded = loaded_by(statement)

    executors = {each.split(".")[2] for each in loaded if each.startswith("simpleflow_steps.executors.")}
    assert executors <= {"local", "protocol"}
    assert HEAVY & loaded == set()


def test_importing_has_no_effect():
    program = "\n".join(
        [
            "import logging, os, signal, sys, threading",
            "before = (threading.active_count(), signal.getsignal(signal.SIGINT), dict(os.environ), os.listdir())",
            EVERYTHING,
            "after = (threading.active_count(), signal.getsignal(signal.SIGINT), dict(os.environ), os.listdir())",
            "print(before == after, logging.root.handlers, logging.getLogger('simpleflow_steps').handlers)",
        ]
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )

    assert (told.stdout, told.stderr) == ("True [] []\n", "")


def test_no_file_is_long():
    lengths = {source: len((PACKAGE / source).read_text().splitlines()) for source in sources()}

    assert {source: length for source, length in lengths.items() if length > MAX_LINES} == {}


def definitions(*kinds: type[ast.AST]) -> Iterator[tuple[str, Any]]:
    for source in sources():
        for node in ast.walk(tree(source)):
            if isinstance(node, kinds):
                yield f"{source}:{node.lineno} {node.name}", node


def public_methods(node: ast.ClassDef) -> set[str]:
    functions = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {each.name for each in functions if not each.name.startswith("_") and not is_property(each)}


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def test_no_class_has_many_public_methods():
    counts = {where: len(public_methods(node)) for where, node in definitions(ast.ClassDef)}

    assert {where: count for where, count in counts.items() if count > MAX_METHODS} == {}


def lines_of_code(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, without its docstring."""
    documented = node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) is not None else 0
    return node.end_lineno - node.lineno + 1 - documented


def test_no_function_is_long():
    lengths = {where: lines_of_code(node) for where, node in definitions(ast.FunctionDef, ast.AsyncFunctionDef)}

    assert {where: length for where, length in lengths.items() if length > MAX_FUNCTION} == {}
