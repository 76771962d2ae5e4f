from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.http import problems
from app.labels.schema import Writer, check_storable, labelled
from app.records.fields import Moment
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


KEYED: dict[str, Any] = {
    "key": ["shop", "carat"],
    "group": "buyer",
    "weight": "sold",
    "split": {"method": "time", "column": "day"},
}


def test_what_says_whose_a_label_is_stands_before_its_target(make_dataset: Make) -> None:
    dataset = make_dataset(**KEYED)
    flat = labelled(dataset, None)
    assert list(flat.features) == [*dataset.features, "shop", "buyer", "sold", "day", "price"]
    extra = [flat.features[name] for name in dataset.extra_columns()]
    assert [type(one) for one in extra] == [Category, Category, Number, Moment]
    assert all(one.optional for one in extra)
    assert flat.extra_columns() == []


@pytest.mark.parametrize("role", ["key", "group"])
def test_a_column_of_two_roles_holds_what_it_is_read_as(make_dataset: Make, role: str) -> None:
    names = ["sold", "day"]
    flat = labelled(make_dataset(**{**KEYED, role: names}), None)
    assert [type(flat.features[name]) for name in names] == [Number, Moment]


def test_a_side_is_one_of_two(make_dataset: Make) -> None:
    flat = labelled(make_dataset(split={"method": "column", "column": "part"}), None)
    side = flat.features["part"]
    assert isinstance(side, Category)
    assert (side.listed(), side.optional) == (["train", "test"], True)


@pytest.mark.parametrize("odd", ["plain", "a\\b"])
def test_of_what_a_label_leaves_out_nothing_is_written(make_dataset: Make, odd: str) -> None:
    dataset = make_dataset(key=[odd], weight="sold", features={"kind": {"type": "category"}})
    given: list[list[Any]] = [["x", None, "z"], ["7", None, None], [None, 2.0, None], [1, 2, 3]]
    _, written = Writer(dataset).write(given)
    assert list(map(msgspec.json.decode, written)) == [
        {"kind": "x", odd: "7"},
        {"kind": None, "sold": 2.0},
        {"kind": "z"},
    ]


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


@pytest.mark.parametrize("name", ["shop", "Buyer", "sold", "DAY"])
def test_whose_a_label_is_is_not_stored_where_it_never_is(make_dataset: Make, name: str) -> None:
    check_storable(make_dataset(**KEYED), ("other",))
    with pytest.raises(UserError, match=f"'{name.lower()}' is never stored"):
        check_storable(make_dataset(**KEYED), (name,))


def test_no_case_hides_a_name() -> None:
    with pytest.raises(UserError, match="'owner' is never stored"):
        check_storable(convert(project.DEBTS, Dataset), ("OWNER",))
    features = {"Owner": {"type": "category"}}
    with pytest.raises(UserError, match="'Owner' is never stored"):
        check_storable(convert({**project.DEBTS, "features": features}, Dataset), ("owner",))
