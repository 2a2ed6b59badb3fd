"""Signals through the bucket: create-only objects, in the order of their ids."""

from __future__ import annotations

import os
import threading
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from simpleflow_steps import codec
from simpleflow_steps.exceptions import InvalidInput, ObjectTooLarge, PreconditionFailed, RecordCorrupt
from simpleflow_steps.execution.holder import this_process
from simpleflow_steps.execution.parts import fitting, to_part
from simpleflow_steps.execution.positions import STAMP

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage

LIMIT = 16 * 1024 * 1024  # bytes; no larger signal is sent or read
MAX_BYTES = 200
_last = datetime.min.replace(tzinfo=UTC)
_lock = threading.Lock()


class SignalRecord(Struct, frozen=True, kw_only=True):
    """A signal, as JSON; `sent` and `sender` are for people."""

    name: str
    payload: Any = None
    sent: datetime
    sender: str


def check_signal_name(name: object) -> str:
    """Give the name back if a signal may have it.

    :raises InvalidInput: naming what is wrong with it
    """
    if not isinstance(name, str) or not name.strip() or len(name.encode(errors="replace")) > MAX_BYTES:
        raise InvalidInput(f"signal name {name!r}: pass a text of 1 to {MAX_BYTES} bytes")
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise InvalidInput(f"signal name {name!r}: no control characters, please")
    return name


def send_signal(storage: Storage, workflow_id: str, name: str, payload: Any = None) -> str:
    """Leave a signal for an execution, which may not have started yet, and give the signal's id.

    :param payload: anything that is JSON
    :raises InvalidInput: if the name or the payload cannot be sent
    """
    check_signal_name(name)
    me = this_process()
    moment = _next_moment()
    record = {"name": name, "payload": payload, "sent": moment.isoformat(), "sender": f"{me.user}@{me.host}"}
    try:
        body = codec.dumps(record)
    except ValueError as error:
        raise InvalidInput(f"signal {name!r}: its payload is not JSON: {error}") from None
    if len(body) > LIMIT:
        raise InvalidInput(f"signal {name!r}: its payload takes {len(body)} bytes, more than {LIMIT}")
    signal_id = f"{moment.strftime(STAMP)}-{os.urandom(4).hex()}"
    key = _key(workflow_id, name, signal_id)
    try:
        storage.put(key, body, if_none_match="*")
    except PreconditionFailed:
        # the answer to an earlier attempt of this very call may have been lost
        if storage.get(key) != body:
            raise
    return signal_id


def signal_ids(storage: Storage, workflow_id: str, name: str) -> list[str]:
    """List the ids of an execution's signals of one name, oldest first."""
    prefix = _prefix(workflow_id, name)
    keys = (found.key[len(prefix) :] for found in storage.list(prefix))
    return [key[: -len(".json")] for key in keys if key.endswith(".json")]


def read_signal(storage: Storage, workflow_id: str, name: str, signal_id: str) -> SignalRecord:
    """Read a signal.

    :raises RecordCorrupt: if it cannot be read
    """
    key = _key(workflow_id, name, signal_id)
    try:
        return codec.read(SignalRecord, storage.get(key, max_size=LIMIT), f"signal {key}")
    except (ValueError, ObjectTooLarge) as error:
        raise RecordCorrupt(f"signal {key} cannot be read: {error}") from None


def _prefix(workflow_id: str, name: str) -> str:
    return f"{workflow_id}/signals/{to_part(fitting(name))}/"


def _key(workflow_id: str, name: str, signal_id: str) -> str:
    return f"{_prefix(workflow_id, name)}{signal_id}.json"


def _next_moment() -> datetime:
    """Give the time, later than that of any signal that this process sent before, so that these keep their order."""
    global _last  # noqa: PLW0603  the process is the sender
    with _lock:
        _last = max(datetime.now(UTC), _last + timedelta(microseconds=1))
        return _last
