from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from src.data import schema_checks
from src.data.schema import Dataset
from src.description import analysis, document
from src.description.analysis import Wish
from src.description.draft import Draft
from src.support.errors import UserError
from src.support.structs import convert
from tests.description import tables


def draft(folder: Path, wish: Wish | None = None, **more: object) -> Draft:
    table = tables.written(folder, tables.things(**more))
    return analysis.describe(table, wish or Wish(target="back"))


def test_a_table_becomes_a_dataset(tmp_path: Path) -> None:
    made = draft(tmp_path)
    dataset = convert(yaml.safe_load(document.text(made)), Dataset, "dataset")
    schema_checks.check(dataset)
    assert list(dataset.features) == ["weight (kg)", "size", "shop"]
    assert dataset.task == "binary"
    assert dataset.target.positive == "yes"
    assert dataset.features["size"].listed() == ["S", "M", "L"]


@pytest.mark.parametrize(("least", "bound"), [(1.0, {"above": 0}), (0.01, {"min": 0})])
def test_a_target_far_above_zero_has_a_logarithm(
    tmp_path: Path, least: float, bound: dict[str, int]
) -> None:
    price = np.linspace(least, 9, tables.ROWS)
    made = draft(tmp_path, Wish(target="price"), price=price)
    told = document.values(made)["target"]
    assert {key: told[key] for key in ("above", "min") if key in told} == bound


def test_the_text_says_what_the_values_say(tmp_path: Path) -> None:
    made = draft(tmp_path, **{"odd: name #1": range(tables.ROWS), "yes": ["on", "off"] * 120})
    assert yaml.safe_load(document.text(made)) == document.values(made)


def test_what_is_left_out_is_named_with_its_reason(tmp_path: Path) -> None:
    made = draft(tmp_path, same="x")
    assert {one.column.name for one in made.left_out} == {"rownames", "same"}
    assert "  # same: always 'x'" in document.text(made)


def test_a_column_that_gives_the_target_away_is_left_out(tmp_path: Path) -> None:
    back = tables.things()["back"]
    reason = np.where(back == "yes", "too heavy", "")
    made = draft(tmp_path, reason=reason)
    (leak,) = [one for one in made.left_out if one.is_leak]
    assert leak.column.name == "reason"
    assert "100.0%" in leak.says
    assert "reason" not in document.values(made)["features"]
    assert "# LEAK: reason" in document.text(made)


def test_rows_without_a_target_need_no_key(tmp_path: Path) -> None:
    frame = tables.things()
    frame.loc[:47, "back"] = None
    made = analysis.describe(tables.written(tmp_path, frame), Wish(target="back"))
    assert made.role.without == 48
    assert not {"max_rejected", "duplicates", "rare"} & set(document.values(made))


def test_rare_classes_are_named_with_their_rows(tmp_path: Path) -> None:
    frame = tables.things()
    frame.loc[:2, "shop"] = "stall"
    made = analysis.describe(tables.written(tmp_path, frame), Wish(target="shop"))
    assert document.values(made)["target"]["values"] == ["north", "south", "stall", "web"]
    assert "rare: drop  # 3 rows are of classes that may be too rare: stall (3)" in document.text(
        made
    )


def test_wishes_are_heeded(tmp_path: Path) -> None:
    wish = Wish(target="weight (kg)", name="parcels", group="shop", time="rownames")
    values = document.values(draft(tmp_path, wish))
    assert values["name"] == "parcels"
    assert values["group"] == "shop"
    assert values["split"] == {"method": "time", "column": "rownames"}


def test_columns_are_derived_only_where_they_are_asked_for(tmp_path: Path) -> None:
    income = np.random.default_rng(1).lognormal(8, 2, tables.ROWS).round(1)
    assert not draft(tmp_path, income=income).derived
    wish = Wish(target="back", derive=True)
    assert draft(tmp_path, wish, income=income).derived == {"log_income": "log(income)"}


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Unknown column 'bakc'") as caught:
        draft(tmp_path, Wish(target="bakc"))
    assert "did you mean 'back'?" in str(caught.value)


def test_a_table_of_ids_alone_has_nothing_to_learn_from(tmp_path: Path) -> None:
    frame = tables.things()[["rownames", "back"]]
    with pytest.raises(UserError, match="No column is left"):
        analysis.describe(tables.written(tmp_path, frame), Wish(target="back"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/My Customers (1).csv", "my_customers_1"),
        ("https://example.com/2024.csv?x=1", "table_2024"),
        ("Größe.csv", "grosse"),
    ],
)
def test_a_dataset_is_named_like_its_file(source: str, name: str) -> None:
    assert analysis.slug(source) == name


def test_how_a_file_is_written_stands_in_the_yaml(tmp_path: Path) -> None:
    table = tables.written(tmp_path, tables.things(), sep=";", encoding="utf-16")
    values = document.values(analysis.describe(table, Wish(target="back")))
    assert (values["separator"], values["encoding"]) == (";", "utf-16")
