"""What a person passes on the command line as JSON or as words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    Input = tuple[tuple[Any, ...], dict[str, Any]]

FORMS = 'a list of arguments, an object of named arguments, or {"args": [...], "kwargs": {...}}'


def read_input(target: Any, words: Sequence[str], given: str | None) -> Input:
    """Give the arguments of a workflow, from words or from `--input`, in the types that it asks for.

    :raises InvalidInput: naming what is wrong
    """
    if given is None:
        return codec.parse_arguments(target, words), {}
    if words:
        raise InvalidInput("ARGS and --input: pass the one or the other")
    args, kwargs = _arguments(read_json(given, "--input"))
    return codec.decode_arguments(target, args, kwargs)


def read_json(given: str, option: str) -> Any:
    """Read JSON from the text, from a file as `@FILE`, or from the standard input as `-`.

    :raises InvalidInput: in one line
    """
    try:
        return codec.loads(_read(given, option), f"{option} {given[:80]}")
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def _read(given: str, option: str) -> bytes:
    if given == "-":
        return sys.stdin.buffer.read()
    if not given.startswith("@"):
        return given.encode(errors="surrogateescape")
    try:
        return Path(given[1:]).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{option} {given}: {error.strerror or error}") from error


def _arguments(document: Any) -> Input:
    match document:
        case list():
            return tuple(document), {}
        case dict() if document and document.keys() <= {"args", "kwargs"}:
            return _simpleflow_form(document)
        case dict():
            return (), document
        case _:
            raise InvalidInput(f"--input holds {codec.dumps(document).decode()[:80]}: pass {FORMS}")


def _simpleflow_form(document: dict[str, Any]) -> Input:
    args, kwargs = document.get("args", []), document.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidInput(f'--input: "args" must be a list and "kwargs" an object; pass {FORMS}')
    return tuple(args), kwargs
