from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.exceptions import InvalidInput
from tests.cli.conftest import Sfs


def test_finds_a_workflow_in_the_current_directory() -> None:
    assert find_workflow("flows:Daily").get_name() == "daily"


def test_finds_a_workflow_in_a_package_and_inside_a_class(flows: Path) -> None:
    (flows / "jobs" / "deep").mkdir(parents=True)
    (flows / "jobs" / "deep" / "nightly.py").write_text(
        "from simpleflow_steps import Workflow\nclass Jobs:\n    class Inner(Workflow): pass\n"
    )

    assert find_workflow("jobs.deep.nightly:Jobs.Inner").get_name() == "Inner"


def test_the_current_directory_comes_before_what_is_installed(flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (flows / "installed").mkdir()
    (flows / "installed" / "both.py").write_text("")
    monkeypatch.syspath_prepend(flows / "installed")
    (flows / "both.py").write_text("from simpleflow_steps import Workflow\nclass Mine(Workflow): pass\n")

    assert find_workflow("both:Mine").get_name() == "Mine"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("flow:Daily", r"there is no module 'flow'.*did you mean flows\?"),
        ("nowhere:Daily", "there is no module 'nowhere', neither in .* nor among the installed ones$"),
        ("nowhere.deep:Daily", "there is no module 'nowhere.deep': 'nowhere' is not there"),
        ("flows.deep:Daily", "there is no module 'flows.deep'"),
        ("flows:Dayli", r"has no 'Dayli' \(did you mean Daily\?\); workflows in flows: .*Failing"),
        ("flows:double", "flows:double is no class but .*; workflows in flows: "),
        ("flows:date", "flows:date does not inherit from Workflow; workflows in flows: "),
        ("json:JSONDecoder", "does not inherit from Workflow; json has no workflow"),
        ("flows", "name the workflow too, as MODULE:WORKFLOW; workflows in flows: "),
        ("flows:", "name the workflow too"),
        ("flows.py:Daily", "name the module, not its file: flows:Daily"),
        ("./jobs/flows.py", "name the module, not its file: jobs.flows:WORKFLOW"),
        (":Daily", "write MODULE:WORKFLOW"),
        ("", "write MODULE:WORKFLOW"),
        ("my-flows:Daily", "write MODULE:WORKFLOW"),
    ],
)
def test_says_what_is_not_there_and_what_is_near(target: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        find_workflow(target)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import not_installed", "ModuleNotFoundError: No module named 'not_installed' .*broken.py, line 1"),
        ("from json import nothing_there", "ImportError: cannot import name 'nothing_there'"),
        ("1 / 0", "ZeroDivisionError: division by zero .*broken.py, line 1"),
        ("class:", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", r"sys.exit\(3\)"),
    ],
)
def test_tells_a_module_that_cannot_be_imported_from_one_that_is_not_there(flows: Path, source: str, said: str) -> None:
    (flows / "broken.py").write_text(source)

    with pytest.raises(InvalidInput, match=f"the module broken is there but cannot be imported: .*{said}"):
        find_workflow("broken:Daily")


def test_a_wrong_target_is_wrong_use_and_leaves_nothing(sfs: Sfs, objects: Callable[[], dict[str, bytes]]) -> None:
    result = sfs("run", "flow:Daily")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: there is no module 'flow'")
    assert len(result.stderr.splitlines()) == 1
    assert not objects()
