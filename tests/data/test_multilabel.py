from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest

from src.data import cleaning, multilabel
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert


def dataset(task: str = "multiclass", **target: Any) -> Dataset:
    values = {
        "name": "films",
        "task": task,
        "source": "data/films.csv",
        "target": {"name": "genre", **target},
        "features": {"length": {"type": "number"}},
        "metric": "mae" if task == "regression" else "f1_macro",
    }
    return convert(values, Dataset)


def rows(*cells: str) -> pd.Series:
    return pd.Series([cell for cell in cells for _ in range(10)])


@pytest.mark.parametrize("task", ["multilabel", "multi-label", "multi_label"])
def test_a_task_of_several_labels_is_refused_with_what_to_do(task: str) -> None:
    with pytest.raises(UserError, match="one label") as caught:
        multilabel.check_task({"dataset": {"task": task}})
    assert caught.value.given == f"task: {task}"
    assert "a dataset for each label" in str(caught.value.fix)


@pytest.mark.parametrize("values", [{}, {"dataset": None}, {"dataset": {"task": "multiclass"}}])
def test_other_tasks_are_let_through(values: dict[str, Any]) -> None:
    multilabel.check_task(values)


@pytest.mark.parametrize("separator", [";", "|", ",", " ; "])
@pytest.mark.parametrize("listed", [{}, {"values": ["crime", "drama", "war"]}])
def test_cells_that_list_labels_are_refused(separator: str, listed: dict[str, Any]) -> None:
    cells = rows("crime", "drama", "war", f"drama{separator}war")
    with pytest.raises(UserError, match="several labels in a cell") as caught:
        multilabel.check_cells(Counter(cells), dataset(**listed))
    assert caught.value.given == f"drama{separator}war and the like in 10 of 40 rows"
    assert "a dataset for each label" in str(caught.value.fix)


@pytest.mark.parametrize(
    ("cells", "target"),
    [
        (rows("crime, true", "crime, made up", "war, true"), {}),
        (rows("crime", "drama", "crime;drama"), {"values": ["crime", "drama", "crime;drama"]}),
        (pd.Series([*["crime"] * 50, *["drama"] * 50, "crime;drama"]), {}),
    ],
)
def test_classes_with_a_separator_in_their_name_are_let_through(
    cells: pd.Series, target: dict[str, Any]
) -> None:
    multilabel.check_cells(Counter(cells), dataset(**target))


def test_a_regression_has_no_labels() -> None:
    multilabel.check_cells(Counter(rows("1", "2", "1,2")), dataset("regression"))


def test_cleaning_looks_before_it_rejects() -> None:
    raw = pd.DataFrame({"length": "1", "genre": rows("crime", "war", "crime|war")})
    with pytest.raises(UserError, match="several labels in a cell"):
        cleaning.clean(raw, dataset(values=["crime", "war"]))
