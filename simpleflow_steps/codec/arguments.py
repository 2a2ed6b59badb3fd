"""Arguments: checked against a target's signature, written as JSON, and read back from JSON or from a command line."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec.adapters import json_adapter, reason, text_adapter
from simpleflow_steps.codec.json import dumps, finite, flaw, loads, type_name
from simpleflow_steps.codec.results import MAX_DEPTH, NotStorable
from simpleflow_steps.codec.targets import NO_HINT, UnusableHint, describe, parameter_hint, shape_of, signature
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


def check_arguments(target: Any, args: Iterable[Any], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
    """Bind arguments to the parameters of an activity or a workflow; `.args` and `.kwargs` are then in one normal form.

    :raises InvalidInput: naming what is missing or too much, with the signature
    """
    try:
        return signature(target).bind(*args, **kwargs)
    except TypeError as error:
        raise InvalidInput(f"{describe(target)}: {error}; it takes {_shown(target)}") from None


def check_fit(activity: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check that an activity takes these arguments, by their number alone where that says it.

    :raises InvalidInput: naming what is missing or too much, with the signature
    """
    _, numbers = shape_of(activity.callable)
    if kwargs or len(args) not in numbers:
        check_arguments(activity, args, kwargs)


def decode_arguments(
    target: Any, args: Iterable[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Read arguments that crossed JSON, each by its parameter's annotation.

    :raises InvalidInput: naming the argument and what is wrong with it
    """
    return _convert(target, check_arguments(target, args, kwargs), _read_json)


def parse_arguments(target: Any, texts: Sequence[str]) -> tuple[Any, ...]:
    """Read positional arguments that a person typed, each by its parameter's annotation.

    A str stays the text; another type is read from the text, or from the text as JSON; without an annotation, what
    parses as JSON is JSON and all else is text.

    :raises InvalidInput: naming the argument, with the signature
    """
    return _convert(target, check_arguments(target, texts, {}), _read_text)[0]


def encode_arguments(args: Iterable[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Write arguments as plain JSON, `{"args": [...], "kwargs": {...}}`, the same for equal arguments in every process.

    :raises NotStorable: naming the argument that has no JSON form
    """
    return {
        "args": [_encode(value, f"argument {position}") for position, value in enumerate(args, start=1)],
        "kwargs": {name: _encode(value, f"argument {name}") for name, value in kwargs.items()},
    }


def digest(args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """Reduce arguments to 12 hexadecimal digits, for the id of an execution.

    :raises InvalidInput: if one of them has no JSON form
    """
    import hashlib  # noqa: PLC0415  slow to import, and an execution that has an id needs none

    try:
        encoded = encode_arguments(args, kwargs)
    except NotStorable as error:
        raise InvalidInput(f"no workflow id can be made from the input: {error}; pass workflow_id=...") from error
    return hashlib.sha256(_canonical(encoded).encode()).hexdigest()[:12]


def _convert(
    target: Any, bound: inspect.BoundArguments, read: Callable[[Any, Any], Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    def convert(name: str, value: Any) -> Any:
        try:
            return read(value, parameter_hint(target, name))
        except (UnusableHint, ValueError) as error:
            message = f"{describe(target)}: argument {name}={value!r}: {reason(error)}; it takes {_shown(target)}"
            raise InvalidInput(message) from error

    for name, value in bound.arguments.items():
        match bound.signature.parameters[name].kind:
            case inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(convert(name, item) for item in value)
            case inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: convert(name, item) for key, item in value.items()}
            case _:
                bound.arguments[name] = convert(name, value)
    return bound.args, bound.kwargs


def _read_json(value: Any, hint: Any) -> Any:
    return value if _is_untyped(hint) else json_adapter(hint).validate_json(dumps([value]))[0]


def _read_text(text: str, hint: Any) -> Any:
    if hint is str:
        return text
    if _is_untyped(hint):
        return loads(text.encode(), "the text") if _is_json(text) else text
    adapter = text_adapter(hint)
    try:
        return adapter.validate_strings(text)
    except ValueError:
        if not _is_json(text):
            raise
        return adapter.validate_json(text)


def _is_json(text: str) -> bool:
    try:
        loads(text.encode(), "the text")
    except ValueError:
        return False
    return True


def _is_untyped(hint: Any) -> bool:
    return any(hint is untyped for untyped in (NO_HINT, Any, object))


def _shown(target: Any) -> str:
    return str(signature(target).replace(return_annotation=NO_HINT))


def _encode(value: Any, what: str) -> Any:
    try:
        encoded = _jsonable(value)
    except RecursionError as error:
        raise NotStorable(f"{what} is nested too deeply, or in itself") from error
    except ValueError as error:
        raise NotStorable(f"{what}: {error}") from error
    if found := flaw(encoded, MAX_DEPTH):
        raise NotStorable(f"{what}: {found} has no JSON form")
    return encoded


def _jsonable(value: Any) -> Any:
    """Write a value as JSON; sets are sorted, since their order differs from process to process."""
    match value:
        case dict():
            return {_key(key): _jsonable(item) for key, item in value.items()}
        case list() | tuple():
            return [_jsonable(item) for item in value]
        case set() | frozenset():
            return sorted((_jsonable(item) for item in value), key=_canonical)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _jsonable(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if fields := getattr(type(value), "model_fields", None):
        return {name: _jsonable(getattr(value, name)) for name in fields}
    return _scalar(value)


def _key(key: Any) -> str:
    written = _jsonable(key)
    return written if isinstance(written, str) else _canonical(written)


def _scalar(value: Any) -> Any:
    if flaw(value) is None:
        return value
    from pydantic_core import to_jsonable_python  # noqa: PLC0415  slow to import

    if isinstance(value, Iterator):
        raise ValueError(f"{type_name(value)} would be used up by reading it")  # noqa: TRY004  as the errors below
    try:
        return finite(to_jsonable_python(value, bytes_mode="base64"))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{type_name(value)} has no JSON form") from error


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
