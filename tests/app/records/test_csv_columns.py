from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.labels.reader import LabelReader
from app.records.csv_columns import Cells, column
from app.records.fields import FieldError, field
from app.records.records import Records
from src.data import cleaning, sources
from src.data.kinds.number_format import as_number
from src.data.schema import Dataset
from src.support.structs import convert

Make = Callable[..., Dataset]
NOTHING = object()

KINDS: list[dict[str, Any]] = [
    {"type": "number"},
    {"type": "number", "above": 0, "max": 10},
    {"type": "number", "min": -1, "below": 2.5},
    {"type": "integer", "min": -5, "max": 1000},
    {"type": "category", "order": ["Fair", "Good", "NA"]},
    {"type": "category", "values": [1, 2, 2.5, 10]},
    {"type": "category", "values": ["01", "1", "2"]},
    {"type": "category", "values": [1, "x"]},
    {"type": "category"},
    {"type": "text"},
]
# Values, spellings of values, what Python alone would read as a number, and what is none.
WORDS = """
    1 2 2.5 10 0 -1 01 1.0 1e0 +1 1. .5 -0 1e2 1e400 1e-400 1_0 nan NaN NAN inf -Infinity x é -999
    Fair fair Good NA N/A null None 0x1 1,5 1e 1e5.0 -- 12345678901234567890 --1 \uff11 \u0661
"""
CELLS = WORDS.split()
CELLS += ["", " ", " 1 ", "\t1", "\u20031\u2003", "1\x1c", "\x85x", "Fair ", "a b", 'a"b', "a\nb"]
cells = st.one_of(
    st.sampled_from(CELLS),
    st.integers(-10, 12).map(str),
    st.floats(-10, 12).map(lambda value: f"{value:.3g}"),
    st.text(alphabet="01.-+eE_ naéx,;\"'\n\t\u2028\ufeff", max_size=4),
).filter(lambda cell: not ("e " in cell.lower() or "e\t" in cell.lower()))


def make(kinds: list[dict[str, Any]], target: dict[str, Any], **changes: Any) -> Dataset:
    features = {f"f{at}": kind for at, kind in enumerate(kinds)}
    values = {
        "name": "things",
        "task": "regression",
        "source": "things.csv",
        "target": {"name": "truth", **target},
        "metric": "mae",
        "features": features,
        "max_rejected": 1.0,
        "duplicates": "keep",
    }
    return convert({**values, **changes}, Dataset)


Case = tuple[dict[str, Any], dict[str, Any]]
REGRESSION: Case = ({"above": 0}, {"task": "regression"})
BINARY: Case = ({"values": [0, 1]}, {"task": "binary", "metric": "f1"})
LISTED: Case = ({"values": ["a", "NA", "b"]}, {"task": "multiclass", "metric": "f1_macro"})
OPEN: Case = ({}, {"task": "multiclass", "metric": "f1_macro"})


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    kinds = [{**kind, "optional": draw(st.booleans())} for kind in kinds]
    target, changes = draw(st.sampled_from([REGRESSION, BINARY, LISTED, OPEN]))
    missing = draw(st.sampled_from([None, ["", "-999", "1"], [" 1"]]))
    more = {} if missing is None else {"missing": missing}
    separator = draw(st.sampled_from([",", ";"]))
    return make(kinds, target, **changes, **more, separator=separator)


def good(dataset: Dataset) -> list[str]:
    """Return cells that are right, so that cleaning always finds a row to keep."""
    found = []
    for feature in dataset.features.values():
        listed = getattr(feature, "listed", lambda: None)()
        found.append(listed[0] if listed else "2")
    return [*found, str((dataset.target.values or [2])[-1])]


def written(dataset: Dataset, rows: list[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=dataset.separator, lineterminator="\n")
    writer.writerows([[*dataset.features, dataset.target.name], *rows])
    return text.getvalue()


def cleaned(dataset: Dataset, text: str) -> dict[int, list[Any]]:
    """Return the rows that cleaning accepts, by their place."""
    raw = sources.parse(
        text.encode(),
        "things.csv",
        separator=dataset.separator,
        encoding="utf-8",
        columns=dataset.source_columns(),
    )
    rows = cleaning.clean(raw.frame, dataset).rows
    return {at: list(row) for at, row in zip(rows.index, rows.to_numpy(object), strict=True)}


def posted(dataset: Dataset, text: str) -> dict[int, list[Any]]:
    """Return the rows that are accepted as labels, by their place."""
    labels = LabelReader(dataset, None, most=1, longest_text=1000)
    found: dict[int, list[Any]] = {}
    for chunk in labels.csv(io.BytesIO(text.encode())):
        assert not chunk.broken
        for number, value, record in chunk.rows:
            truth = float(value) if dataset.task == "regression" else value
            found[number] = [*json.loads(record).values(), truth]
    return found


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are one; what is missing is NaN, empty or None."""
    if one is None or one == "" or (isinstance(one, float) and math.isnan(one)):
        return other is None or other == "" or other != other
    if isinstance(one, str):
        return bool(one == other)
    # pandas is off in the last digit of some numbers.
    return math.isclose(one, other, rel_tol=1e-15)


@given(st.data())
def test_a_csv_means_what_cleaning_takes_it_for(data: st.DataObject) -> None:
    dataset = data.draw(datasets())
    width = len(dataset.features) + 1
    rows = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6))
    rows.append(good(dataset))
    text = written(dataset, rows)
    expected, found = cleaned(dataset, text), posted(dataset, text)
    assert list(found) == list(expected)
    for at, values in expected.items():
        assert all(map(same, values, found[at])), (values, found[at])


def one(kind: dict[str, Any], cell: str, **changes: Any) -> Any:
    dataset = make([kind], {}, **changes)
    return column(field("f0", dataset, 10), dataset.missing).read(cell)


def outcome(kind: dict[str, Any], cell: str, **changes: Any) -> Any:
    """Return a cell's value, or NOTHING where it is refused."""
    try:
        return one(kind, cell, **changes)
    except FieldError:
        return NOTHING


@given(
    st.sampled_from(KINDS), st.booleans(), st.lists(cells, max_size=5), st.sampled_from(["", "1"])
)
@example(KINDS[0], True, ["1", "2", "3"], "1")
@example(KINDS[1], False, ["1", "11"], "")
@example(KINDS[1], False, ["-1", "1"], "")
@example(KINDS[0], False, ["1", "nan"], "")
@example(KINDS[0], False, ["1", "-inf"], "")
@example(KINDS[3], False, ["1", "1.5"], "")
@example(KINDS[0], False, ["1e308", "1e308"], "")
@example(KINDS[0], False, ["1", "1_0", "2"], "")
def test_a_column_means_what_its_cells_mean(
    kind: dict[str, Any], optional: bool, given_cells: list[str], marker: str
) -> None:
    kind = {**kind, "optional": optional}
    dataset = make([kind], {}, missing=[marker])
    values, faulty = column(field("f0", dataset, 10), dataset.missing).read_all(given_cells)
    expected = [outcome(kind, cell, missing=[marker]) for cell in given_cells]
    assert faulty == [at for at, value in enumerate(expected) if value is NOTHING]
    for at, value in enumerate(expected):
        assert value is NOTHING or (value == values[at] and type(value) is type(values[at]))


@pytest.mark.parametrize(
    ("kind", "cell", "what", "fix"),
    [
        (KINDS[1], "x", "f0 is not a number", "give a number above 0 and at most 10"),
        (KINDS[1], "1_0", "f0 is not a number", "give a number above 0 and at most 10"),
        (KINDS[1], "nan", "f0 is missing", "give a number above 0 and at most 10"),
        (
            KINDS[1],
            "11",
            "f0 is not above 0 and at most 10",
            "give a number above 0 and at most 10",
        ),
        (KINDS[0], "1e999", "f0 is not a number", "give a number"),
        (KINDS[3], "1.5", "f0 is not a whole number", None),
        (KINDS[4], "fair", "f0 is not one of its values", "did you mean 'Fair'?"),
        (KINDS[5], "3", "f0 is not one of its values", None),
        (KINDS[7], "01", "f0 is not one of its values", None),
        (KINDS[8], "x" * 11, "f0 is too long: 11 characters", None),
        (KINDS[9], " ", "f0 is missing", None),
    ],
)
def test_a_cell_that_is_refused_says_why(
    kind: dict[str, Any], cell: str, what: str, fix: str | None
) -> None:
    with pytest.raises(FieldError) as caught:
        one(kind, cell)
    assert caught.value.what == what
    assert fix is None or caught.value.fix == fix


def test_space_around_a_long_text_is_no_part_of_it() -> None:
    assert one(KINDS[9], " " * 20 + "x" * 10 + " " * 20) == "x" * 10


def test_rows_of_another_width_and_faulty_ones_are_left_out() -> None:
    dataset = make([KINDS[0], KINDS[8]], {})
    header = ["more", "f1", "f0"]
    rows = [["", "a", "1"], ["a", "2"], ["", "b", "x"], ["", "c", "3"], [], ["", "", "d", "4"]]
    found = Cells(Records(dataset, most=10, longest_text=10))
    assert found.read(header, rows) == ([[1.0, 3.0], ["a", "c"]], [0, 3])
    assert found.read(header, rows[1:2]) == ([[], []], [])
    assert [problem.detail for problem in found.why(header, rows[1])] == ["The row has 2 cells."]
    (problem,) = found.why(header, rows[2])
    assert (problem.field, problem.given, problem.allowed) == ("f0", '"x"', ["a number"])


@pytest.mark.parametrize("text", ["1_0", "nan", "inf", "\uff11", "0x1", "", "1e", "1 2", "1e999"])
def test_what_pandas_does_not_read_is_no_number(text: str) -> None:
    assert as_number(text) is None


def test_what_the_header_lacks_is_missing_in_every_row() -> None:
    dataset = make([{"type": "number"}, {"type": "number", "optional": True}], {})
    cells = Cells(Records(dataset, most=1, longest_text=9))
    header, table = ["f0"], [["1"], ["x"], ["2"], ["3", "4"]]
    columns, good = cells.read(header, table)
    assert [list(column) for column in columns] == [[1.0, 2.0], [None, None]]
    assert list(good) == [0, 2]
    (fault,) = cells.why(header, table[1])
    assert fault.field == "f0"
