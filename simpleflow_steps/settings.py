"""What the environment says. Nothing else in the package reads it (boto3 reads its own variables)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from simpleflow_steps.exceptions import InvalidInput


class Settings(BaseSettings):
    """Hold the settings; each is the environment variable of the same name in capitals with `SIMPLEFLOW_` before it.

    `step_bucket` and `swf_domain` are simpleflow's `STEP_BUCKET` and `SWF_DOMAIN`. `lease_ttl`, `lease_margin` (a tenth
    of it if not given) and `grace_period` are seconds. `force`, `skip`, `from`, `until` and `only` are step names with
    commas between them.
    """

    model_config = SettingsConfigDict(env_prefix="SIMPLEFLOW_", frozen=True, extra="ignore")

    storage: str | None = None
    s3_host: str = "s3.amazonaws.com"
    s3_sse: bool = False
    step_bucket: str | None = Field(default=None, validation_alias="STEP_BUCKET")
    lease_ttl: float = Field(default=60.0, gt=0)
    lease_margin: float | None = Field(default=None, ge=0)
    grace_period: float = Field(default=30.0, ge=0)
    force: Annotated[tuple[str, ...], NoDecode] = ()
    skip: Annotated[tuple[str, ...], NoDecode] = ()
    from_: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validation_alias="SIMPLEFLOW_FROM")
    until: Annotated[tuple[str, ...], NoDecode] = ()
    only: Annotated[tuple[str, ...], NoDecode] = ()
    swf_domain: str | None = Field(default=None, validation_alias="SWF_DOMAIN")
    ci: str = Field(default="", validation_alias="CI")
    no_color: str = Field(default="", validation_alias="NO_COLOR")
    term: str = Field(default="", validation_alias="TERM")

    @property
    def wants_plain_output(self) -> bool:
        """Whether a terminal, if there is one, is to be treated as a file: no colour, nothing that moves."""
        return bool(self.ci or self.no_color) or self.term == "dumb"

    @field_validator("force", "skip", "from_", "until", "only", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else names


def load_settings() -> Settings:
    """Read the environment as it is now.

    :raises InvalidInput: naming the variable and what is wrong with it
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "_".join(str(part) for part in first["loc"]).upper()
        name = variable if variable.startswith(("SIMPLEFLOW_", "STEP_")) else f"SIMPLEFLOW_{variable}"
        raise InvalidInput(f"environment variable {name}={first['input']!r}: {first['msg']}") from None
