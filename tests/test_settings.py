from __future__ import annotations

from functools import partial

import pytest

from simpleflow_steps import LocalExecutor, Workflow
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.executors.swf import SwfExecutor
from simpleflow_steps.settings import load_aws_settings, load_settings


def test_what_the_environment_does_not_say_has_a_default():
    settings = load_settings()

    assert (settings.storage, settings.step_bucket, settings.swf_domain) == (None, None, None)
    assert (settings.s3_host, settings.s3_sse) == ("s3.amazonaws.com", False)
    assert (settings.lease_ttl, settings.lease_margin, settings.grace_period) == (60.0, None, 30.0)
    assert settings.force == settings.skip == settings.from_ == settings.until == settings.only == ()


@pytest.mark.parametrize("name", ["force", "skip", "from", "until", "only"])
def test_names_have_commas_between_them(monkeypatch, name):
    monkeypatch.setenv(f"SIMPLEFLOW_{name.upper()}", " a, b.c ,,")

    settings = load_settings()

    assert getattr(settings, "from_" if name == "from" else name) == ("a", "b.c")


@pytest.mark.parametrize(
    ("given", "wanted"), [("1", True), ("Yes", True), ("ON", True), ("0", False), ("false", False), ("n", False)]
)
def test_a_flag_is_said_in_many_ways(monkeypatch, given, wanted):
    monkeypatch.setenv("SIMPLEFLOW_S3_SSE", given)

    assert load_settings().s3_sse is wanted


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("SIMPLEFLOW_S3_SSE", "maybe"),
        ("SIMPLEFLOW_S3_SSE", ""),
        ("SIMPLEFLOW_LEASE_TTL", "soon"),
        ("SIMPLEFLOW_LEASE_TTL", "0"),
        ("SIMPLEFLOW_LEASE_TTL", "nan"),
        ("SIMPLEFLOW_LEASE_MARGIN", "-1"),
        ("SIMPLEFLOW_LEASE_MARGIN", ""),
        ("SIMPLEFLOW_GRACE_PERIOD", "-0.5"),
    ],
)
def test_what_cannot_be_read_is_named(monkeypatch, variable, given):
    monkeypatch.setenv(variable, given)

    with pytest.raises(InvalidInput, match=f"environment variable {variable}='{given}': use "):
        load_settings()


@pytest.mark.parametrize(("variable", "given"), [("LEASE_TTL", "0.5"), ("LEASE_MARGIN", "0"), ("GRACE_PERIOD", " 10 ")])
def test_seconds_are_numbers(monkeypatch, variable, given):
    monkeypatch.setenv(f"SIMPLEFLOW_{variable}", given)

    assert getattr(load_settings(), variable.lower()) == float(given)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hidden")


@pytest.mark.usefixtures("keys")
def test_keys_alone_speak_for_themselves():
    assert load_aws_settings().speaks_for_itself


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("variable", ["PROFILE", "DEFAULT_PROFILE", "USE_FIPS_ENDPOINT", "CONFIG_FILE"])
def test_what_only_boto3_follows_does_not(monkeypatch, variable):
    monkeypatch.setenv(f"AWS_{variable}", __file__)

    assert not load_aws_settings().speaks_for_itself


@pytest.mark.usefixtures("keys")
def test_secrets_are_not_shown():
    assert "hidden" not in f"{load_aws_settings()!r} {load_aws_settings()}"


def test_a_grace_period_that_is_given_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("SIMPLEFLOW_GRACE_PERIOD", "10")

    given = [None, 0, 2.5, float("inf"), 10**400]

    assert [load_settings().grace_or(each) for each in given] == [10.0, 0.0, 2.5, 1e9, 1e9]


@pytest.mark.parametrize("make", [LocalExecutor, partial(SwfExecutor, domain="d", region="us-east-1")])
@pytest.mark.parametrize("given", [-1, float("nan"), True, "10", [1]], ids=repr)
def test_a_grace_period_is_a_number_of_seconds(make, given):
    with pytest.raises(InvalidInput, match=r"grace_period=.*: pass a number of seconds, 0 or more"):
        make(Workflow, storage="memory://grace", grace_period=given)
