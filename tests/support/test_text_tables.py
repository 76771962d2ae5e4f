from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.support import extras, text_tables


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (np.float64("nan"), "-"),
        (0.123456789, "0.123457"),
        (np.float64(0.123456789), "0.123457"),
        (1234567.0, "1.23457e+06"),
        (2.0, "2"),
        (0, "0"),
        (1234567, "1234567"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_cell_has_six_digits_at_most_and_a_dash_for_nothing(value: object, cell: str) -> None:
    assert text_tables.text(value) == cell


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_title_columns_and_rows_are_shown_in_their_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text_tables.show("Runs", ["model", "mae"], [["ridge", 2.5], ["xgboost", 1.25]])
    title, _, header, _, first, second, *_ = shown(capsys)
    assert title == "Runs"
    assert header.split() == ["model", "mae"]
    assert [first.split(), second.split()] == [["ridge", "2.5"], ["xgboost", "1.25"]]


def test_a_title_may_be_wider_than_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    title = "3 labels of a dataset that has a long name"
    text_tables.show(title, ["a", "b"], [["x", 1]])
    assert shown(capsys)[0] == title


def test_without_a_title_none_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("", ["a", "b"], [["x", 1]])
    assert shown(capsys)[1].split() == ["a", "b"]


def test_numbers_stand_to_the_right_and_words_to_the_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text_tables.show("", ["model", "mae"], [["ridge", 2.5], ["xgboost", None], ["svc", 1234.5]])
    lines = [line for line in shown(capsys) if line.split()[:1] in (["ridge"], ["svc"])]
    ridge, svc = lines
    assert ridge.index("ridge") == svc.index("svc")
    assert len(ridge) == len(svc)
    assert ridge.endswith(" 2.5")


def test_a_table_without_rows_shows_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("Runs", ["model", "mae"], [])
    assert any(line.split() == ["model", "mae"] for line in shown(capsys))


def test_rows_may_come_from_an_iterator(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("Runs", ["model"], (iter([name]) for name in ("ridge", "lasso")))
    assert {"ridge", "lasso"} <= {line.strip() for line in shown(capsys)}


def test_a_line_is_not_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("Runs", ["a", "b"], [["x" * 100, "y" * 100]])
    assert any("x" * 100 in line and "y" * 100 in line for line in shown(capsys))


def test_a_cell_that_is_wider_than_all_is_folded_and_not_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "".join(f"{at:05d}" for at in range(100))
    text_tables.show("", ["note"], [[words]])
    assert words in "".join(line.strip() for line in shown(capsys))


def test_on_a_terminal_a_table_is_as_wide_as_the_terminal(root: Path) -> None:
    code = (
        "from src.support import text_tables; "
        "text_tables.show('Runs', ['a', 'b'], [['x' * 70, 'y' * 70]])"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=theirs,
        env={**os.environ, "PYTHONPATH": str(root), "TERM": "xterm", "COLUMNS": "60"},
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError):  # the other side has been closed
        while piece := os.read(ours, 4096):
            seen += piece
    os.close(ours)
    assert child.wait() == 0
    assert seen.count(b"x") == seen.count(b"y") == 70
    assert not re.search(rb"x{60}", seen)


def test_what_looks_like_markup_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("Runs", ["note"], [["[red]not red[/red] [1, 2]"]])
    assert any("[red]not red[/red] [1, 2]" in line for line in shown(capsys))


def test_what_looks_like_an_emoji_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text_tables.show("Runs", ["note"], [["10:100:10 :warning:"]])
    assert any("10:100:10 :warning:" in line for line in shown(capsys))


def test_without_what_draws_tables_they_are_plain(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "has", lambda _: False)
    text_tables.show("Runs", ["model", "mae"], [["ridge", 2.5], ["xgboost", None], ["svc", 1234.5]])
    assert shown(capsys) == [
        "Runs",
        "",
        "model       mae",
        "-------  ------",
        "ridge       2.5",
        "xgboost       -",
        "svc      1234.5",
        "",
    ]
    text_tables.show("", ["model"], [])
    assert shown(capsys) == ["", "model", "-----", ""]
