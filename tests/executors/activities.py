"""Activities that any worker can import."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_attempt, wait_fixed

from simpleflow_steps import activity


@activity.with_attributes()
def echo(value: Any = None) -> Any:
    return value


@activity.with_attributes()
def add(left: int, right: int) -> int:
    return left + right


@activity.with_attributes()
def total(*numbers: Any, **named: Any) -> Any:
    return json.loads(json.dumps([numbers, named]))


@activity.with_attributes()
def broken(text: str = "no", *_: Any) -> None:
    raise ValueError(text)


@activity.with_attributes(raises_on_failure=False)
def careless(text: str = "no") -> None:
    raise ValueError(text)


@activity.with_attributes(name="thrice", retry=2)
def thrice(succeeds_at: int) -> int:
    attempt = activity.context().attempt
    if attempt < succeeds_at:
        raise ValueError(f"attempt {attempt}")
    return attempt


attempts = thrice.callable
once = activity.with_attributes(name="once")(attempts)
patient = activity.with_attributes(name="patient", retry=Retrying(stop=stop_after_attempt(3), wait=wait_fixed(0.01)))(
    attempts
)
picky = activity.with_attributes(name="picky", retry=Retrying(retry=retry_if_exception_type(OSError)))(attempts)
forgiving = activity.with_attributes(
    name="forgiving", retry=Retrying(stop=stop_after_attempt(2), retry_error_callback=lambda state: "given up")
)(attempts)


@activity.with_attributes(retry=Retrying(stop=stop_after_attempt(3), retry=retry_if_result(lambda found: found < 3)))
def searching(offset: int = 0) -> int:
    return activity.context().attempt - offset


@activity.with_attributes(idempotent=True)
def fresh(_: Any) -> str:
    return uuid4().hex


@activity.with_attributes(version="7")
def who() -> dict[str, Any]:
    context = activity.context()
    names = ("workflow_id", "run_id", "activity_id", "activity", "attempt", "step", "name", "version")
    return {name: context[name] for name in names}


@activity.with_attributes()
def process() -> int:
    return os.getpid()


@activity.with_attributes()
class Shout:
    def __init__(self, text: str, *, times: int = 1) -> None:
        self.text = text
        self.times = times

    def execute(self) -> str:
        return self.text.upper() * self.times


@activity.with_attributes()
async def later(value: Any) -> Any:
    return value


class Incompatible(Exception):
    """An exception that pickle writes but cannot read."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")


@activity.with_attributes()
def incompatible() -> None:
    raise Incompatible(7, "does not travel")


@activity.with_attributes()
def opened() -> Any:
    return Path(os.devnull).open()


@activity.with_attributes(start_to_close_timeout=1.0)
def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@activity.with_attributes(heartbeat_timeout=0.1)
def beating(seconds: float) -> str:
    activity.heartbeat()
    time.sleep(seconds)
    return "done"


@activity.with_attributes()
def dying() -> None:
    os._exit(1)
