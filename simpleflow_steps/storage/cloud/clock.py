"""How old an object is by its store's own clock: obstore keeps the answer's date to itself."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Lock

from simpleflow_steps.storage.protocol import Body

_FRESH = 60.0
_TIMEOUT = 5.0
_NEVER = datetime.fromtimestamp(0, UTC)


class StoreClock:
    """Ask a store what time it is, with one unsigned request in a minute at most.

    :param endpoint_url: the server
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = Lock()
        self._asked: float | None = None
        self._told: datetime | None = None

    def seconds_since(self, moment: datetime, at: float) -> float | None:
        """Give how long before `at` a moment of the store's was; None if the store does not tell the time.

        :param at: by this process's monotonic clock
        """
        with self._lock:
            if self._asked is None or abs(at - self._asked) > _FRESH:
                self._told, self._asked = _date_at(self._endpoint_url), time.monotonic()
            if self._told is None or moment == _NEVER:
                return None
            return max(0.0, (self._told - moment).total_seconds() + at - self._asked)


class DatedBody(Body):
    """A body that asks for the store's time only if somebody wants to know its age."""

    clock: StoreClock
    modified: datetime
    read_at: float

    @property
    def age(self) -> float | None:  # type: ignore[override]  # nobody sets it
        """Give how many seconds before the read the object was written."""
        return self.clock.seconds_since(self.modified, self.read_at)


def dated_now(content: bytes, etag: str, total: int, modified: datetime, clock: StoreClock) -> DatedBody:
    """Attach to the bytes what is known of them, at the moment when they have been read."""
    body = bytes.__new__(DatedBody, content)
    body.etag, body.total, body.modified, body.clock, body.read_at = etag, total, modified, clock, time.monotonic()
    return body


def _date_at(endpoint_url: str) -> datetime | None:
    # slow to import, for the few runs that must know how old something is
    from email.utils import parsedate_to_datetime  # noqa: PLC0415
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.request import Request, urlopen  # noqa: PLC0415

    request = Request(endpoint_url, method="HEAD")  # noqa: S310  an endpoint is http or https
    try:
        with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            date = answer.headers["Date"]
    except HTTPError as error:  # whoever refuses tells the time too
        date = error.headers["Date"]
    except (OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
