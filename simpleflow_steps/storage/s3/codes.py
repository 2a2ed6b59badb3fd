"""What S3's words and HTTP's numbers for a failure mean, whichever client received them."""

from __future__ import annotations

import re

from simpleflow_steps.exceptions import (
    BucketNotFound,
    ObjectNotFound,
    PreconditionFailed,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)

NOT_IMPLEMENTED = 501
_TRANSIENT = {
    "BandwidthLimitExceeded",
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
}
_DENIED = {
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_USER_INFO = re.compile(r"//[^/@\s]*@")


def passes(code: str, status: int) -> bool:
    """Tell whether the same request may succeed a moment later.

    :param code: S3's word for what went wrong
    :param status: the HTTP status
    """
    return code in _TRANSIENT or status in {408, 429} or (status >= 500 and status != NOT_IMPLEMENTED)


def kind_of(code: str, status: int, *, conditional: bool) -> type[StorageError]:
    """Give our error for what a store has answered.

    :param conditional: whether the request was to replace what has a certain etag
    """
    if passes(code, status):
        return StorageUnavailable
    if code == "NoSuchBucket":
        return BucketNotFound
    if code in _DENIED:
        return StorageDenied
    missing = PreconditionFailed if conditional else ObjectNotFound
    return {401: StorageDenied, 403: StorageDenied, 404: missing, 412: PreconditionFailed}.get(status, StorageError)


def without_secrets(text: str) -> str:
    """Leave out what may be a password in a URL."""
    return _USER_INFO.sub("//", text)
