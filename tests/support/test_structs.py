from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from src.support.errors import UserError
from src.support.structs import Checked, convert


class Dot(Checked, tag_field="type", tag="dot"):
    size: Annotated[float, Meta(gt=0, le=10)] = 1.0


class Box(Checked, tag_field="type", tag="box"):
    sides: tuple[int, int] = (1, 1)
    label: str = ""


class Limits(Checked):
    low: float | None = None
    high: float | None = None


class Page(Checked):
    title: str
    color: Literal["red", "green", "blue"] = "red"
    copies: Annotated[int, Meta(ge=1)] = 1
    wide: bool = False
    tags: list[str] = []
    shapes: dict[str, Dot | Box] = {}
    limits: dict[str, Limits] = {}
    parts: list[Limits] = []
    frame: Limits | None = None


def refused(value: Any, where: str = "") -> UserError:
    with pytest.raises(UserError) as caught:
        convert(value, Page, where)
    return caught.value


def test_plain_values_become_a_struct() -> None:
    page = convert(
        {
            "title": "a",
            "shapes": {"one": {"type": "dot", "size": 2}, "two": {"type": "box", "sides": [3, 4]}},
            "frame": {"low": 1},
        },
        Page,
    )
    assert page.shapes == {"one": Dot(size=2.0), "two": Box(sides=(3, 4))}
    assert page.frame == Limits(low=1.0)
    assert page.color == "red"


def test_a_struct_is_frozen() -> None:
    with pytest.raises(AttributeError):
        convert({"title": "a"}, Page).title = "b"  # type: ignore[misc]


def test_an_unknown_key_lists_the_keys_and_suggests_one() -> None:
    error = refused({"title": "a", "colr": "red"}, "page")
    assert error.what == "Unknown key 'page.colr'."
    assert error.choices == sorted(
        ["title", "color", "copies", "wide", "tags", "shapes", "limits", "parts", "frame"]
    )
    assert error.fix == "did you mean 'color'?"


def test_an_unknown_key_at_the_top_stands_alone() -> None:
    assert refused({"title": "a", "zzz": 1}).what == "Unknown key 'zzz'."


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"limits": {"x": {"lowe": 1}}}, "page.limits.x.lowe"),
        ({"limits": {"x": {"low": 1}, "y": {"lowe": 1}}}, "page.limits.y.lowe"),
        ({"parts": [{}, {"lowe": 1}]}, "page.parts[1].lowe"),
        ({"frame": {"lowe": 1}}, "page.frame.lowe"),
    ],
)
def test_an_unknown_key_deep_inside_is_named_by_its_whole_path(
    value: dict[str, Any], path: str
) -> None:
    error = refused({"title": "a", **value}, "page")
    assert error.what == f"Unknown key '{path}'."
    assert error.choices == ["high", "low"]
    assert error.fix == "did you mean 'low'?"


def test_an_unknown_key_of_one_of_several_kinds_lists_the_keys_of_that_kind() -> None:
    error = refused({"title": "a", "shapes": {"s": {"type": "box", "labl": "x"}}})
    assert error.what == "Unknown key 'shapes.s.labl'."
    assert error.choices == ["label", "sides", "type"]
    assert error.fix == "did you mean 'label'?"


def test_a_missing_key_is_named_with_what_to_do() -> None:
    error = refused({}, "page")
    assert error.what == "The key 'page.title' is missing."
    assert error.fix == "add 'title' to page"
    error = refused({})
    assert error.what == "The key 'title' is missing."
    assert error.fix == "add 'title' to the configuration"


def test_a_missing_kind_is_named() -> None:
    error = refused({"title": "a", "shapes": {"s": {"size": 1}}})
    assert error.what == "The key 'shapes.s.type' is missing."


def test_a_wrong_kind_lists_the_kinds() -> None:
    error = refused({"title": "a", "shapes": {"a": {"type": "dot"}, "s": {"type": "bix"}}})
    assert "'shapes.s.type' is not valid" in error.what
    assert error.given == "'bix'"
    assert error.choices == ["dot", "box"]
    assert error.fix == "did you mean 'box'?"


@pytest.mark.parametrize("name", [" net price ", "net\nprice"])
def test_a_name_with_blanks_around_it_or_a_line_break_is_told_how_to_be_written(name: str) -> None:
    with pytest.raises(UserError, match="A name in 'x' is not valid") as caught:
        convert({name: 1}, dict[Annotated[str, Meta(pattern=r"^\S([^\n]*\S)?$")], int], "x")
    assert "write 'net price'" in (caught.value.fix or "")


def test_a_tab_among_choices_can_be_seen_and_typed() -> None:
    with pytest.raises(UserError) as caught:
        convert("\\t", Literal[",", "\t"], "separator")  # type: ignore[arg-type]
    assert caught.value.choices == [r"'\t'", ","] or caught.value.choices == [",", r"'\t'"]
    assert "type the tab itself" in (caught.value.fix or "")


def test_a_wrong_name_lists_the_names() -> None:
    error = refused({"title": "a", "color": "gren"}, "page")
    assert "'page.color' is not valid" in error.what
    assert error.given == "'gren'"
    assert sorted(error.choices or []) == ["blue", "green", "red"]
    assert error.fix == "did you mean 'green'?"


@pytest.mark.parametrize(
    ("key", "given", "allowed"),
    [
        ("copies", 0, "a whole number at least 1"),
        ("copies", 1.5, "a whole number at least 1"),
        ("copies", "1", "a whole number at least 1"),
        ("copies", None, "a whole number at least 1"),
        ("wide", "yes", "true, false"),
        ("wide", 1, "true, false"),
        ("title", 3, "text"),
        ("tags", "a", "a list"),
        ("shapes", [], "a mapping of names to values"),
        ("limits", 3, "a mapping of names to values"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_with_the_right_one(
    key: str, given: Any, allowed: str
) -> None:
    error = refused({"title": "a", key: given}, "page")
    assert f"'page.{key}' is not valid" in str(error)
    assert f"given:   {given!r}" in str(error)
    assert f"allowed: {allowed}" in str(error)


@pytest.mark.parametrize("given", [0, 11, -1, "2"])
def test_limits_of_a_number_are_told(given: Any) -> None:
    error = refused({"title": "a", "shapes": {"s": {"type": "dot", "size": given}}})
    assert "'shapes.s.size' is not valid" in error.what
    assert error.given == repr(given)
    assert error.choices is not None
    assert "above 0" in error.choices[0]
    assert "at most 10" in error.choices[0]


def test_the_culprit_among_the_items_is_found() -> None:
    value = {"title": "a", "limits": {"one": {"low": 1}, "two": {"low": "x"}, "three": {}}}
    error = refused(value)
    assert "'limits.two.low' is not valid" in error.what
    assert error.given == "'x'"
    error = refused({"title": "a", "tags": ["x", 3]})
    assert "'tags[1]' is not valid" in error.what
    assert error.given == "3"
    assert error.choices == ["text"]


def test_a_value_that_may_be_left_out_tells_what_it_may_be() -> None:
    error = refused({"title": "a", "frame": {"low": "x"}})
    assert "'frame.low' is not valid" in error.what
    assert "a number" in " ".join(error.choices or [])


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_what_is_no_mapping_is_refused(value: Any) -> None:
    assert "'page' is not valid" in refused(value, "page").what
    assert "'the configuration' is not valid" in refused(value).what


def test_the_value_is_left_as_it_was() -> None:
    value = {"title": "a", "limits": {"one": {"low": 1}, "two": {"low": "x"}}}
    refused(value)
    assert value == {"title": "a", "limits": {"one": {"low": 1}, "two": {"low": "x"}}}


RACE = """
import sys, threading
import msgspec
from msgspec import Meta
from typing import Annotated
from src.support.structs import convert

sys.setswitchinterval(1e-6)
FIELDS = [(f"f{n}", Annotated[int, Meta(ge=n)] | None, None) for n in range(20)]
for number in range(300):
    kind = msgspec.defstruct(f"Kind{number}", FIELDS)
    barrier = threading.Barrier(4)

    def first():
        barrier.wait()
        assert convert({"f1": "5"}, kind, is_text=True).f1 == 5

    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_may_use_a_kind_for_the_first_time_at_once() -> None:
    """In a process of its own, which crashes where they may not."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
