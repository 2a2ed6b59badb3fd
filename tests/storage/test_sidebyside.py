from __future__ import annotations

import threading

import pytest

from simpleflow_steps.storage.sidebyside import one_by_one, side_by_side


def test_answers_come_in_the_order_of_the_items() -> None:
    second_is_there = threading.Event()

    def ask(item: int) -> int:
        if item == 0:
            assert second_is_there.wait(10)
        else:
            second_is_there.set()
        return item * 10

    told: list[tuple[int, int]] = []

    assert side_by_side(ask, [0, 1], lambda count, total: told.append((count, total))) == [0, 10]
    assert told == [(1, 2), (2, 2)]


def test_nothing_is_asked_for_no_item() -> None:
    assert side_by_side(pytest.fail, []) == []


def test_after_a_failure_nothing_more_is_asked() -> None:
    asked: list[int] = []

    def ask(item: int) -> None:
        asked.append(item)
        raise LookupError(item)

    with pytest.raises(LookupError, match="0"):
        list(one_by_one(ask, range(1000), workers=1))

    assert len(asked) < 1000


def test_once_nobody_takes_answers_the_rest_is_dropped() -> None:
    asked: list[int] = []
    go_on = threading.Event()

    def ask(item: int) -> int:
        asked.append(item)
        assert item == 0 or go_on.wait(10)
        return item

    answers = one_by_one(ask, range(1000), workers=2)

    assert next(answers) == 0
    go_on.set()
    answers.close()
    assert len(asked) < 1000
