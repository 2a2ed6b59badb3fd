import dataclasses
import functools
import inspect
import sys
from typing import Annotated, Any

import pytest

from simpleflow_steps.codec import UnknownTarget, UnusableHint, describe, reference, resolve, return_hint, signature

HERE = __name__


@dataclasses.dataclass(eq=False)
class Activity:
    callable: Any
    name: str = "work"


def activity(function):
    return Activity(function)


@activity
def fetch(day: "int", *, deep: bool = False) -> "list[int]":
    raise NotImplementedError


def bare():
    raise NotImplementedError


def wrapper(function):
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapped


@activity
@wrapper
def wrapped(day: int) -> "dict[str, int]":
    raise NotImplementedError


@activity
class Load:
    def __init__(self, day: str) -> None:
        self.day = day

    def execute(self) -> Annotated[int, "kept"]:
        raise NotImplementedError


class Daily:
    name = None

    def run(self, day: str, n: int = 1) -> None:
        raise NotImplementedError

    class Child:
        name = "child"

        @staticmethod
        def run(day: str) -> int:
            raise NotImplementedError


other = Activity(bare)


@pytest.mark.parametrize(
    ("target", "name"),
    [(fetch, "fetch"), (wrapped, "wrapped"), (Load, "Load"), (Daily, "Daily"), (Daily.Child, "Daily.Child")],
)
def test_a_reference_leads_back_to_its_target(target, name):
    assert reference(target) == f"{HERE}:{name}"
    assert resolve(reference(target)) is target


@pytest.mark.parametrize(
    "name",
    [
        "simpleflow_steps_not_imported:fetch",
        "os:system",
        "subprocess:Popen",
        f"{HERE}:bare",
        f"{HERE}:other",
        f"{HERE}:gone",
        f"{HERE}:Daily.gone.deeper",
        f"{HERE}:fetch.callable",
        f"{HERE}:",
        HERE,
        "",
        ":",
    ],
)
def test_a_reference_to_anything_else_leads_nowhere(name):
    with pytest.raises(UnknownTarget, match=name or "not imported"):
        resolve(name)


def test_resolving_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "waiting.py").write_text("class Daily:\n    def run(self): ...\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(UnknownTarget, match="the module waiting is not imported"):
        resolve("waiting:Daily")

    assert "waiting" not in sys.modules


SCRIPT = """
import sys
from simpleflow_steps.codec import reference, resolve
class Daily:
    def run(self): ...
print(__name__, reference(Daily))
assert resolve(reference(Daily)) is resolve("__main__:Daily") is Daily
"""


def test_the_main_module_goes_by_the_name_it_is_imported_under(python, tmp_path):
    script = tmp_path / "pkg" / "flow.py"
    script.parent.mkdir()
    script.write_text(SCRIPT)

    assert python(script) == "__main__ flow:Daily\n"
    assert python("-m", "pkg.flow", cwd=tmp_path) == "__main__ pkg.flow:Daily\n"


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        (fetch, list[int]),
        (wrapped, dict[str, int]),
        (Load, Annotated[int, "kept"]),
        (Daily, type(None)),
        (Daily.Child, int),
        (other, inspect.Signature.empty),
    ],
)
def test_the_return_annotation_is_evaluated_where_it_was_written(target, hint):
    assert return_hint(target) == hint


def test_one_bad_annotation_does_not_spoil_another():
    def work(day: "Unknown") -> "int": ...  # noqa: F821

    assert return_hint(Activity(work)) is int


def test_text_that_means_nothing_is_named_with_the_cure():
    def work() -> "Unknown": ...  # noqa: F821

    with pytest.raises(UnusableHint, match=r"'Unknown' cannot be evaluated .*outside `if TYPE_CHECKING`"):
        return_hint(Activity(work))


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (fetch, ["day", "deep"]),
        (wrapped, ["day"]),
        (Load, ["day"]),
        (Daily, ["day", "n"]),
        (Daily.Child, ["day"]),
    ],
)
def test_the_signature_has_no_self(target, names):
    assert list(signature(target).parameters) == names


def test_targets_are_described_by_kind_and_name():
    assert describe(fetch) == "activity work"
    assert describe(Daily) == "workflow Daily"
    assert describe(Daily.Child) == "workflow child"
