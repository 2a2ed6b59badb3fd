"""Signs of life: a worker's for the activities that it carries out, and the activities' own."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec, log
from simpleflow_steps.exceptions import EngineError, ExecutionNotFound, TaskCanceled

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.client import SwfClient

OFTEN = 3  # beats within the time that may pass without one
DETAILS_LIMIT = 2048  # characters


class Heart:
    """The heartbeats of one activity.

    :param watched: whether only the activity's own calls are sent; else its worker beats for it
    """

    def __init__(self, client: SwfClient, token: str, seconds: float, *, watched: bool) -> None:
        self.cancel_requested = False
        self.watched = watched
        self.period = seconds / OFTEN
        self.next = time.monotonic() + self.period
        self._client = client
        self._token = token
        self._gone = False
        self._details = ""
        self._sent = float("-inf")

    def beat(self, details: Any) -> None:
        """Take a call of `activity.heartbeat`, in the activity's thread.

        :raises TaskCanceled: if nobody waits for the activity any more
        """
        if details is not None:
            written = json.dumps(details) if codec.flaw(details) is None else repr(details)
            self._details = written[:DETAILS_LIMIT]
        if self.watched and time.monotonic() - self._sent >= self.period / 2:
            self.send()
        if self.cancel_requested or self._gone:
            raise TaskCanceled("the cancellation of this attempt was requested, or it was given up")

    def check(self) -> None:
        """Ask SWF whether somebody still waits for the activity; do it before each write to a marker.

        An attempt that was paused, timed out and was replaced cannot write over what came after it.

        :raises TaskCanceled: if nobody does
        """
        self.send()
        if self._gone:
            raise TaskCanceled("this attempt was given up before it could write")

    def send(self) -> None:
        """Send a beat, and learn whether to go on."""
        self._sent = time.monotonic()
        try:
            self.cancel_requested = self._client.heartbeat(self._token, self._details) or self.cancel_requested
        except ExecutionNotFound:
            self._gone = True
        except EngineError as error:
            log.warning(f"a heartbeat could not be sent: {error}", error=str(error))


class Pulse:
    """Beat for the activities under way, from one thread, which lives while there are any."""

    def __init__(self, client: SwfClient) -> None:
        self._client = client
        self._hearts: set[Heart] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self, token: str, seconds: float, *, watched: bool) -> Heart:
        """Beat for an activity from now on."""
        heart = Heart(self._client, token, seconds, watched=watched)
        if watched:
            return heart
        with self._changed:
            self._hearts.add(heart)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="sfs-pulse", daemon=True)
                self._thread.start()
            self._changed.notify()
        return heart

    def end(self, heart: Heart) -> None:
        """Beat no more for an activity."""
        with self._changed:
            self._hearts.discard(heart)
            self._changed.notify()

    def stop(self) -> None:
        """Beat no more at all."""
        with self._changed:
            self._hearts.clear()
            self._changed.notify()

    def _serve(self) -> None:
        while (heart := self._next()) is not None:
            heart.next = time.monotonic() + heart.period
            heart.send()

    def _next(self) -> Heart | None:
        """Wait until a heart is due; None, and no thread any more, when there is none left."""
        with self._changed:
            while self._hearts:
                heart = min(self._hearts, key=lambda each: each.next)
                wait = heart.next - time.monotonic()
                if wait <= 0:
                    return heart
                self._changed.wait(wait)
            self._thread = None
            return None
