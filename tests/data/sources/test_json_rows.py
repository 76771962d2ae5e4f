from __future__ import annotations

import pytest

from src.data import sources
from src.data.sources import grid, json_rows, text
from src.support.errors import UserError


def parse(data: str | bytes, columns: str = "ab") -> sources.Raw:
    data = data.encode() if isinstance(data, str) else data
    return sources.parse(data, "rows.json", columns=list(columns))


def test_each_line_is_a_row() -> None:
    raw = parse('{"a": 1.0, "b": "x"}\n\n{"b": null, "a": true}\n{"a": [1]}')
    assert raw.frame.to_numpy().tolist() == [["1", "x"], ["true", ""], ["[1]", ""]]
    assert list(raw.frame.index) == [1, 3, 4]
    assert raw.kind == "json"


def test_an_array_has_a_row_for_each_object() -> None:
    raw = parse('\ufeff [{"a": 1, "b": 2},\n {"b": 12345678901234567890}]')
    assert raw.frame.to_numpy().tolist() == [["1", "2"], ["", "12345678901234567890"]]
    assert list(raw.frame.index) == [1, 2]


def test_what_an_object_holds_has_columns_of_its_own() -> None:
    lines = '{"a": {"x": 1, "y": {"z": "deep"}}, "b": {}}\n{"a": {"y": 2}}\n{"a": 3}\n'
    raw = sources.parse(lines.encode(), "rows.json", columns=["a.x", "a.y.z", "a.y", "a", "b"])
    assert raw.frame.to_numpy().tolist() == [
        ["1", "deep", "", "", "{}"],
        ["", "", "2", "", ""],
        ["", "", "", "3", ""],
    ]


def test_objects_in_one_another_are_columns_up_to_a_depth() -> None:
    deep = '{"a": ' * 500 + "1" + "}" * 500
    raw = sources.parse(deep.encode(), "rows.json", columns=["a" + ".a" * 7])
    assert raw.frame.iloc[0, 0].startswith('{"a"')


def test_a_key_may_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "BATCH", 2)
    raw = parse('{"a": 1}\n' * 5 + '{"b": 2}\n{"a": 3, "b": 4}\n')
    assert raw.frame["a"].tolist() == ["1"] * 5 + ["", "3"]
    assert raw.frame["b"].tolist() == [""] * 5 + ["2", "4"]


@pytest.mark.parametrize("line", ["nope", "[1]", "3", '{"a": 1', '{"a": "\xff"}', "[" * 9_000])
def test_a_line_that_is_no_object_is_a_fault(line: str) -> None:
    raw = parse(f'{{"a": 1, "b": 2}}\n{line}\n{{"a": 3, "b": 4}}\n'.encode("latin-1"))
    assert {place: one.rule for place, one in raw.faults.items()} == {2: "undecodable"}
    assert raw.frame["a"].tolist() == ["1", "", "3"]


def test_an_element_that_is_no_object_is_a_fault() -> None:
    raw = parse('[{"a": 1, "b": 2}, 3]')
    assert list(raw.faults) == [2]


def test_a_line_that_is_too_long_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LONGEST", 50)
    raw = parse('{"a": 1, "b": 2}\n{"a": "' + "x" * 500 + '"}\n{"a": 3}\n')
    assert {place: one.rule for place, one in raw.faults.items()} == {2: "too_long"}
    assert list(raw.frame.index) == [1, 2, 3]


@pytest.mark.parametrize("data", ['{\n "a": [1, 2]\n}', '[{"a": 1}', "[", '{"a": {"0": 1}'])
def test_what_is_json_and_no_rows_is_told(data: str) -> None:
    with pytest.raises(UserError, match="JSON, but no rows") as caught:
        parse(data)
    assert "orient='records'" in str(caught.value.fix)


def test_an_array_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "MOST_ARRAY", 20)
    with pytest.raises(UserError, match="an array of more than 20 bytes"):
        parse('[{"a": 1, "b": 2}, {"a": 1, "b": 2}]')
