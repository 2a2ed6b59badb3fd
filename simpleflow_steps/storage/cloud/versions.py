"""The versions that this process has written: Google replaces by version, and obstore tells it of writes alone."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from simpleflow_steps import log

_MOST = 100_000
_WARNING = (
    "{url}: what another process wrote is replaced by looking first and then writing, as its version is not known; "
    "two runs that take over one execution at the same moment may both go on until the next renewal of the lease"
)


class Versions:
    """Remember the version of each object at its last write."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._warned = False
        self._lock = Lock()

    def remember(self, path: str, etag: str, version: str | None) -> None:
        """Note a write."""
        with self._lock:
            self._known.pop(path, None)
            if version is not None:
                self._known[path] = (etag, version)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def of(self, path: str, etag: str) -> str | None:
        """Give the version that had this etag, None if somebody else wrote it."""
        with self._lock:
            known = self._known.get(path)
        return known[1] if known and known[0] == etag else None

    def warn(self, url: str) -> None:
        """Say once what is not protected."""
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            log.warning(_WARNING.format(url=url), storage=url)
