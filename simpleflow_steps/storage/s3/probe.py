"""Find out whether a store honours conditional writes: some that speak S3 ignore them and answer 200."""

from __future__ import annotations

import errno
from threading import Lock
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.exceptions import PreconditionFailed, StorageDenied, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_KEY = ".simpleflow-probe"
_BODY = b"simpleflow_steps tries conditional writes on this object to learn whether the store honours them.\n"
_NO_SUCH_ETAG = f'"{"0" * 32}"'
_WARNING = (
    "{url} does not honour conditional writes: two runs of one execution at the same moment may both go on and "
    "overwrite each other's markers; make sure that only one runs at a time"
)


class Probe:
    """Remember for this process what one store does; `outcome` is None if nobody knows."""

    def __init__(self) -> None:
        self.outcome: bool | None = None
        self.done = False
        self._lock = Lock()

    def ask(self, put: Callable[..., Any], url: str) -> bool | None:
        """Try the store if nobody has yet.

        :param put: takes `IfNoneMatch` or `IfMatch` and writes to the key `PROBE_KEY`
        """
        with self._lock:
            if not self.done:
                self.outcome = _try(put, url)
                self.done = True
                if self.outcome is False:
                    log.warning(_WARNING.format(url=url), storage=url)
        return self.outcome


_probes: dict[tuple[str, str, str], Probe] = {}
_probes_lock = Lock()


def probe_of(endpoint_url: str, bucket: str, prefix: str) -> Probe:
    """Give the probe that all storages at one place in this process share."""
    with _probes_lock:
        return _probes.setdefault((endpoint_url, bucket, prefix), Probe())


def _try(put: Callable[..., Any], url: str) -> bool | None:
    """Make writes that must be refused; the very first one in a bucket creates the object that the others need."""
    try:
        existed = _is_refused(put, IfNoneMatch="*")
        return (existed or _is_refused(put, IfNoneMatch="*")) and _is_refused(put, IfMatch=_NO_SUCH_ETAG)
    except StorageDenied as error:
        log.info(f"cannot find out whether {url} honours conditional writes: {error}", storage=url)
        return None
    except StorageError as error:
        if error.errno != errno.ENOSYS:
            raise
        return False


def _is_refused(put: Callable[..., Any], **condition: str) -> bool:
    try:
        put(PROBE_KEY, _BODY, **condition)
    except PreconditionFailed:
        return True
    return False
