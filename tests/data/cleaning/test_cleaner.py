"""Batches of any size give what one batch gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.data import cleaning
from src.data.cleaning import Cleaned, Cleaner
from src.data.schema import Dataset
from src.data.sources import LINE, Fault
from src.support.errors import UserError

Make = Callable[..., Dataset]

FEATURES: dict[str, Any] = {
    "carat": {"type": "number", "above": 0, "max": 20},
    "facets": {"type": "integer", "optional": True},
    "cut": {"type": "category", "order": ["Fair", "Good"]},
    "lab": {"type": "category", "optional": True},
    "note": {"type": "text", "optional": True},
}
GOOD = {"carat": "1.5", "facets": "3", "cut": "Good", "lab": "1", "note": "", "price": "100"}
CELLS = {
    "carat": ["1", " 1.0 ", "0", "1,5", "", "21"],
    "facets": ["", "2", "2.5", "NA"],
    "cut": ["Fair", "fair", " Good", "1"],
    "lab": ["1", "1.0", "NA", "null", "x"],
    "note": ["", "a", " a"],
    "price": ["", "5", "1e2", "x"],
    " other": ["", "1", " 1", "2"],
}
drawn = {name: st.sampled_from([GOOD.get(name, ""), *cells]) for name, cells in CELLS.items()}
tables = st.lists(st.fixed_dictionaries(drawn), min_size=1, max_size=25)


def in_batches(
    raw: pd.DataFrame, dataset: Dataset, size: int, faults: dict[object, Fault]
) -> Cleaned | str:
    """Clean a table in batches of so many rows; return the error where there is one."""
    cleaner = Cleaner(dataset)
    try:
        for at in range(0, len(raw), size):
            cleaner.add(raw.iloc[at : at + size], faults)
        return cleaner.finished()
    except UserError as error:
        return str(error)


@settings(max_examples=60)
@given(
    tables,
    st.integers(1, 9),
    st.sampled_from(["whole", "drop", "keep", "first"]),
    st.sampled_from([0.5, 1.0]),
    st.booleans(),
)
def test_batches_of_any_size_give_the_same(
    make_dataset: Make,
    rows: list[dict[str, str]],
    size: int,
    rule: str,
    share: float,
    is_class: bool,
) -> None:
    some: dict[str, Any] = {"task": "binary", "metric": "f1"} if is_class else {}
    target = {"target": {"name": "price", "values": [5, 100], "positive": 5}} if is_class else {}
    dataset = make_dataset(
        features=FEATURES,
        duplicates=rule,
        key=["lab"] if rule == "first" else [],
        max_rejected=share,
        **some,
        **target,
    )
    raw = pd.DataFrame(rows, dtype="str")
    raw.index = pd.Index(range(2, 2 * len(raw) + 2, 2), name=LINE)
    faults: dict[object, Fault] = {6: Fault("ragged", "the row has 2 cells")}
    one, other = (in_batches(raw, dataset, count, faults) for count in (len(raw), size))
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    pd.testing.assert_frame_equal(one.rows, other.rows)
    pd.testing.assert_frame_equal(one.rejected, other.rejected)
    pd.testing.assert_frame_equal(one.skipped, other.skipped)
    assert one.rejected_csv() == other.rejected_csv()
    assert (one.quality(), one.notes) == (other.quality(), other.notes)


def test_rows_without_lines_are_numbered_across_batches(make_dataset: Make) -> None:
    dataset = make_dataset(features=FEATURES, max_rejected=1.0)
    cleaner = Cleaner(dataset)
    for carat in ("1", "x", "2"):
        cleaner.add(pd.DataFrame([{**GOOD, "carat": carat}], dtype="str"))
    cleaned = cleaner.finished()
    assert cleaned.rows.index.tolist() == [0, 2]
    assert cleaned.rejected["line"].tolist() == [3]


def test_a_rejected_row_is_written_as_pandas_writes_it(make_dataset: Make) -> None:
    dataset = make_dataset(features=FEATURES, max_rejected=1.0)
    odd = ["a,b", 'say "x"', "two\nlines", "a\rb", "", " é ", "'", ";"]
    raw = pd.DataFrame([{**GOOD, "carat": "x", "note": note} for note in odd] + [GOOD], dtype="str")
    cleaned = cleaning.clean(raw, dataset)
    text = cleaned.rejected.to_csv(index=False, lineterminator="\n")
    assert cleaned.rejected_csv().decode() == text
    assert len(cleaned.rejected) == len(odd)


def test_text_is_held_for_rare_classes_alone(make_dataset: Make) -> None:
    cleaned = cleaning.clean(pd.DataFrame([GOOD], dtype="str"), make_dataset(features=FEATURES))
    assert cleaned.texts is None
    assert not math.isnan(cleaned.rows["carat"][0])


@pytest.mark.parametrize("count", [1, 3])
def test_a_table_without_targets_is_refused_after_all_batches(
    make_dataset: Make, count: int
) -> None:
    cleaner = Cleaner(make_dataset(features=FEATURES))
    for _ in range(count):
        cleaner.add(pd.DataFrame([{**GOOD, "price": ""}], dtype="str"))
    with pytest.raises(UserError, match=r"No row of .* has a price") as caught:
        cleaner.finished()
    assert caught.value.given == f"{count} rows without one"
