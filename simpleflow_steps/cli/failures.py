"""What goes wrong, as exit codes and as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simpleflow_steps.cli.interrupts import Interrupted
from simpleflow_steps.cli.text import one_line, shown_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
WRONG_USE = 2
CONFLICT = 3
STORAGE = 4
INTERRUPTED = 130
MOST_LISTED = 20


def exit_code(error: BaseException) -> int:
    """Give the exit code that tells what kind of failure this is; of several, the one that says most."""
    from simpleflow_steps.exceptions import (
        EngineError,
        ExecutionNotFound,
        ExecutionRunning,
        InvalidInput,
        LeaseHeld,
        RunSuperseded,
        StorageError,
    )

    if isinstance(error, Interrupted):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    members = list(leaves(error))
    for kind, code in (
        ((RunSuperseded, LeaseHeld, ExecutionRunning), CONFLICT),
        ((InvalidInput, ExecutionNotFound), WRONG_USE),
        ((StorageError, EngineError), STORAGE),
    ):
        if all(isinstance(member, kind) for member in members):
            return code
    return CONFLICT if any(isinstance(member, RunSuperseded) for member in members) else FAILED


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the exceptions in a group, in groups of groups too; any other exception by itself."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from leaves(member)
    else:
        yield error


def sentence(error: BaseException) -> str:
    """Say in one line, fit for a terminal, what went wrong."""
    return one_line(message_of(error))


def message_of(error: BaseException) -> str:
    """Say what went wrong; the type is named unless it is one of ours, whose messages need none."""
    from simpleflow_steps.exceptions import SimpleflowStepsError

    if isinstance(error, BaseExceptionGroup):
        return str(error.message)
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    text = str(error)
    if isinstance(error, (SimpleflowStepsError, KeyboardInterrupt)) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def say_error(message: str) -> None:
    """Print the one line."""
    click.echo(f"error: {one_line(message)}", err=True)


def tell(error: BaseException, *, what: str = "", debug: bool = False) -> None:
    """Print an error, each of several on a line below it, and its traceback if that is asked for.

    :param what: what failed, to stand before the message
    """
    if debug:
        import traceback

        click.echo(shown_lines("".join(traceback.format_exception(error)).rstrip()), err=True)
    if isinstance(error, KeyboardInterrupt):
        click.echo(str(error) or "interrupted", err=True)
    else:
        say_error(f"{what}: {sentence(error)}" if what else sentence(error))
    if not isinstance(error, BaseExceptionGroup):
        return
    members = list(leaves(error))
    for member in members[:MOST_LISTED]:
        click.echo(f"  {sentence(member)}", err=True)
    if len(members) > MOST_LISTED:
        click.echo(f"  ... and {len(members) - MOST_LISTED} more", err=True)
