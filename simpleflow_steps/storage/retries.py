"""How often a request is sent again, the same for every storage behind a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from simpleflow_steps import log
from simpleflow_steps.storage.fence import pass_fence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState, Retrying

T = TypeVar("T")
ATTEMPTS = 6
GIVE_UP_AFTER = 45.0


def carry_out(request: Callable[[], T], place: str, is_transient: Callable[[BaseException], bool]) -> T:
    """Send a request, again when it fails for a passing reason, never without passing the fence.

    :param place: the storage and the key, for the log
    """
    pass_fence()
    try:
        return request()
    except Exception as error:
        if not is_transient(error):
            raise
        failed = [error]

    def again() -> T:
        if failed:
            raise failed.pop()
        return request()

    # nearly all requests succeed at once, and most of our own time would go into loading what repeats the others
    return _retrying(place, is_transient)(again)


def _retrying(place: str, is_transient: Callable[[BaseException], bool]) -> Retrying:
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay  # noqa: PLC0415
    from tenacity.wait import wait_random_exponential  # noqa: PLC0415

    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        log.debug(f"request failed, trying again: {place}: {error}", attempt=state.attempt_number)

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(GIVE_UP_AFTER),
        wait=wait_random_exponential(multiplier=0.25, max=4),
        retry=retry_if_exception(is_transient),
        before=lambda _: pass_fence(),
        before_sleep=tell,
        reraise=True,
    )
