"""What the environment says. Nothing else in the package reads it (boto3 reads its own variables).

pydantic alone reads it: pydantic-settings would take a fifth of the time in which a small workflow starts.
"""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from simpleflow_steps.exceptions import InvalidInput


def _variable(name: str) -> str:
    return f"SIMPLEFLOW_{name.strip('_').upper()}"


class Settings(BaseModel):
    """Hold the settings; each is the environment variable of the same name in capitals with `SIMPLEFLOW_` before it.

    `step_bucket` and `swf_domain` are simpleflow's `STEP_BUCKET` and `SWF_DOMAIN`. `lease_ttl`, `lease_margin` (a tenth
    of it if not given) and `grace_period` are seconds. `force`, `skip`, `from`, `until` and `only` are step names with
    commas between them.
    """

    model_config = ConfigDict(alias_generator=_variable, frozen=True, extra="ignore")

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


def load_settings() -> Settings:
    """Read the environment as it is now.

    :raises InvalidInput: naming the variable and what is wrong with it
    """
    try:
        return Settings.model_validate(dict(os.environ))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"environment variable {first['loc'][0]}={first['input']!r}: {first['msg']}") from None
