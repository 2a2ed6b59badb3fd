"""What the environment says. Nothing else in the package reads it (boto3 reads its own variables).

pydantic alone reads it: pydantic-settings would take a fifth of the time in which a small workflow starts.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from simpleflow_steps.exceptions import InvalidInput


def _variable(name: str) -> str:
    return f"SIMPLEFLOW_{name.strip('_').upper()}"


class Settings(BaseModel):
    """Hold the settings; each is the environment variable of the same name in capitals with `SIMPLEFLOW_` before it.

    `step_bucket` and `swf_domain` are simpleflow's `STEP_BUCKET` and `SWF_DOMAIN`. `lease_ttl`, `lease_margin` (a tenth
    of it if not given) and `grace_period` are seconds. `force`, `skip`, `from`, `until` and `only` are step names with
    commas between them.
    """

    model_config = ConfigDict(alias_generator=_variable, defer_build=True, frozen=True, extra="ignore")

    storage: str | None = None
    s3_host: str = "s3.amazonaws.com"
    s3_sse: bool = False
    step_bucket: str | None = Field(default=None, alias="STEP_BUCKET")
    lease_ttl: float = Field(default=60.0, gt=0)
    lease_margin: float | None = Field(default=None, ge=0)
    grace_period: float = Field(default=30.0, ge=0)
    force: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    swf_domain: str | None = Field(default=None, alias="SWF_DOMAIN")
    ci: str = Field(default="", alias="CI")
    no_color: str = Field(default="", alias="NO_COLOR")
    term: str = Field(default="", alias="TERM")

    @property
    def wants_plain_output(self) -> bool:
        """Whether a terminal, if there is one, is to be treated as a file: no colour, nothing that moves."""
        return bool(self.ci or self.no_color) or self.term == "dumb"

    @field_validator("force", "skip", "from_", "until", "only", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names


def _aws_variable(name: str) -> str:
    return f"AWS_{name.upper()}"


class AwsSettings(BaseModel):
    """Hold those of boto3's own variables that say everything by themselves, so that boto3 need not be loaded."""

    model_config = ConfigDict(alias_generator=_aws_variable, defer_build=True, frozen=True, extra="ignore")

    access_key_id: str = ""
    secret_access_key: SecretStr = SecretStr("")
    session_token: SecretStr = SecretStr("")
    default_region: str = ""
    endpoint_url: str = ""
    endpoint_url_s3: str = ""
    profile: str = ""
    default_profile: str = ""
    config_file: str = ""
    shared_credentials_file: str = ""
    ca_bundle: str = ""
    requests_ca_bundle: str = Field(default="", alias="REQUESTS_CA_BUNDLE")
    use_fips_endpoint: str = ""
    use_dualstack_endpoint: str = ""
    ignore_configured_endpoint_urls: str = ""

    @property
    def speaks_for_itself(self) -> bool:
        """Whether there are keys, and nothing beside them that only boto3 knows how to follow."""
        servers = (self.use_fips_endpoint, self.use_dualstack_endpoint, self.ignore_configured_endpoint_urls)
        has_keys = bool(self.access_key_id and self.secret_access_key.get_secret_value())
        beside = any((self.profile, self.default_profile, *servers)) or any(path.exists() for path in self._files)
        return has_keys and not beside

    @property
    def certificates(self) -> Path | None:
        """The file of the certificates that a server may have."""
        file = self.ca_bundle or self.requests_ca_bundle
        return Path(file) if file else None

    @property
    def _files(self) -> tuple[Path, Path]:
        config = self.config_file or "~/.aws/config"
        credentials = self.shared_credentials_file or "~/.aws/credentials"
        return Path(config).expanduser(), Path(credentials).expanduser()


def load_aws_settings() -> AwsSettings:
    """Read boto3's variables as they are now."""
    return AwsSettings.model_validate(dict(os.environ))


def load_settings() -> Settings:
    """Read the environment as it is now.

    :raises InvalidInput: naming the variable and what is wrong with it
    """
    try:
        return Settings.model_validate(dict(os.environ))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"environment variable {first['loc'][0]}={first['input']!r}: {first['msg']}") from None
