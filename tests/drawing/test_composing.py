from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from simpleflow_steps.drawing.composing import MOST_ARROWS, MOST_BOXES, compose
from simpleflow_steps.drawing.graph import FOLDED, FOLLOWED, FORCES, Box, Graph
from simpleflow_steps.drawing.states import DONE, FAILED
from simpleflow_steps.drawing.subject import DrawnChild, DrawnStep, Play, Subject

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def subject(*steps: DrawnStep, children: Iterable[DrawnChild] = ()) -> Subject:
    return Subject("d1", {step.name: step for step in steps}, tuple(children))


def played(name: str, begin: int, end: int, run_id: str = "1", **more: object) -> DrawnStep:
    play = Play(run_id, NOON + timedelta(seconds=begin), NOON + timedelta(seconds=end), float(end - begin))
    return DrawnStep(name, DONE, play=play, **more)


def nested(boxes: Iterable[Box]) -> dict[str, object]:
    return {box.label: nested(box.items) for box in boxes}


def arrows(graph: Graph, kind: str) -> set[tuple[str, str]]:
    labels = {box.id: box.label for box in graph.walk()}
    return {(labels[arrow.tail], labels[arrow.head]) for arrow in graph.arrows if arrow.kind == kind}


class TestBoxes:
    def test_steps_whose_names_begin_alike_are_in_a_box(self) -> None:
        names = ["load", "stats.2012.may", "stats.2012.june", "stats.2013.may", "lone.name"]

        graph = compose(subject(*map(DrawnStep, names)))

        months = {"stats.2012.may": {}, "stats.2012.june": {}}
        assert nested(graph.boxes) == {
            "load": {},
            "stats": {"stats.2012": months, "stats.2013.may": {}},
            "lone.name": {},
        }

    def test_a_step_is_in_the_step_around_it(self) -> None:
        steps = [DrawnStep("report"), DrawnStep("report.pdf", within="report"), DrawnStep("mail", within="report.pdf")]

        assert nested(compose(subject(*steps)).boxes) == {"report": {"report.pdf": {"mail": {}}}}

    def test_a_child_workflow_is_a_box_with_its_own_steps(self) -> None:
        child = DrawnChild("c1", "child", DONE, "ask", subject(DrawnStep("inner", DONE)))

        graph = compose(subject(DrawnStep("ask"), children=[child]))

        assert nested(graph.boxes) == {"ask": {"c1 (child)": {"inner": {}}}}

    def test_steps_inside_each_other_all_the_way_round_are_drawn_once(self) -> None:
        steps = [
            DrawnStep("a", within="b"),
            DrawnStep("b", within="a"),
            DrawnStep("c", within="c"),
            DrawnStep("d", within="gone"),
        ]

        assert nested(compose(subject(*steps)).boxes) == {"a": {}, "b": {}, "c": {}, "d": {}}

    @pytest.mark.parametrize("dots", [10, 5_000])
    def test_names_and_insides_of_any_depth_are_drawn(self, dots: int) -> None:
        names = [".".join("ab"[place % 2] for place in range(each)) for each in (dots, dots + 1, dots + 2)]
        inside = [DrawnStep(f"in{place}", within=f"in{place - 1}" if place else None) for place in range(dots)]

        graph = compose(subject(*map(DrawnStep, names), *inside), fold=None)

        assert sum(len(box.steps) for box in graph.walk()) == 3 + dots


class TestFolds:
    def test_what_is_too_much_for_a_box_is_folded_and_told(self) -> None:
        steps = [DrawnStep(f"part.{number}", DONE) for number in range(3000)]

        graph = compose(subject(*steps), fold=20)

        (group,) = graph.boxes
        assert [box.label for box in group.items if box.kind == FOLDED] == ["2981 more: 2981 done"]
        assert len(group.items) == 20
        assert any("2981 steps are folded" in note for note in graph.notes)

    def test_what_failed_is_not_folded(self) -> None:
        steps = [DrawnStep(f"part.{number}", FAILED if number == 2500 else DONE) for number in range(3000)]

        assert "part.2500" in {box.label for box in compose(subject(*steps)).walk()}

    def test_folds_of_folds_keep_the_whole_small(self) -> None:
        steps = [DrawnStep(f"{a}.{b}.{c}", DONE) for a in range(18) for b in range(18) for c in range(18)]

        graph = compose(subject(*steps))

        assert len(list(graph.walk())) <= MOST_BOXES
        assert sum(len(box.steps) for box in graph.walk()) == 18**3

    def test_a_step_is_told_once_however_often_it_is_folded(self) -> None:
        steps = [DrawnStep(f"{a}.{b}", DONE) for a in range(10) for b in range(10)]

        graph = compose(subject(*steps), fold=2)

        assert [box.label for box in graph.boxes if box.kind == FOLDED] == ["90 more: 90 done"]
        assert any(note.startswith("99 steps are folded") for note in graph.notes)

    def test_nothing_is_folded_if_that_is_asked(self) -> None:
        steps = [DrawnStep(f"part{number}") for number in range(1000)]

        assert len(compose(subject(*steps), fold=None).boxes) == 1000


class TestArrows:
    def test_a_step_points_to_what_it_forces(self) -> None:
        graph = compose(subject(DrawnStep("load", dependents=("report",)), DrawnStep("report")))

        assert arrows(graph, FORCES) == {("load", "report")}

    def test_a_name_is_forced_as_a_whole_and_forces_as_a_whole(self) -> None:
        years = [DrawnStep(f"stats.{year}", dependents=("report",)) for year in (2012, 2013)]

        graph = compose(subject(DrawnStep("clean", dependents=("stats",)), *years, DrawnStep("report")))

        assert arrows(graph, FORCES) == {("clean", "stats"), ("stats", "report")}

    def test_steps_of_one_name_that_force_differently_each_have_arrows(self) -> None:
        steps = [DrawnStep("a.1", dependents=("a.2",)), DrawnStep("a.2", dependents=("b",)), DrawnStep("b")]

        assert arrows(compose(subject(*steps)), FORCES) == {("a.1", "a.2"), ("a.2", "b")}

    def test_a_forced_name_that_nobody_met_is_drawn_as_unknown(self) -> None:
        graph = compose(subject(DrawnStep("load", dependents=("lost",))))

        assert arrows(graph, FORCES) == {("load", "lost")}
        assert [box.state for box in graph.walk() if box.label == "lost"] == ["unknown"]

    def test_of_the_names_that_nobody_met_there_are_not_too_many(self) -> None:
        graph = compose(subject(DrawnStep("load", dependents=tuple(f"lost{number}" for number in range(900)))))

        assert len(graph.boxes) == 51
        assert any("More than 50 names" in note for note in graph.notes)

    def test_a_childs_steps_have_arrows_of_their_own(self) -> None:
        steps = (DrawnStep("load", dependents=("report", "lost")), DrawnStep("report"))
        child = DrawnChild("c1", "child", DONE, None, subject(*steps))

        graph = compose(subject(*steps, children=[child]))

        assert len(graph.arrows) == 4
        assert len({arrow.head for arrow in graph.arrows}) == 4

    def test_all_steps_are_forced_in_words(self) -> None:
        graph = compose(subject(DrawnStep("load", dependents=("*",)), DrawnStep("report")))

        assert graph.arrows == ()
        assert graph.notes == ("load forces every step if it runs.",)

    def test_what_began_when_the_other_was_over_follows_it(self) -> None:
        graph = compose(subject(played("a", 0, 2), played("b", 3, 4), played("c", 3, 5)))

        assert arrows(graph, FOLLOWED) == {("a", "b")}

    def test_what_is_forced_needs_no_other_arrow(self) -> None:
        graph = compose(subject(played("a", 0, 2, dependents=("b",)), played("b", 3, 4)))

        assert arrows(graph, FOLLOWED) == set()

    def test_times_of_different_runs_tell_nothing(self) -> None:
        assert compose(subject(played("a", 0, 2, "1"), played("b", 3, 4, "2"))).arrows == ()

    def test_there_are_not_too_many(self) -> None:
        every = tuple(f"s{number}" for number in range(300))

        graph = compose(subject(*(DrawnStep(name, dependents=every) for name in every)), fold=None)

        assert len(graph.arrows) == MOST_ARROWS
        assert any("arrows are left out" in note for note in graph.notes)
