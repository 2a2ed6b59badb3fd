"""When to try again: a count, or any tenacity policy."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import BaseRetrying


class Verdict(Struct, frozen=True):
    """What follows an attempt: another one after `wait` seconds, a `result` in its place, or nothing."""

    wait: float | None = None
    handled: bool = False
    result: Any = None


class Retries:
    """Ask one task's policy after each attempt; without one, tenacity is not even imported.

    :param retry: how many times to try again at once, or a `tenacity.Retrying`, whose predicates, stops, waits and
        callbacks are used as they are; nothing sleeps in here
    :param time: gives the seconds that policies count
    """

    def __init__(self, retry: int | BaseRetrying, time: Callable[[], float] = monotonic) -> None:
        self._policy = _Policy(retry, time) if retry != 0 else None

    def after(self, error: BaseException) -> Verdict:
        """Say what follows a failure."""
        return Verdict() if self._policy is None else self._policy.after(error)

    def after_result(self, result: Any) -> Verdict:
        """Say what follows a success, which the policy may refuse."""
        return Verdict(handled=True, result=result) if self._policy is None else self._policy.after_result(result)


class _Policy:
    """A tenacity policy that is asked and never sleeps."""

    def __init__(self, retry: int | BaseRetrying, time: Callable[[], float]) -> None:
        from tenacity import RetryCallState, Retrying, stop_after_attempt  # noqa: PLC0415  slow to import

        self._policy = Retrying(stop=stop_after_attempt(retry + 1)) if isinstance(retry, int) else retry.copy()
        self._policy.begin()
        self._state = RetryCallState(self._policy, fn=None, args=(), kwargs={})
        self._time = time
        self._state.start_time = time()

    def after(self, error: BaseException) -> Verdict:
        self._state.set_exception((type(error), error, error.__traceback__))
        try:
            return self._verdict()
        except BaseException as raised:
            if raised is error:
                return Verdict()
            raise

    def after_result(self, result: Any) -> Verdict:
        self._state.set_result(result)
        return self._verdict()

    def _verdict(self) -> Verdict:
        from tenacity import DoSleep, RetryError  # noqa: PLC0415  slow to import

        self._state.outcome_timestamp = self._time()
        try:
            answer = self._policy.iter(retry_state=self._state)
        except RetryError:
            return Verdict()
        if isinstance(answer, DoSleep):
            self._state.prepare_for_next_attempt()
            return Verdict(wait=float(answer))
        return Verdict(handled=True, result=answer)
