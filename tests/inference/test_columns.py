from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from src.config.configuration import Model
from src.inference import columns
from src.inference.cells import Cells
from src.inference.columns import Columns, Levels
from src.learning import exporting
from src.learning.recipe import Recipe
from src.support.structs import convert
from tests.inference import models

ENCODINGS: dict[str, dict[str, Any]] = {
    "as_they_are": {"numbers": "keep", "ordered": "rank"},
    "standard": {},
    "ranks": {"ordered": "rank"},
    "target": {"categories": "target"},
}


def build(encoding: dict[str, Any], kind: str = "table", **model: Any) -> tuple[Columns, Any, Any]:
    learner = models.XGB["regression"] if encoding.get("numbers") else "sklearn.linear_model.Ridge"
    fitted, dataset, rows = models.fit(learner, kind=kind, encoding=encoding, **model)
    made = exporting.export(fitted, dataset, rows)
    assert made is not None
    return columns.build(made.spec, made.arrays, dataset), fitted, dataset


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodes_as_the_fitted_encoder_does(encoding: str) -> None:
    made, fitted, dataset = build(ENCODINGS[encoding])
    rows = models.make_rows(300, seed=5, strange=True)
    records = models.as_records(rows, dataset)
    expected = fitted.encoder.transform(rows)
    assert np.allclose(
        made.matrix(Cells(records)), expected, rtol=1e-13, atol=1e-15, equal_nan=True
    )
    assert np.isnan(expected).any() == (encoding == "as_they_are")
    single = np.array([made.row(record) for record in records])
    assert np.allclose(single, expected, rtol=1e-13, atol=1e-15, equal_nan=True)


def test_rare_levels_share_a_column_with_unknown_ones() -> None:
    rows = models.make_rows(1200, seed=1)
    rows["place"] = [f"town{at % 300 if at % 3 else at % 9}" for at in range(len(rows))]
    dataset = models.make_dataset()
    values = {
        "name": "mine",
        "complexity": 1,
        "estimator": {"regression": {"_target_": "sklearn.linear_model.Ridge"}},
        "encoding": {"categories": "one_hot"},
    }
    recipe = Recipe(dataset, convert(values, Model), None, 1)
    fitted = recipe.fit(rows, models.make_target(rows, "regression"))
    made = exporting.export(fitted, dataset, rows)
    assert made is not None
    built = columns.build(made.spec, made.arrays, dataset)
    asked = rows.head(400).copy()
    asked.loc[asked.index[::5], "place"] = "nowhere"
    asked.loc[asked.index[1::5], "place"] = None
    records = models.as_records(asked, dataset)
    assert np.allclose(built.matrix(Cells(records)), fitted.encoder.transform(asked), rtol=1e-13)
    (place,) = [part for part in built.parts if part.name == "place"]
    assert isinstance(place, Levels)
    assert place.width == 100
    assert len(place.table) <= 101


def test_a_level_that_the_schema_does_not_list_is_all_zeros() -> None:
    made, fitted, _ = build({})
    record = (1.0, 2.0, "high", "?", "north")
    with pytest.raises(ValueError, match="unknown categories"):
        fitted.encoder.transform(models.make_rows(1).assign(kind="?"))
    (kind,) = [part for part in made.parts if part.name == "kind"]
    found = made.matrix(Cells([record]))[0, kind.first : kind.first + kind.width]
    assert found.tolist() == [0.0] * kind.width


def test_words_stand_last_and_only_theirs_are_listed() -> None:
    made, fitted, dataset = build({}, kind="mixed")
    rows = models.make_rows(60, seed=6, strange=True)
    expected = fitted.encoder.transform(rows).toarray()
    for record, row in zip(models.as_records(rows, dataset), expected, strict=True):
        found = np.zeros(made.width)
        found[: made.dense] = made.matrix(Cells([record]))[0]
        at, weights = made.words(record)
        assert (at >= made.dense).all()
        found[at] = weights
        assert np.allclose(found, row, rtol=1e-13, atol=1e-15)


def test_dropped_columns_are_left_out() -> None:
    made, fitted, dataset = build({}, drop=["size", "place", "odd"])
    assert [part.name for part in made.parts] == ["count", "grade", "kind", "area", "rate"]
    rows = models.make_rows(20)
    found = made.matrix(Cells(models.as_records(rows, dataset)))
    assert np.allclose(found, fitted.encoder.transform(rows), rtol=1e-13)
