from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from src.data.schema import Dataset
from src.scoring.slices import Slice
from src.scoring.typed import Reader

NAMES = ["shop", "carat", "facets", "cut"]
GOOD = ("a", "1.5", "57", "Ideal")


def rows(*cells: tuple[str, ...], faults: dict[int, str] | None = None) -> Slice:
    columns = [pa.array(column, pa.large_string()) for column in zip(*cells, strict=True)]
    table = pa.table([pa.chunked_array([one]) for one in columns], names=list("0123"))
    return Slice(0, NAMES, table, faults or {})


@pytest.mark.parametrize("odd", ["-1", "nan", "inf", "20.5", "", "x", "1_0"])
def test_a_column_of_plain_numbers_is_judged_as_each_cell_is(
    make_dataset: Callable[..., Dataset], odd: str
) -> None:
    reader = Reader(make_dataset())
    cells, places, why = reader.read(rows(GOOD, ("b", odd, "57", "Ideal"), GOOD))
    assert places.tolist() == [0, 2]
    assert list(why) == [1]
    assert why[1].startswith("carat is")
    assert list(cells.records()) == [(1.5, 57.0, "Ideal")] * 2


def test_a_whole_number_and_a_marker_are_what_the_dataset_says(
    make_dataset: Callable[..., Dataset],
) -> None:
    features = {
        "carat": {"type": "number", "optional": True, "missing": ["-9"]},
        "facets": {"type": "integer"},
        "cut": {"type": "category"},
    }
    reader = Reader(make_dataset(features=features, key=["cut"]))
    found = rows(("a", "-9.0", "1", "x"), ("a", "-9", "1", "x"), ("a", "1", "1.5", "x"))
    cells, places, why = reader.read(found)
    assert places.tolist() == [0, 1]
    assert list(cells.records()) == [(-9.0, 1.0, "x"), (None, 1.0, "x")]
    assert why == {2: "facets is not a whole number: '1.5'"}


def test_what_the_source_got_wrong_stays_in_its_place(
    make_dataset: Callable[..., Dataset],
) -> None:
    cells, places, why = Reader(make_dataset()).read(rows(GOOD, GOOD, GOOD, faults={1: "torn"}))
    assert (cells.count, places.tolist(), why) == (2, [0, 2], {1: "torn"})


def test_rows_of_which_none_is_good_are_no_records(make_dataset: Callable[..., Dataset]) -> None:
    cells, places, why = Reader(make_dataset()).read(rows(("a", "", "", "")))
    assert (cells.count, len(places), list(why)) == (0, 0, [0])
    assert np.isnan(cells.numbers(0)).sum() == 0
