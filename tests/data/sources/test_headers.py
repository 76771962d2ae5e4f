from __future__ import annotations

import warnings

import pytest

from src.data import sources
from src.support.errors import UserError


def frame(header: str, columns, rows: str = "1,2\n"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sources.parse(f"{header}\n{rows}".encode(), "rows.csv", columns=columns)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\n\n"])
@pytest.mark.parametrize("wanted", ["Depth (m)", "Depth\n(m)"])
def test_a_line_break_in_a_header_counts_as_a_space(end: str, wanted: str) -> None:
    raw = frame(f'"Depth{end}(m)",b', {"depth": wanted})
    assert raw.frame.to_dict("list") == {"depth": ["1"]}
    assert list(raw.whole.columns) == [wanted, "b"]


def test_what_is_written_exactly_so_comes_first() -> None:
    raw = frame('"a\nb",a b', {"one": "a b", "two": "a\nb"})
    assert raw.frame.to_dict("list") == {"one": ["2"], "two": ["1"]}


def test_one_column_may_be_two_features() -> None:
    assert frame("a,b", {"x": "a", "y": "a"}).frame.to_dict("list") == {"x": ["1"], "y": ["1"]}


def test_names_that_nobody_asks_for_may_stand_twice_or_be_none(
    recwarn: pytest.WarningsRecorder,
) -> None:
    raw = sources.parse(b"v1,v2,,,x,x\n1,2,3,4,5,6\n", "rows.csv", columns=["v1", "v2"])
    assert raw.frame.to_dict("list") == {"v1": ["1"], "v2": ["2"]}
    assert [str(one.message) for one in recwarn] == ["rows.csv: ignoring the extra column(s) x, x"]


def test_a_name_that_is_asked_for_stands_once() -> None:
    with pytest.raises(UserError, match="Duplicate column"):
        frame("a,a", ["a"])


def test_a_long_header_is_not_shown_whole() -> None:
    header = ",".join(f"c{at}" for at in range(200))
    with pytest.raises(UserError) as caught:
        frame(header, ["absent"], header + "\n")
    assert "c29 and 170 more" in str(caught.value.given)
