"""What a storage is: a flat map from keys to immutable bodies, with conditional writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Self


class ListedObject(NamedTuple):
    """What a listing says of one object: `size` in bytes, `modified` in the storage's own clock, for people only."""

    key: str
    etag: str
    size: int
    modified: datetime | None = None


class Body(bytes):
    """The bytes of one object, with the `etag` that they had when they were read.

    `age` is how many seconds before the read they were written, by the storage's own clock; None if it does not tell.
    `total` is the size of the whole object: more than there are bytes here if only the first of them were asked for.
    """

    etag: str
    age: float | None
    total: int

    def __new__(cls, content: bytes, etag: str, age: float | None = None, total: int | None = None) -> Self:
        """Attach to the bytes what else is known of them; without a `total` they are the whole object."""
        body = super().__new__(cls, content)
        body.etag = etag
        body.age = age
        body.total = len(content) if total is None else total
        return body


@runtime_checkable
class Storage(Protocol):
    """Keep objects under keys.

    Keys are any non-empty text that UTF-8 can encode, up to 1,024 bytes together with the prefix that the storage's URL
    may name. An etag is opaque; it is the same in the answers of `put`, `get` and `list` for as long as nobody writes
    the object again. Bodies that differ have etags that differ; whether a second write of the same body changes the
    etag is up to the storage (S3's is a digest of the body). Every method may be called from several threads, and
    raises a `StorageError` that names the storage and the key; transient faults have been retried before one is raised.
    """

    @property
    def url(self) -> str:
        """Name this storage so that `open_storage(url)` gives the same objects; it holds no secret."""

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Give every object whose key starts with the text `prefix`, in the order of the keys' UTF-8 bytes.

        The listing is made when this is called, not while it is iterated.
        """

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders next below the text `prefix`, each once, in the order in which `list` meets their keys.

        A key that starts with `prefix` is in a folder if a slash comes after `prefix`. The folder's name is what the
        key has before that slash, from the last slash of `prefix` on: for the keys `a/x`, `a/y`, `ab/c/d` and `top`,
        both `folders()` and `folders("a")` give `a` and `ab`, and `folders("ab/")` gives `c`; `/x` is in a folder with
        an empty name. The cost is that of the folders and the objects beside them, however many objects they hold.
        """

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object.

        :param first: read at most so many bytes, from the object's start; etag, age and `total` are the whole object's
        :raises ObjectNotFound: if there is none
        :raises ObjectTooLarge: if what is asked for has more than `max_size` bytes; the body was not read
        """

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object, whole or not at all, and give its new etag; when this returns the object is durable.

        :param if_none_match: `"*"`: write only if no object has this key
        :param if_match: write only if the object has this etag
        :raises PreconditionFailed: if the condition does not hold; a missing object matches no etag. After a lost
            answer and a retry this may be raised although an earlier attempt of this very call wrote the object.
        """

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is no error."""
