"""What the environment says. Nothing else in the package reads it (boto3 reads its own variables).

It is read by hand: a library that checks records takes longer to import than a small workflow takes to run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

Default = TypeVar("Default", float, None)
FOREVER = 1e9  # seconds
_YES = frozenset({"1", "on", "t", "true", "y", "yes"})
_NO = frozenset({"0", "off", "f", "false", "n", "no"})


class Settings:
    """Hold the settings; each is the environment variable of the same name in capitals with `SIMPLEFLOW_` before it.

    `step_bucket` and `swf_domain` are simpleflow's `STEP_BUCKET` and `SWF_DOMAIN`. `lease_ttl`, `lease_margin` (a tenth
    of it if not given) and `grace_period` are seconds. `force`, `skip`, `from`, `until` and `only` are step names with
    commas between them. `wants_plain_output` says whether a terminal, if there is one, is to be treated as a file: no
    colour, nothing that moves.

    :raises InvalidInput: naming the variable and what is wrong with it
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        read = environment.get
        self.storage = read("SIMPLEFLOW_STORAGE")
        self.s3_host = read("SIMPLEFLOW_S3_HOST", "s3.amazonaws.com")
        self.s3_sse = _flag(environment, "SIMPLEFLOW_S3_SSE")
        self.step_bucket = read("STEP_BUCKET")
        self.lease_ttl = _seconds(environment, "SIMPLEFLOW_LEASE_TTL", 60.0, above=True)
        self.lease_margin = _seconds(environment, "SIMPLEFLOW_LEASE_MARGIN", None)
        self.grace_period = _seconds(environment, "SIMPLEFLOW_GRACE_PERIOD", 30.0)
        self.force = _names(read("SIMPLEFLOW_FORCE", ""))
        self.skip = _names(read("SIMPLEFLOW_SKIP", ""))
        self.from_ = _names(read("SIMPLEFLOW_FROM", ""))
        self.until = _names(read("SIMPLEFLOW_UNTIL", ""))
        self.only = _names(read("SIMPLEFLOW_ONLY", ""))
        self.swf_domain = read("SWF_DOMAIN")
        self.wants_plain_output = bool(read("CI") or read("NO_COLOR")) or read("TERM") == "dumb"

    def grace_or(self, given: float | None) -> float:
        """Give the grace period in seconds: what an executor was given, unless that is None.

        :raises InvalidInput: if that is no number of seconds
        """
        seconds = self.grace_period if given is None else given
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
            raise InvalidInput(f"grace_period={given!r}: pass a number of seconds, 0 or more")
        return float(min(seconds, FOREVER))


class AwsSettings:
    """Hold those of boto3's own variables that say everything by themselves, so that boto3 need not be loaded.

    Nothing of it is shown where it is printed: there are secrets in it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        read = environment.get
        self.access_key_id = read("AWS_ACCESS_KEY_ID", "")
        self.secret_access_key = read("AWS_SECRET_ACCESS_KEY", "")
        self.session_token = read("AWS_SESSION_TOKEN", "")
        self.default_region = read("AWS_DEFAULT_REGION", "")
        self.endpoint_url = read("AWS_ENDPOINT_URL_S3", "") or read("AWS_ENDPOINT_URL", "")
        self.certificates = read("AWS_CA_BUNDLE", "") or read("REQUESTS_CA_BUNDLE", "")
        self._files = (
            read("AWS_CONFIG_FILE", "") or "~/.aws/config",
            read("AWS_SHARED_CREDENTIALS_FILE", "") or "~/.aws/credentials",
        )
        self._beside = (
            read("AWS_PROFILE", ""),
            read("AWS_DEFAULT_PROFILE", ""),
            read("AWS_USE_FIPS_ENDPOINT", ""),
            read("AWS_USE_DUALSTACK_ENDPOINT", ""),
            read("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ""),
        )

    @property
    def speaks_for_itself(self) -> bool:
        """Whether there are keys, and nothing beside them that only boto3 knows how to follow."""
        has_keys = bool(self.access_key_id and self.secret_access_key)
        # not with pathlib, which a run in a bucket has no other need of
        beside = any(self._beside) or any(os.path.exists(os.path.expanduser(file)) for file in self._files)  # noqa: PTH110, PTH111
        return has_keys and not beside


def load_settings() -> Settings:
    """Read the environment as it is now."""
    return Settings(os.environ)


def load_aws_settings() -> AwsSettings:
    """Read boto3's variables as they are now."""
    return AwsSettings(os.environ)


def _flag(environment: Mapping[str, str], variable: str) -> bool:
    given = environment.get(variable, "no")
    if given.strip().lower() not in _YES | _NO:
        raise InvalidInput(f"environment variable {variable}={given!r}: use 'yes' or 'no'")
    return given.strip().lower() in _YES


def _seconds(
    environment: Mapping[str, str], variable: str, default: Default, *, above: bool = False
) -> float | Default:
    """Read a number of 0 or more.

    :param above: whether 0 is too little
    """
    given = environment.get(variable)
    if given is None:
        return default
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if seconds > 0 or (seconds == 0 and not above):
        return seconds
    raise InvalidInput(
        f"environment variable {variable}={given!r}: use a number of seconds, {'above 0' if above else '0 or more'}"
    )


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())
