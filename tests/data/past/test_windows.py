from __future__ import annotations

import pytest

from src.data.past import windows
from src.data.past.windows import LONGEST, Window
from src.support.errors import UserError


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("lag(load, 24)", Window("lag", "load", 24, 24)),
        (" lag ( `net load` ,1 ) ", Window("lag", "net load", 1, 1)),
        ("mean(load, 1..168)", Window("mean", "load", 1, 168)),
        ("std(load,2 .. 3)", Window("std", "load", 2, 3)),
        ("lag(load, 0)", Window("lag", "load", 0, 0)),
        ("mean(größe, -3..2)", Window("mean", "größe", -3, 2)),
    ],
)
def test_a_window_is_read(text: str, window: Window) -> None:
    assert windows.parse(text) == window


@pytest.mark.parametrize(
    "text",
    [
        "min(a, 3)",
        "max(load, 1)",
        "a - b",
        "lag(load)",
        "mean(load, 24)",
        "lag(load, 1..2)",
        "1..2",
    ],
)
def test_what_is_no_window_is_none(text: str) -> None:
    assert windows.parse(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lag(load, 0)", "its own row, or into the future"),
        ("lag(load, -1)", "its own row, or into the future"),
        ("mean(load, 0..3)", "its own row, or into the future"),
        ("mean(load, 9..3)", "from the nearer step to the farther one"),
        ("mean(load, 3..3)", "from the nearer step to the farther one"),
        (f"lag(load, {LONGEST + 1})", "longer than 100,000 steps"),
        ("lag(load, 24) / 2", "is no window of the past"),
        ("mean(load, 24)", "is no window of the past"),
        ("mean(load, 1...3)", "is no window of the past"),
        ("lag(load, 1.5)", "is no window of the past"),
    ],
)
def test_what_cannot_be_a_window_is_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        windows.check("x", text)
    assert "lag(load, 24)" in (error.value.choices or ["lag(load, 24)"])


@pytest.mark.parametrize("text", ["min(a, 3)", "a - b", "lag(a, 1)", "sum(a, 1..7)", "lagging + 1"])
def test_windows_and_arithmetic_are_left_alone(text: str) -> None:
    windows.check("x", text)


def test_a_window_is_said() -> None:
    said = [windows.parse(text) for text in ("lag(load, 1)", "lag(load, 24)", "max(load, 1..7)")]
    assert [one.words() for one in said if one] == [
        "load, 1 step before",
        "load, 24 steps before",
        "max of load, 1 to 7 steps before",
    ]
