from __future__ import annotations

import gzip
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader

from simpleflow_steps.storage.s3.models import loader


@pytest.mark.parametrize("service", ["s3", "sts", "sso", "sso-oidc"])
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_files_say_what_they_say_to_botocore(service, kind):
    fresh = loader.__wrapped__(None)  # botocore changes what it was given

    assert fresh.load_service_model(service, kind) == create_loader(None).load_service_model(service, kind)


def test_every_service_of_botocore_is_known():
    usual = create_loader(None).list_available_services("service-2")

    assert set(usual) <= set(loader(None).list_available_services("service-2"))


def test_files_beside_botocore_come_first(tmp_path: Path) -> None:
    folder = tmp_path / "s3" / "2999-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json.gz").write_bytes(gzip.compress(b'{"metadata": {}}'))

    assert loader(str(tmp_path)).load_service_model("s3", "service-2") == {"metadata": {}}


def test_a_service_that_is_not_there_is_unknown():
    session = botocore.session.Session()
    session.register_component("data_loader", loader(None))

    with pytest.raises(UnknownServiceError):
        session.create_client("s4", region_name="us-east-1")
