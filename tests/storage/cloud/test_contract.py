"""The contract of every storage, against Azurite: `npm install azurite`, start `azurite-blob`, name its URL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from email.utils import formatdate
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.storage import CloudStorage, Storage, open_storage
from simpleflow_steps.storage.cloud.client import is_plain
from tests.storage.contract import StorageContract

ACCOUNT = "devstoreaccount1"
# it is the same everywhere, and Azurite's own page tells it
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AZURITE = "SFS_TEST_AZURITE"


@pytest.fixture(scope="session")
def container() -> str:
    """Give the URL of a container of one's own."""
    if not (url := os.environ.get(AZURITE)):
        pytest.skip(f"no Azurite here: start `azurite-blob` and put its URL, http://127.0.0.1:10000, into {AZURITE}")
    name = f"sfs-{uuid4().hex}"
    date = formatdate(usegmt=True)
    text = f"PUT{12 * chr(10)}x-ms-date:{date}\nx-ms-version:2021-08-06\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {ACCOUNT}:{signature}",
        "Content-Length": "0",
    }
    with urlopen(Request(f"{url}/{ACCOUNT}/{name}?restype=container", method="PUT", headers=headers)):
        return f"az://{name}/PREFIX?account={ACCOUNT}&endpoint_url={url}/{ACCOUNT}"


class TestAzure(StorageContract):
    prefix_bytes = len("/") + 32

    @pytest.fixture
    def storage(self, container: str, monkeypatch: pytest.MonkeyPatch) -> Storage:
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY)
        return open_storage(container.replace("PREFIX", uuid4().hex))

    def unable(self, key: str) -> str | None:
        if not is_plain(key):
            return "obstore names no such key"
        if "\\" in key or "\uffff" in key:
            return "Azure keeps no such key"
        return None

    @pytest.mark.parametrize("key", ["a//b", "/a", "a/", ".", "a/../b", "line\n"])
    def test_refuses_what_obstore_would_change(self, storage: Storage, key: str) -> None:
        for use in (storage.get, storage.delete, lambda key: storage.put(key, b"")):
            with pytest.raises(InvalidInput, match="no empty part"):
                use(key)

    def test_errors_tell_no_signature(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
        monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "sv=2021-08-06&sig=HIDDEN")
        other = open_storage(storage.url)

        with pytest.raises(OSError, match="az://") as caught:
            other.get("key")
        assert isinstance(other, CloudStorage)
        assert "HIDDEN" not in f"{caught.value}{caught.value.__cause__!r}{other!r}"
