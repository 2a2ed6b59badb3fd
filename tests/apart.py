"""Call a function in a thread of its own, which ends with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any


def apart(function: Callable[..., Any], /, *args: Any) -> Future[Any]:
    """Start it, and give what will come of it."""
    outcome: Future[Any] = Future()

    def live() -> None:
        try:
            outcome.set_result(function(*args))
        except BaseException as error:  # noqa: BLE001  it is the outcome
            outcome.set_exception(error)

    Thread(target=live, daemon=True).start()
    return outcome
