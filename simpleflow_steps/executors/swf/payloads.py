"""Inputs, results and details as the texts that SWF holds; what is too long for them goes to the bucket.

    {workflow_id}/payloads/{sha256}.json

A long text's object is named by its digest and written once, so that a replay or a second attempt finds its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.exceptions import InvalidInput, PreconditionFailed, RecordCorrupt
from simpleflow_steps.storage import default_storage, open_storage

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage

FIELD_LIMIT = 32_768  # characters of an input, a result or details; counted in bytes here
LIMIT = 256 * 1024 * 1024  # bytes; nothing larger is read back
POINTER = "simpleflow_steps:payload"
_KEY = re.compile(r"(?P<owner>[^/]+)/payloads/(?P<digest>[0-9a-f]{64})\.json")
_KEPT = 32 * 1024 * 1024  # bytes of long texts that are kept for the next replay


class Payloads:
    """Write and read the texts of executions that share a storage.

    :param storage: where long ones go
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._kept: dict[str, bytes] = {}
        self._lock = Lock()

    def write(self, document: Any, workflow_id: str) -> str:
        """Give the text of a document, or one that names the object that holds it.

        :raises NotJSON: if the document is not plain JSON
        :raises StorageError: if it is long and cannot be written
        """
        if found := codec.flaw(document):
            raise codec.NotJSON(f"not plain JSON: {found}")
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        if len(body) <= FIELD_LIMIT:
            return text
        key = f"{workflow_id}/payloads/{hashlib.sha256(body).hexdigest()}.json"
        with suppress(PreconditionFailed):
            self.storage.put(key, body, if_none_match="*")
        return json.dumps({POINTER: key, "size": len(body), "storage": self.storage.url})

    def read(self, text: str | None, what: str) -> Any:
        """Give the document of a text; None for none.

        :param what: what the text is, for the error
        :raises RecordCorrupt: if it is not what `write` gives
        :raises StorageError: if it is long and cannot be read
        """
        if not text:
            return None
        try:
            document = codec.loads(text.encode(), what)
        except ValueError as error:
            raise RecordCorrupt(str(error)) from None
        if isinstance(document, dict) and POINTER in document:
            return codec.loads(self._fetch(str(document[POINTER]), what), what)
        return document

    def _fetch(self, key: str, what: str) -> bytes:
        match = _KEY.fullmatch(key)
        if match is None or match["owner"] in (".", ".."):
            raise RecordCorrupt(f"{what} points at {key!r}, which is no payload")
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        body = bytes(self.storage.get(key, max_size=LIMIT))
        if hashlib.sha256(body).hexdigest() != match["digest"]:
            raise RecordCorrupt(f"{what}: object {key!r} is not what was written under this name")
        self._keep(key, body)
        return body

    def _keep(self, key: str, body: bytes) -> None:
        with self._lock:
            self._kept[key] = body
            while sum(map(len, self._kept.values())) > _KEPT:
                del self._kept[next(iter(self._kept))]


class Stores:
    """The storages that executions name, each opened once.

    :param default: the one of executions that name none; what the environment says, if None
    """

    def __init__(self, default: Storage | None = None) -> None:
        self._default = default
        self._payloads: dict[str | None, Payloads] = {}

    def at(self, url: str | None) -> Payloads:
        """Give the texts of the executions whose storage has this URL.

        :raises InvalidStorageURL: if it names none
        """
        if url not in self._payloads:
            self._payloads[url] = Payloads(self._open(url))
        return self._payloads[url]

    def of(self, text: str | None) -> Payloads:
        """Give those among which a text is: a long one names its storage."""
        found = _plain(text)
        url = found.get("storage") if POINTER in found else None
        return self.at(url if isinstance(url, str) else None)

    def _open(self, url: str | None) -> Storage:
        if self._default is not None and url in (None, self._default.url):
            return self._default
        return default_storage() if url is None else open_storage(url)


def _plain(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_swf_name(kind: str, name: str, longest: int = 256) -> str:
    """Give a name back if SWF takes it.

    :raises InvalidInput: naming what is wrong with it
    """
    if not name or len(name) > longest:
        raise InvalidInput(f"{kind} {name[:60]!r}: SWF takes 1 to {longest} characters")
    if name == "arn" or any(character in ":/|" or not character.isprintable() for character in name):
        raise InvalidInput(
            f"{kind} {name!r}: SWF takes no colon, slash, vertical bar or control character, and not 'arn'"
        )
    return name


def check_swf_type(kind: str, name: str, version: str) -> None:
    """Refuse a type, `"activity"` or `"workflow"`, that cannot be registered.

    :raises InvalidInput: naming what is wrong with it
    """
    check_swf_name(f"{kind} name", name)
    check_swf_name(f"version of {kind} {name}", version, longest=64)
