"""What a failure of S3 means: whether to try again, and which of our errors it is."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from simpleflow_steps.exceptions import StorageDenied, StorageError, StorageUnavailable
from simpleflow_steps.storage.s3.codes import NOT_IMPLEMENTED, kind_of, passes, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

_BROKEN = (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, ResponseParserError)
_NO_CREDENTIALS = (
    boto.CredentialRetrievalError,
    getattr(boto, "LoginError", boto.SSOError),  # newer than the oldest botocore that we take
    boto.MetadataRetrievalError,
    boto.NoAuthTokenError,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.SSOError,
    boto.TokenRetrievalError,
)


def is_transient(error: BaseException) -> bool:
    """Tell whether the same request may succeed a moment later."""
    if isinstance(error, _BROKEN):
        return True
    if not isinstance(error, boto.ClientError):
        return False
    return passes(code_of(error), status_of(error))


def translate(error: Exception, place: str, parameters: Mapping[str, Any]) -> StorageError:
    """Make our error of one of boto3's.

    :param place: the storage and the key
    :param parameters: what the request was made with, for the conditions among them
    :return: an error whose `errno` is ENOSYS if the store says that it cannot do this at all
    """
    failure = _kind(error, conditional="IfMatch" in parameters)(f"{place}: {_cause(error)}")
    if isinstance(error, boto.ClientError) and status_of(error) == NOT_IMPLEMENTED:
        failure.errno = errno.ENOSYS
    return failure


def code_of(error: boto.ClientError) -> str:
    """Give S3's word for what went wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: boto.ClientError) -> int:
    """Give the HTTP status, 0 if there was none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _kind(error: Exception, *, conditional: bool) -> type[StorageError]:
    if isinstance(error, _NO_CREDENTIALS):
        return StorageDenied
    if is_transient(error):
        return StorageUnavailable
    if not isinstance(error, boto.ClientError):
        return StorageError
    return kind_of(code_of(error), status_of(error), conditional=conditional)


def _cause(error: Exception) -> str:
    if isinstance(error, boto.ClientError):
        message = error.response.get("Error", {}).get("Message", "")
        text = f"{code_of(error)}: {message} (HTTP {status_of(error)})"
    else:
        text = str(error) or type(error).__name__
    return without_secrets(text)
