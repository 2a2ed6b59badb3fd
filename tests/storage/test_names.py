from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.storage.names import LONGEST, names_of, part_of, path_of, text_of

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="/"), max_size=400)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("fetch.a b+é", ["fetch.a b+é"]),
        ("", ["%-"]),
        (".", ["%2E"]),
        ("..", ["%2E%2E"]),
        ("...", ["..."]),
        (".a", [".a"]),
        ("50%", ["50%25"]),
        ("%41", ["%2541"]),
        ("a\\b", ["a%5Cb"]),
        ("a\nb\x7f\x85", ["a%0Ab%7F%C2%85"]),
        ("x" * 200, ["x" * 200]),
        ("x" * 201, ["x" * 200 + "%+", "x"]),
        ("x" * 199 + "é", ["x" * 199 + "%+", "é"]),
        ("x" * 198 + "%", ["x" * 198 + "%+", "%25"]),
    ],
)
def test_names_of_a_part(part: str, names: list[str]) -> None:
    encoded = tuple(name.encode() for name in names)

    assert names_of(part) == encoded
    assert part_of(encoded) == part


def test_a_path_is_its_directories_and_a_file() -> None:
    assert path_of("a//b") == ((b"a", b"%-"), b"b")
    assert path_of("a/" + "x" * 201) == ((b"a", b"x" * 200 + b"%+"), b"x")


@given(TEXTS)
def test_any_part_is_read_back_from_safe_names(part: str) -> None:
    names = names_of(part)

    assert part_of(names) == part
    for name in names:
        assert 0 < len(name) <= LONGEST + 2
        assert name not in {b".", b".."}
        assert not {0, ord("/"), ord("\\")} & set(name)
        assert not name.startswith((b"%lock", b"%tmp"))
        name.decode()
    assert not names[-1].endswith((b"%", b"%+"))
    assert part.startswith(text_of(names[:1]) or "")


@pytest.mark.parametrize(
    "names",
    [
        [b""],
        [b"%"],
        [b"%lock"],
        [b"%tmp"],
        [b"%41"],
        [b"%2e"],
        [b"a%"],
        [b"\xff"],
        [b"x" * 201],
        [b"a%+", b"b"],
        [b"%-%+"],
    ],
)
def test_names_that_no_part_has_are_none(names: list[bytes]) -> None:
    assert part_of(tuple(names)) is None
