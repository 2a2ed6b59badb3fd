"""The standard output, which belongs to the result alone."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.text import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator


def print_json(document: Any) -> None:
    """Print a document as UTF-8, whatever the locale says: JSON knows no other encoding."""
    click.echo(as_json(document).encode())


def jsonable(value: Any) -> Any:
    """Give a value as plain JSON, as well as that goes: what has no JSON form becomes its `repr`."""
    from pydantic_core import from_json, to_json

    from simpleflow_steps import codec

    if codec.flaw(value) is None:
        return value
    try:
        plain = from_json(to_json(value, bytes_mode="base64", inf_nan_mode="strings", fallback=repr))
    except Exception:  # noqa: BLE001  the value's own methods may raise anything
        return repr(value)
    return plain if codec.flaw(plain) is None else repr(value)


@contextmanager
def reserved_stdout() -> Iterator[None]:
    """Send what is printed in the block to the standard error, so that the result alone reaches the standard output.

    What the processes that it starts print is sent there too.
    """
    with redirect_stdout(sys.stderr), _descriptor_redirected():
        yield


@contextmanager
def _descriptor_redirected() -> Iterator[None]:
    try:
        real = sys.__stdout__ is not None and sys.__stdout__.fileno() == 1 and sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):  # closed, or not there at all
        real = False
    if not real:
        yield
        return
    sys.__stdout__.flush()  # type: ignore[union-attr]
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
