"""Exceptions on their way through SWF: a reason in one line, and details as JSON from which they are made again."""

from __future__ import annotations

import builtins
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec import flaw
from simpleflow_steps.exceptions import AggregateException, RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable

REASON_LIMIT = 256
MESSAGE_KEPT = 4_000  # characters
TRACEBACK_KEPT = 12_000  # characters, the last ones
DEPTH = 4  # causes of causes


def reason_of(error: BaseException) -> str:
    """Give the type and the message in one line that SWF takes."""
    line = " ".join(f"{type(error).__name__}: {error}".split()) if str(error) else type(error).__name__
    line = _sendable(line)
    return line if len(line) <= REASON_LIMIT else line[: REASON_LIMIT - 3] + "..."


def describe(error: BaseException, depth: int = DEPTH) -> dict[str, Any]:
    """Write an exception as JSON, with its traceback, its cause, and its members if it is a group."""
    arguments = list(error.args)
    if isinstance(error, OSError) and error.filename is not None:
        arguments = [error.errno, error.strerror, error.filename]  # its `args` leave the file out
    told: dict[str, Any] = {
        "type": f"{type(error).__module__}:{type(error).__qualname__}",
        "message": _text(str(error), MESSAGE_KEPT),
        "traceback": _text("".join(traceback.format_exception(error)), TRACEBACK_KEPT),
    }
    if isinstance(error, ExceptionGroup):
        told["message"] = _text(error.message, MESSAGE_KEPT)
        told["members"] = [describe(each, depth - 1) for each in error.exceptions] if depth else []
    elif flaw(arguments) is None and len(str(arguments)) <= MESSAGE_KEPT:
        told["arguments"] = arguments
    if error.__cause__ is not None and depth:
        told["cause"] = describe(error.__cause__, depth - 1)
    return told


def rebuild(told: Any, reason: str | None = None) -> Exception:
    """Make an exception of what `describe` wrote: of its own type if that is known here, else a `RemoteError`.

    :param reason: what is known if the details are nothing of ours
    """
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        return RemoteError(reason or "failed", told if isinstance(told, str) else "")
    message = str(told.get("message", ""))
    if isinstance(told.get("members"), list) and told["members"]:
        error: Exception = AggregateException(message, [rebuild(each) for each in told["members"]])
    else:
        error = _made_again(told["type"], message, told.get("arguments")) or _stand_in(told["type"], message)
    if "cause" in told:
        error.__cause__ = rebuild(told["cause"])
    return error


def _made_again(name: str, message: str, arguments: Any) -> Exception | None:
    """Make it, if the type is one of a module that is imported already, and if it then says the same."""
    kind = _known_type(name)
    if kind is None or not isinstance(arguments, list):
        return None
    makers: tuple[Callable[..., Exception], ...] = (kind, partial(kind.__new__, kind))
    for make in makers:
        try:
            error = make(*arguments)
            if str(error) == message or str(error)[:MESSAGE_KEPT] == message[:MESSAGE_KEPT]:
                return error
        except Exception:  # noqa: BLE001, S112  the type's own code may raise anything
            continue
    return None


def _known_type(name: str) -> type[Exception] | None:
    module, _, path = name.partition(":")
    found: Any = builtins if module == "builtins" else sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _stand_in(name: str, message: str) -> RemoteError:
    return RemoteError(name.rpartition(":")[2] or name, message)


def _text(text: str, kept: int) -> str:
    plain = _sendable(text)
    return plain if len(plain) <= kept else "..." + plain[-kept:]


def _sendable(text: str) -> str:
    """Replace the halves of characters, as in names of files that are not UTF-8: SWF refuses them."""
    return text.encode(errors="replace").decode()
