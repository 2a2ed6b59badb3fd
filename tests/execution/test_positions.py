from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.execution.positions import OUTSIDE, Position, Positions, read_time, waits_inside, write_time
from simpleflow_steps.step.names import check_selectors, check_step_name
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage

HOSTILE = [
    "",
    ".",
    "..",
    "...",
    "a/b",
    "/",
    "//",
    "%",
    "%2F",
    "a%",
    "*",
    "~",
    "-",
    " a ",
    "été 😀",
    "\n\0",
    "x" * 1000,
    "😀" * 300,
]
LONGEST_ID = "w" * 255


@pytest.fixture
def positions(storage: MemoryStorage) -> Positions:
    return Positions(storage, "w")


def keys(storage: MemoryStorage) -> list[str]:
    return [found.key for found in storage.list()]


def test_the_nth_wait_is_the_same_wait_in_every_run(storage: MemoryStorage, positions: Positions) -> None:
    first, second = (positions.next(0, "load", "signal", "go") for _ in range(2))
    positions.remember(first, "id1")
    positions.remember(second, "id2")
    again = Positions(storage, "w")

    assert [first.number, second.number] == [1, 2]
    assert again.list() == {again.next(0, "load", "signal", "go"): "id1", again.next(0, "load", "signal", "go"): "id2"}


def test_kinds_names_scopes_and_generations_count_apart(positions: Positions) -> None:
    places = [(0, "a", "signal", "x"), (1, "a", "signal", "x"), (0, "b", "signal", "x"), (0, None, "signal", "x")]
    places += [(0, "a", "timer", "x"), (0, "a", "signal", "y")]

    assert {positions.next(*place).number for place in places} == {1}


def test_executions_do_not_mix(storage: MemoryStorage, positions: Positions) -> None:
    position = positions.next(0, None, "timer", "t")
    Positions(storage, "w2").remember(position, "v")

    assert positions.list() == {}


def test_what_is_in_no_step_has_a_scope_that_no_step_has(positions: Positions) -> None:
    assert positions.next(0, None, "timer", "t").scope == OUTSIDE
    with pytest.raises(ValueError, match="every step"):
        check_step_name(OUTSIDE)
    assert check_selectors(["-"], "force") == ("-",)
    assert positions.next(0, "-", "timer", "t").number == 1


def test_to_remember_twice_is_to_remember(positions: Positions) -> None:
    position = positions.next(0, None, "timer", "t")
    positions.remember(position, "v")
    positions.remember(position, "v")

    assert positions.list() == {position: "v"}


def test_a_step_that_is_played_anew_forgets_its_waits(storage: MemoryStorage, positions: Positions) -> None:
    mine, other = positions.next(0, "a", "signal", "go"), positions.next(0, "a.b", "signal", "go")
    for position in (mine, other):
        positions.remember(position, "id")
    positions.forget(waits_inside("a", positions.list()))
    positions.restart("a")

    assert positions.list() == {other: "id"}
    assert positions.next(0, "a", "signal", "go") == mine
    assert positions.next(0, "a.b", "signal", "go").number == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_will_do(storage: MemoryStorage, name: str) -> None:
    positions = Positions(storage, LONGEST_ID)
    position = positions.next(0, "a", "timer", name)
    positions.remember(position, write_time(datetime.now(UTC)))
    again = Positions(storage, LONGEST_ID)
    known = again.list()

    assert list(known) == [again.next(0, "a", "timer", name)]
    (key,) = keys(storage)
    assert not {"", ".", ".."} & set(key.split("/"))
    assert max(len(part.encode()) for part in key.split("/")) <= 255
    again.forget(waits_inside("a", known))
    assert keys(storage) == []


@pytest.mark.parametrize("step", ["x" * 255, "é" * 127, "😀" * 63, "-", "~", ".." + "x"])
def test_any_step_will_do(storage: MemoryStorage, step: str) -> None:
    positions = Positions(storage, LONGEST_ID)
    positions.remember(positions.next(0, step, "timer", "x" * 1000), "v")
    positions.forget(waits_inside(step, positions.list()))

    assert keys(storage) == []


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.text("ab%/.~é", max_size=3)), unique=True)
)
def test_names_that_differ_are_different_waits(names: list[tuple[str, str]]) -> None:
    storage = MemoryStorage()
    positions = Positions(storage, "w")
    for number, (scope, name) in enumerate(names):
        if scope:
            positions.remember(positions.next(3, scope, "signal", name), str(number))
    again = Positions(storage, "w")
    known = again.list()

    assert [known[again.next(3, scope, "signal", name)] for scope, name in names if scope] == [
        str(number) for number, (scope, _) in enumerate(names) if scope
    ]


def test_a_directory_holds_them_too(tmp_path: object) -> None:
    positions = Positions(DirectoryStorage(str(tmp_path)), "w")
    made = [positions.next(0, None, "timer", name) for name in HOSTILE]
    for position in made:
        positions.remember(position, "v")

    assert positions.list() == dict.fromkeys(made, "v")


@pytest.mark.parametrize(
    "key", ["", "x", "0/a/timer/t/1", "²/a/timer/t/1/v", "0/a/timer/t/-1/v", "0/a/timer/t/1/v/w", "٣/*"]
)
def test_what_others_left_there_is_not_ours(storage: MemoryStorage, positions: Positions, key: str) -> None:
    storage.put(f"w/waits/{key}", b"")

    assert positions.list() == {}


def test_the_object_can_be_read_by_people(storage: MemoryStorage, positions: Positions) -> None:
    positions.remember(Position(0, "load", "signal", "go", 1), "id")

    assert keys(storage) == ["w/waits/0/load/signal/go/1/id"]
    assert b'"name": "go"' in storage.get("w/waits/0/load/signal/go/1/id")


def test_a_time_is_read_as_it_was_written_in_any_zone() -> None:
    moment = datetime(2026, 11, 20, 23, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))

    assert read_time(write_time(moment)) == moment
    assert write_time(moment) == "20261121T043000.123456Z"
    assert read_time("no time") is None
