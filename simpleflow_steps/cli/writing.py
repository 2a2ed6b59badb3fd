"""Where a command writes a document: a file, whole or not at all, or the standard output."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from simpleflow_steps.exceptions import InvalidInput

STDOUT = "-"


def write_text(output: str, text: str) -> None:
    """Write a text as UTF-8.

    :param output: a file, or `-`
    :raises InvalidInput: saying why the file cannot be written
    """
    if output == STDOUT:
        click.echo(text.encode(), nl=False)
        return
    path = Path(output)
    try:
        if path.exists() and not path.is_file():  # /dev/stderr, a pipe: not to be replaced
            path.write_bytes(text.encode())
            return
        _replace(path, text.encode())
    except OSError as error:
        raise InvalidInput(f"{output}: {error.strerror or error}; pass another --output") from None


def _replace(path: Path, body: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".sfs-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
