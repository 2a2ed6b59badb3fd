from __future__ import annotations

import json

import pytest

from simpleflow_steps.codec import NotJSON
from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, RecordCorrupt
from simpleflow_steps.executors.swf.payloads import FIELD_LIMIT, POINTER, Payloads, Stores, check_swf_name
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage


@pytest.fixture
def storage() -> CountingStorage:
    return CountingStorage(MemoryStorage())


@pytest.mark.parametrize("document", [None, 0, "", "é", [1, {"a": None}], {"value": "x" * 30_000}])
def test_a_short_document_is_its_own_text(storage, document):
    payloads = Payloads(storage)

    assert payloads.read(payloads.write(document, "w"), "it") == document
    assert list(storage.list()) == []


@pytest.mark.parametrize("document", ["x" * FIELD_LIMIT, "é" * 20_000, list(range(20_000))])
def test_a_long_one_goes_to_the_bucket_once(storage, document):
    payloads = Payloads(storage)
    texts = {payloads.write(document, "w") for _ in range(2)}

    (text,) = texts
    assert len(text) < 400
    assert len(list(storage.list("w/payloads/"))) == 1
    assert Payloads(storage).read(text, "it") == document


def test_what_just_fits_stays(storage):
    text = Payloads(storage).write("x" * (FIELD_LIMIT - 2), "w")

    assert len(text) == FIELD_LIMIT
    assert list(storage.list()) == []


def test_what_is_read_is_kept_for_the_next_replay(storage):
    payloads = Payloads(storage)
    text = payloads.write("x" * 40_000, "w")
    for _ in range(3):
        payloads.read(text, "it")

    assert len(storage.operations.of("get")) == 1


def test_what_is_no_json_is_refused(storage):
    with pytest.raises(NotJSON, match="object"):
        Payloads(storage).write({"a": object()}, "w")


@pytest.mark.parametrize("text", ["{", "NaN", '{"a": 1, "a": 2}', "[" * 5000])
def test_a_text_that_is_no_json_is_told(storage, text):
    with pytest.raises(RecordCorrupt, match="it is"):
        Payloads(storage).read(text, "it")


@pytest.mark.parametrize("key", ["w/steps/a", "../payloads/" + "0" * 64 + ".json", "w/payloads/x.json", "", 3])
def test_a_pointer_to_anything_else_is_refused(storage, key):
    with pytest.raises(RecordCorrupt, match="which is no payload"):
        Payloads(storage).read(json.dumps({POINTER: key}), "it")


def test_an_object_that_is_gone_or_changed_is_told(storage):
    text = Payloads(storage).write("x" * 40_000, "w")
    (found,) = storage.list("w/payloads/")
    storage.put(found.key, b'"other"')
    with pytest.raises(RecordCorrupt, match="is not what was written under this name"):
        Payloads(storage).read(text, "it")

    storage.delete(found.key)
    with pytest.raises(ObjectNotFound):
        Payloads(storage).read(text, "it")


def test_a_long_text_is_read_from_the_storage_that_it_names():
    storage = MemoryStorage("payloads-elsewhere")
    text = Payloads(storage).write("x" * 40_000, "w")

    assert Stores(MemoryStorage()).of(text).read(text, "it") == "x" * 40_000


@pytest.mark.parametrize("name", ["", "a:b", "a/b", "a|b", "a\nb", "arn", "x" * 257])
def test_a_name_that_swf_does_not_take_is_refused(name):
    with pytest.raises(InvalidInput, match="SWF takes"):
        check_swf_name("task list", name)
