from __future__ import annotations

from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING

from botocore import exceptions as boto

from simpleflow_steps.exceptions import StorageDenied

if TYPE_CHECKING:
    import pytest


def test_an_older_botocore_without_the_newest_kind_of_error_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(boto, "LoginError", raising=False)
    spec = find_spec("simpleflow_steps.storage.s3.faults")
    assert spec is not None
    assert spec.loader is not None
    faults = module_from_spec(spec)
    spec.loader.exec_module(faults)
    assert isinstance(faults.translate(boto.NoCredentialsError(), "s3://bucket", {}), StorageDenied)
