from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.http import problems
from app.labels.schema import Writer, check_storable, labelled
from app.records.records import Records
from src.data.features import Category, Number
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert
from tests.app import project

Make = Callable[..., Dataset]
DEBTS = convert(project.DEBTS, Dataset)
BINARY: dict[str, Any] = {"task": "binary", "metric": "f1", "gate": {}, "similar": None}


def test_a_number_that_is_predicted_is_one_more_feature_with_its_bounds(make_dataset: Make) -> None:
    target = {"name": "price", "above": 0, "max": 9, "unit": "EUR", "about": "what it cost"}
    dataset = make_dataset(target=target)
    flat = labelled(dataset, ["1", "2"])
    assert list(flat.features) == [*dataset.features, "price"]
    price = Number(above=0, max=9, unit="EUR", about="what it cost")
    assert flat.features == {**dataset.features, "price": price}


@pytest.mark.parametrize(
    ("values", "classes", "listed"),
    [
        ([0, 1], None, ["0", "1"]),
        ([0, 1], ["a", "b"], ["0", "1"]),
        (None, ["a", "b"], ["a", "b"]),
        (None, None, None),
    ],
)
def test_a_class_is_a_category_of_what_is_listed_or_known(
    make_dataset: Make,
    values: list[int] | None,
    classes: list[str] | None,
    listed: list[str] | None,
) -> None:
    target = {"name": "late", "about": "whether", "values": values}
    flat = labelled(make_dataset(**BINARY, target=target), classes)
    truth = flat.features["late"]
    assert isinstance(truth, Category)
    assert (truth.listed(), truth.about, truth.optional) == (listed, "whether", False)


def test_what_only_training_needs_is_left_out(make_dataset: Make) -> None:
    similar = {"nearest": "carat"}
    dataset = make_dataset(derived={"twice": "carat + carat"}, similar=similar)
    flat = labelled(dataset, None)
    assert (flat.derived, flat.gate, flat.similar) == ({}, {}, None)
    assert flat.missing == dataset.missing


FEATURES: dict[str, Any] = {
    "a b": {"type": "number"},
    "é": {"type": "integer", "optional": True},
    "kind": {"type": "category"},
    "note": {"type": "text", "optional": True},
}
COLUMNS: list[list[Any]] = [
    [1.0, 0.1, 1e300],
    [3.0, None, -4.0],
    ["x", 'quo"te', "ü\n\u2028"],
    [None, "", "text"],
]


@pytest.mark.parametrize("odd", ["plain", 'a"b', "a\\b"])
def test_a_record_is_written_as_records_write_it(make_dataset: Make, odd: str) -> None:
    dataset = make_dataset(features={**FEATURES, odd: {"type": "integer"}}, derived={})
    columns = [*COLUMNS, [1.0, 2.0, 3.0]]
    records = Records(dataset, most=1, longest_text=9)
    truths, written = Writer(dataset).write([*columns, [1.0, 2.0, 3.0]])
    assert written == [records.encode(values) for values in zip(*columns, strict=True)]
    assert truths == ["1", "2", "3"]


def test_a_number_is_spelt_as_in_a_csv(make_dataset: Make) -> None:
    dataset = make_dataset(features={"kind": {"type": "category"}})
    truths, records = Writer(dataset).write([["x", "y", "z"], [326.0, 2757.5, -0.0]])
    assert truths == ["326", "2757.5", "0"]
    assert records == [b'{"kind":"x"}', b'{"kind":"y"}', b'{"kind":"z"}']


def test_a_class_is_written_as_it_is_named(make_dataset: Make) -> None:
    dataset = make_dataset(
        **BINARY, target={"name": "late"}, features={"kind": {"type": "category"}}
    )
    truths, _ = Writer(dataset).write([["x"], ["01"]])
    assert truths == ["01"]


@pytest.mark.parametrize("redact", [(), ("name", "own"), ("debts",)])
def test_labels_of_what_may_be_stored_are_taken(redact: tuple[str, ...]) -> None:
    check_storable(DEBTS, redact)


@pytest.mark.parametrize("name", ["amount", "DAYS", "Late"])
def test_what_is_never_stored_is_in_no_label(name: str) -> None:
    with pytest.raises(UserError) as caught:
        check_storable(DEBTS, ("x", name))
    assert problems.status(caught.value) == 409
    assert f"'{name.lower()}' is never stored" in caught.value.what
    assert caught.value.given == f"LAPIDARY_REDACT=x,{name}"


def test_no_case_hides_a_name() -> None:
    with pytest.raises(UserError, match="'owner' is never stored"):
        check_storable(convert(project.DEBTS, Dataset), ("OWNER",))
    features = {"Owner": {"type": "category"}}
    with pytest.raises(UserError, match="'Owner' is never stored"):
        check_storable(convert({**project.DEBTS, "features": features}, Dataset), ("owner",))
