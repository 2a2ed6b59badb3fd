"""What a failure of obstore means: its errors are text, at whose end are the HTTP status and the store's words."""

from __future__ import annotations

import errno
import re

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from simpleflow_steps.exceptions import PreconditionFailed, StorageDenied, StorageError, StorageUnavailable
from simpleflow_steps.storage.s3.codes import NOT_IMPLEMENTED, kind_of, passes, without_secrets

ERRORS = (BaseError, FileNotFoundError, PermissionError)
_DENIED = (PermissionError, PermissionDeniedError, UnauthenticatedError)
DEBUG = "\n\nDebug source:\n"
# what comes after it is escaped, so that the last one cannot be part of a body
_STATUS = re.compile(r"\n\s+status: (?P<status>[0-9]{3}),\n")
_PART_STATUS = re.compile(r"\(code: (?P<status>[0-9]{3})\)(?=\n\nDebug source:|\Z)")  # of a batch, as Azure has them
_CODE = re.compile(r"<Code>(?P<code>[A-Za-z0-9._-]{1,100})</Code>")
_MESSAGE = re.compile(r"<Message>(?P<message>[^<]{0,500})")
_DETAIL = re.compile(r'(?:message|error): "(?P<detail>[^"]{1,200})"')
_QUERY = re.compile(r"\?[^\s,]+")
_MAX_CAUSE = 100
_BROKEN = {
    "kind: Timeout": "no answer in time",
    "kind: Connect": "Could not connect",
    "IncompleteMessage": "Connection was closed before there was an answer",
    "IncompleteBody": "Connection was closed before the end of the answer",
    "InvalidListResponse": "the listing cannot be read",
    "HttpError {": "the request failed on its way",
}
_OTHER_PART = ("source: ParseContentRange", "source: NoContentRange", "source: UnexpectedRange")
_MOVED = ("BareRedirect", "status: 301,", "status: 307,", "<Code>AuthorizationHeaderMalformed<")
_EXISTS = {"BlobAlreadyExists"}


def is_transient(error: BaseException) -> bool:
    """Tell whether the same request may succeed a moment later."""
    if not isinstance(error, ERRORS):
        return False
    code, status, _ = _told(error)
    return passes(code, status) if status else _broken(error) is not None


def is_elsewhere(error: BaseException) -> bool:
    """Tell whether the store says that the bucket is in another region."""
    return any(sign in str(error) for sign in _MOVED)


def status_of(error: BaseException) -> int:
    """Give the HTTP status, 0 if there was none."""
    return _told(error)[1]


def is_whole(error: BaseException) -> bool:
    """Tell whether the store gave all of an object where its beginning was asked for: Azurite has a way of its own."""
    return any(sign in str(error) for sign in ("source: NotPartial", 'value: "bytes 0--1/0"'))


def translate(error: Exception, place: str, *, conditional: bool) -> StorageError:
    """Make our error of one of obstore's, and leave what may be secret out of both.

    :param place: the storage and the key
    :param conditional: whether the request was to replace what has a certain etag
    :return: an error whose `errno` is ENOSYS if the store says that it cannot do this at all
    """
    code, status, message = _told(error)
    failure = _kind(error, code, status, conditional=conditional)(f"{place}: {_cause(error, code, status, message)}")
    if status == NOT_IMPLEMENTED:
        failure.errno = errno.ENOSYS
    error.args = (_QUERY.sub("?...", without_secrets(str(error).partition(DEBUG)[0])),)
    return failure


def _kind(error: Exception, code: str, status: int, *, conditional: bool) -> type[StorageError]:
    if status:
        return PreconditionFailed if code in _EXISTS else kind_of(code, status, conditional=conditional)
    if isinstance(error, _DENIED):
        return StorageDenied
    return StorageUnavailable if _broken(error) else StorageError


def _told(error: BaseException) -> tuple[str, int, str]:
    """Give the store's word, the status and the store's sentence."""
    text = str(error)
    found = list(_STATUS.finditer(text)) or list(_PART_STATUS.finditer(text))
    if not found:
        return "", 404 if isinstance(error, FileNotFoundError) else 0, ""
    rest = text[found[-1].end() :]
    code, message = _CODE.search(rest), _MESSAGE.search(rest)
    return code["code"] if code else "", int(found[-1]["status"]), message["message"] if message else ""


def _broken(error: BaseException) -> str | None:
    text = str(error)
    return next((said for sign, said in _BROKEN.items() if sign in text), None)


def _cause(error: Exception, code: str, status: int, message: str) -> str:
    if status:
        asked = " of those who give credentials" if "token request" in str(error) else ""
        text = f"{code}: {message} (HTTP {status})" if code else f"HTTP {status}{asked}"
    elif said := _broken(error):
        detail = _DETAIL.search(str(error))
        text = f"{said}: {detail['detail']}" if detail else said
    else:
        text = str(error).partition(DEBUG)[0][:_MAX_CAUSE]
    if any(sign in str(error) for sign in _OTHER_PART):
        text = f"the answer does not say what part of the object it is ({text})"
    return without_secrets(text)
