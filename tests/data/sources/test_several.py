from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from src.data import sources
from src.support.errors import UserError


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "b.csv").write_text("b,a\n1,2\n3,4,5\n")
    (folder / "a.csv").write_text("a,b\n6,7\n")
    (folder / "deep").mkdir()
    (folder / "deep/c.csv").write_text("a,b\n8,9\n")
    return folder


def read(source: str) -> sources.Raw:
    return sources.read(source, columns=["a", "b"])


def test_files_are_one_table_in_the_order_of_their_names(parts: Path) -> None:
    raw = read("parts/*.csv")
    assert raw.frame.to_numpy().tolist() == [["6", "7"], ["2", "1"], ["4", "3"]]
    assert list(raw.frame.index) == ["parts/a.csv:2", "parts/b.csv:2", "parts/b.csv:3"]
    assert {place: one.rule for place, one in raw.faults.items()} == {"parts/b.csv:3": "ragged"}
    assert list(raw.readable["a"]) == ["6", "2"]


def test_two_stars_are_any_folders(parts: Path) -> None:
    assert len(read("parts/**/*.csv").frame) == 4


def test_the_md5_is_that_of_all_files(parts: Path) -> None:
    first = read("parts/*.csv").md5
    (parts / "a.csv").write_text("a,b\n6,8\n")
    assert read("parts/*.csv").md5 != first


@pytest.mark.filterwarnings("ignore:.*ignoring the extra column")
def test_a_file_with_other_columns_is_named(parts: Path) -> None:
    (parts / "c.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(UserError, match="different columns") as caught:
        read("parts/*.csv")
    assert caught.value.given == "parts/c.csv, which differs from parts/a.csv in c"


def test_a_file_without_a_column_is_named(parts: Path) -> None:
    (parts / "c.csv").write_text("a\n1\n")
    with pytest.raises(UserError, match="lacks the column 'b'") as caught:
        read("parts/*.csv")
    assert "parts/c.csv" in str(caught.value.given)


def test_a_pattern_that_names_nothing_is_told(parts: Path) -> None:
    with pytest.raises(UserError, match="No file has a name"):
        read("parts/*.txt")


def test_a_file_may_have_a_star_in_its_own_name(parts: Path) -> None:
    (parts / "a [1].csv").write_text("a,b\n0,0\n")
    raw = read("parts/a [1].csv")
    assert list(raw.frame.index) == [2]


def test_a_stream_names_each_row_by_its_file(parts: Path) -> None:
    stream = sources.Stream("parts/*.csv", columns=["a", "b"])
    each, whole = list(stream), read("parts/*.csv")
    pd.testing.assert_frame_equal(pd.concat([one.frame for one in each]), whole.frame)
    pd.testing.assert_frame_equal(pd.concat([one.whole for one in each]), whole.whole)
    assert {place for one in each for place in one.faults} == set(whole.faults)
    assert stream.md5 == whole.md5


def test_a_stream_of_files_with_different_columns_is_refused(parts: Path) -> None:
    (parts / "c.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(UserError, match="different columns"), pytest.warns(match="extra"):
        list(sources.Stream("parts/*.csv", columns=["a", "b"]))
