"""The marker of a step: what it holds, and the register of all markers of an execution.

Every write is conditional on what its run last saw. A run that lost the execution to another one learns it here, from
the storage, before it can overwrite anything.
"""

from __future__ import annotations

import os
from types import NoneType
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from simpleflow_steps import codec, log
from simpleflow_steps.codec import (
    Encoded,
    Moment,
    NotARecord,
    NotJSON,
    NotReadable,
    NotStorable,
    UnknownTarget,
    UnusableHint,
    always,
)
from simpleflow_steps.exceptions import (
    MarkerCorrupt,
    MarkerGone,
    ObjectNotFound,
    ObjectTooLarge,
    PreconditionFailed,
    ResultNotStored,
    RunSuperseded,
)
from simpleflow_steps.storage.fence import pass_fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simpleflow_steps.storage import Body, ListedObject, Storage

INLINE_LIMIT = 64 * 1024  # bytes of JSON; a larger result gets its own object
MARKER_LIMIT = 1024 * 1024  # bytes; nothing larger is read as a marker


class ByHand(Struct, frozen=True, kw_only=True):
    """Who marked a step that did not run, when and why."""

    who: str
    at: Moment
    why: str | None = None

    def __str__(self) -> str:
        return f"Marked by hand by {self.who}" + (f": {self.why}" if self.why else "")


class Marker(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a done step leaves in storage, as JSON.

    `result_shape` says which activity's type hints bring `result` back; `result_key` is the object that holds a large
    result, and `result_size` how many bytes it has; `result_error` is why there is none. `by_hand` is there if a person
    marked it. `nonce` is fresh on every write.
    """

    step: str
    workflow_id: str
    run_id: str
    name: str
    version: str
    started: Moment
    finished: Moment
    forced: bool = always(bool)
    reasons: tuple[str, ...] = always(tuple)
    attempt: int = always(lambda: 1)
    by_hand: ByHand | None = None
    nonce: str
    result: Any = always(NoneType)
    result_shape: Any = None
    result_key: str | None = None
    result_size: int | None = None
    result_error: str | None = None


class Seen(Struct, frozen=True, gc=False):
    """What a run last saw of a marker: its etag and its size in bytes. An empty object is an invalidated marker."""

    etag: str
    size: int

    @property
    def done(self) -> bool:
        """Whether the step counts as done."""
        return self.size > 0


class Written(Struct, frozen=True, gc=False):
    """What a write left: the marker as it is now, None if somebody removed it; `duplicate` if another run had marked
    the step first, with its own result.
    """

    seen: Seen | None
    duplicate: bool = False


class StoredResult(Struct, frozen=True):
    """A result read back: as JSON, and as the value that it stands for."""

    encoded: Encoded
    value: Any


class MarkerRegister:
    """The markers under one prefix of a storage.

    :param storage: where they live
    :param prefix: the keys' prefix, without a slash at its end: `{prefix}/{step.name}` is a marker
    :param results: the prefix of the objects that hold large results
    """

    def __init__(self, storage: Storage, prefix: str, results: str) -> None:
        self.storage = storage
        self.prefix = prefix
        self.results = results
        self._lost: RunSuperseded | None = None

    def key(self, name: str) -> str:
        """Give the key of a step's marker."""
        return f"{self.prefix}/{name}"

    def list(self) -> dict[str, Seen]:
        """List every marker, done or invalidated, by the name of its step; what lies deeper is no marker."""
        return {name: Seen(found.etag, found.size) for name, found in self.objects()}

    def objects(self, beginning: str = "") -> Iterator[tuple[str, ListedObject]]:
        """List the same, with all that the storage says of each object; only steps whose names begin so."""
        start = len(self.prefix) + 1
        listed = ((found.key[start:], found) for found in self.storage.list(f"{self.prefix}/{beginning}"))
        return ((name, found) for name, found in listed if name and "/" not in name)

    def invalidate(self, name: str, seen: Seen) -> Written:
        """Make a done step not done.

        :raises RunSuperseded: if another run has written the marker since `seen`, or any other marker of this register
        """
        self._stop_if_lost()
        try:
            return Written(Seen(self.storage.put(self.key(name), b"", if_match=seen.etag), 0))
        except PreconditionFailed:
            body = self._read_back(name)
        if not body:
            return Written(None if body is None else Seen(body.etag, 0))
        raise self._superseded(name, body)

    def mark(self, marker: Marker, encode: Callable[[], Encoded], seen: Seen | None, ours: bool) -> Written:
        """Write a step's marker with its result.

        :param marker: everything but the result
        :param encode: gives the result as JSON
        :param seen: what this run last saw: nothing, or an invalidated marker
        :param ours: whether this run invalidated it, so that nobody else may have marked it since
        :raises RunSuperseded: as `invalidate`
        """
        self._stop_if_lost()
        body = self._write(marker, encode)
        condition = {"if_match": seen.etag} if seen else {"if_none_match": "*"}
        try:
            return Written(Seen(self.storage.put(self.key(marker.step), body, **condition), len(body)))
        except PreconditionFailed:
            found = self._read_back(marker.step)
        if found is not None and marker.nonce.encode() in found:
            return Written(Seen(found.etag, len(found)))
        if not found or ours:
            raise self._superseded(marker.step, found)
        if marker.forced:
            return self._mark_over(marker, body, found)
        log.warning(f"another run marked step {marker.step} first; its result is taken", step=marker.step)
        return Written(Seen(found.etag, len(found)), duplicate=True)

    def _mark_over(self, marker: Marker, body: bytes, found: Body) -> Written:
        """Replace what an older run wrote late: it may be made from what this run has made anew.

        Who passes the fence now, after it was read, knows that no newer run has written it.
        """
        pass_fence()
        log.warning(f"step {marker.step} was forced: it replaces what another run marked meanwhile", step=marker.step)
        try:
            return Written(Seen(self.storage.put(self.key(marker.step), body, if_match=found.etag), len(body)))
        except PreconditionFailed:
            left = self._read_back(marker.step)
        if left is not None and marker.nonce.encode() in left:
            return Written(Seen(left.etag, len(left)))
        raise self._superseded(marker.step, left)

    def read(self, name: str) -> Marker | None:
        """Read a marker; None for one that simpleflow or a person wrote.

        :raises MarkerCorrupt: if it is neither
        :raises MarkerGone: if the step is not done any more
        """
        body = self._read_back(name)
        if not body:
            raise MarkerGone(f"step {name!r} was invalidated or removed since it was listed as done; run again")
        return self.parse(name, body)

    def get(self, name: str) -> Body:
        """Read a marker's bytes; an invalidated one has none.

        :raises ObjectNotFound: if there is no marker
        :raises MarkerCorrupt: if it is far too large to be one
        """
        try:
            return self.storage.get(self.key(name), max_size=MARKER_LIMIT)
        except ObjectTooLarge as error:
            raise MarkerCorrupt(f"step {name!r}: {error}; clear the step to run it again") from error

    def parse(self, name: str, body: bytes) -> Marker | None:
        """Make a marker of its bytes, as `read` does."""
        key = self.key(name)
        try:
            content = codec.loads(body, f"marker {key}")
        except ValueError as error:
            raise MarkerCorrupt(f"step {name!r}: {error}; clear the step to run it again") from error
        if not isinstance(content, dict):
            raise MarkerCorrupt(f"step {name!r}: marker {key} holds no JSON object; clear the step to run it again")
        if "nonce" not in content:
            return None
        try:
            return codec.as_record(Marker, content)
        except NotARecord as error:
            raise MarkerCorrupt(f"step {name!r}: marker {key}: {error}; clear the step to run it again") from error

    def read_result(self, name: str) -> StoredResult:
        """Read a done step's result, in the shape that it had when the step ran.

        :raises ResultNotStored: if the marker holds none, because it could not be stored
        :raises MarkerCorrupt: if the marker cannot be read
        """
        return decode_stored(name, self.read_encoded(name))

    def read_encoded(self, name: str) -> Encoded:
        """Read a done step's result as JSON, as `read_result` does."""
        marker = self.read(name)
        return Encoded(None) if marker is None else Encoded(self.stored_json(name, marker), marker.result_shape)

    def stored_json(self, name: str, marker: Marker) -> Any:
        """Give a marker's result as the JSON that it is stored as, in the marker or in an object of its own.

        :raises ResultNotStored: if it could not be stored, or is gone
        :raises MarkerCorrupt: if it cannot be read
        """
        if marker.result_error is not None:
            raise ResultNotStored(
                f"step {name!r} is done, but its result was not stored ({marker.result_error}); "
                f"force the step to have it again"
            )
        return marker.result if marker.result_key is None else self._read_large(name, marker.result_key)

    def _write(self, marker: Marker, encode: Callable[[], Encoded]) -> bytes:
        """Write a marker with its result as JSON; a large result goes to an object of its own."""
        try:
            encoded = encode()
        except (NotStorable, NotJSON) as error:
            log.warning(f"the result of step {marker.step} cannot be stored: {error}", step=marker.step, why=str(error))
            return codec.written(replace(marker, result_error=str(error)))
        body = codec.written(replace(marker, result=encoded.value, result_shape=encoded.shape))
        if len(body) <= INLINE_LIMIT or len(large := codec.written(encoded.value)) <= INLINE_LIMIT:
            return body
        key = f"{self.results}/{marker.step}/{marker.nonce}.json"
        self.storage.put(key, large)
        return codec.written(replace(marker, result_key=key, result_size=len(large), result_shape=encoded.shape))

    def large_result(self, name: str, key: str, first: int | None = None) -> Body:
        """Read the object of a large result, or its beginning.

        :raises ResultNotStored: if it is gone
        :raises MarkerCorrupt: if the key is not one of a result
        """
        inside = key.startswith(f"{self.results}/") and not {".", ".."} & set(key[len(self.results) :].split("/"))
        if not inside:
            raise MarkerCorrupt(f"step {name!r}: its marker points at {key!r}, outside {self.results}/; clear the step")
        try:
            return self.storage.get(key, first=first)
        except ObjectNotFound as error:
            raise ResultNotStored(
                f"step {name!r}: its result {key} is gone; force the step to have it again"
            ) from error
        except ValueError as error:
            raise MarkerCorrupt(f"step {name!r}: {error}; force the step to have it again") from error

    def _read_large(self, name: str, key: str) -> Any:
        try:
            return codec.loads(self.large_result(name, key), f"result {key}")
        except NotJSON as error:
            raise MarkerCorrupt(f"step {name!r}: {error}; force the step to have it again") from error

    def _read_back(self, name: str) -> Any:
        try:
            return self.get(name)
        except ObjectNotFound:
            return None

    def _superseded(self, name: str, found: bytes | None) -> RunSuperseded:
        state = "removed" if found is None else "invalidated" if not found else "marked done"
        self._lost = RunSuperseded(
            f"step {name!r} was {state} by another run of the same execution; this run stops writing"
        )
        return self._lost

    def _stop_if_lost(self) -> None:
        """Keep the writes that wait for a thread from following the one that found the run superseded."""
        if self._lost is not None:
            raise self._lost


def decode_stored(name: str, encoded: Encoded) -> StoredResult:
    """Give a stored result the shape that it had when the step ran.

    :raises ResultNotStored: if what it was made of is not here, or has changed
    :raises MarkerCorrupt: if it does not fit
    """
    try:
        return StoredResult(encoded, codec.decode_result(encoded.value, encoded.shape))
    except UnknownTarget as error:
        raise ResultNotStored(
            f"step {name!r}: its result cannot be read: {error}. "
            "Import that module, run the workflow the way it ran before, or force the step"
        ) from error
    except (UnusableHint, NotReadable) as error:
        raise ResultNotStored(f"step {name!r}: its result cannot be read: {error}") from error
    except ValueError as error:
        raise MarkerCorrupt(f"step {name!r}: its stored result does not fit: {error}; force the step") from error


def fresh_nonce() -> str:
    """Make a text that no other write has."""
    return os.urandom(16).hex()
