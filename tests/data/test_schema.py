from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
import yaml

from src.data.features import Bounds, Category
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]
NUMBER = {"type": "number"}


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(), "any number"),
        (Bounds(above=0), "above 0"),
        (Bounds(min=0), "at least 0"),
        (Bounds(below=1.5), "below 1.5"),
        (Bounds(max=0), "at most 0"),
        (Bounds(above=0, max=10), "above 0 and at most 10"),
        (Bounds(min=-1, below=1), "at least -1 and below 1"),
        (Bounds(min=0.1, max=1234567), "at least 0.1 and at most 1234567"),
    ],
)
def test_bounds_are_said_in_words(bounds: Bounds, words: str) -> None:
    assert bounds.words() == words


@pytest.mark.parametrize(
    ("bounds", "within", "outside"),
    [
        (Bounds(), [-1e300, 1e300], []),
        (Bounds(above=0), [5e-324], [0.0, -0.0, -1]),
        (Bounds(min=0), [0.0, -0.0], [-5e-324]),
        (Bounds(below=1.5), [1.49], [1.5]),
        (Bounds(max=1), [1.0], [1.01]),
        (Bounds(above=0, min=-1, max=9, below=5), [4.9], [0, 5, -1]),
    ],
)
def test_numbers_are_within_bounds_or_not(
    bounds: Bounds, within: list[float], outside: list[float]
) -> None:
    assert all(map(bounds.hold, within))
    assert not any(map(bounds.hold, outside))


@pytest.mark.parametrize("coverage", [0.5, 1, 1.2, -0.1])
def test_coverage_is_a_share_between_a_half_and_one(make_dataset: Make, coverage: float) -> None:
    with pytest.raises(UserError, match="coverage") as caught:
        make_dataset(coverage=coverage)
    assert caught.value.choices == ["a number above 0.5 and below 1"]
    assert make_dataset().coverage == 0.9
    assert make_dataset(coverage=0.51).coverage == 0.51


def test_a_row_is_a_record_unless_it_has_a_name_of_its_own(make_dataset: Make) -> None:
    assert make_dataset().noun == "record"
    assert make_dataset(noun="stone").noun == "stone"
    with pytest.raises(UserError, match="noun"):
        make_dataset(noun="")


def test_a_category_lists_its_values_as_text() -> None:
    assert Category(order=[3, 1, "x"]).listed() == ["3", "1", "x"]
    assert Category(values=[1, 2.5]).listed() == ["1", "2.5"]
    assert Category().listed() is None


def test_the_ranks_of_a_category_follow_its_order() -> None:
    assert Category(order=[3, 1, "x"]).ranks() == {"3": 0.0, "1": 1.0, "x": 2.0}
    assert Category().ranks() == {}


def test_every_part_of_a_dataset_is_frozen(make_dataset: Make) -> None:
    kinds = ("number", "integer", "category", "text")
    dataset = make_dataset(
        features={kind: {"type": kind} for kind in kinds},
        gate={"mae": {"max": 1}},
        similar={"nearest": "number"},
    )
    parts = [dataset, dataset.target, dataset.split, dataset.gate["mae"], dataset.similar]
    for part in (*parts, *dataset.features.values(), Bounds()):
        key = type(part).__struct_fields__[0]
        with pytest.raises(AttributeError):
            setattr(part, key, getattr(part, key))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_the_share_of_rejected_rows_is_a_share(make_dataset: Make, share: float) -> None:
    with pytest.raises(UserError, match="max_rejected") as caught:
        make_dataset(max_rejected=share)
    assert caught.value.choices == ["a number at least 0 and at most 1"]


def test_the_source_needs_features_target_key_and_split_column_once_each(
    make_dataset: Make,
) -> None:
    dataset = make_dataset(key=["id", "carat"], split={"method": "column", "column": "part"})
    assert dataset.columns() == ["carat", "facets", "cut", "price", "id", "part"]
    assert make_dataset().columns() == ["carat", "facets", "cut", "price"]


def test_arithmetic_may_use_numbers_and_ordered_categories(make_dataset: Make) -> None:
    features = {
        "n": NUMBER,
        "i": {"type": "integer"},
        "ordered": {"type": "category", "order": ["a", "b"]},
        "listed": {"type": "category", "values": ["a", "b"]},
        "open": {"type": "category"},
        "words": {"type": "text"},
    }
    dataset = make_dataset(features=features)
    assert dataset.numeric() == ["n", "i", "ordered"]
    assert dataset.kinds() == {"number", "integer", "category", "text"}


@pytest.mark.parametrize("name", ["", " carat", "two\nlines"])
def test_a_feature_has_a_name(make_dataset: Make, name: str) -> None:
    with pytest.raises(UserError, match="is not valid: expected a name on one line") as caught:
        make_dataset(features={name: NUMBER})
    assert caught.value.given == repr(name)
    assert "`column:`" in str(caught.value.fix)


def test_a_derived_name_can_be_typed_without_quotes(make_dataset: Make) -> None:
    with pytest.raises(UserError, match="expected letters, digits and _, and no digit first"):
        make_dataset(derived={"my volume": "carat"})


def test_a_dataset_is_called_as_its_file_and_its_address_can_be(make_dataset: Make) -> None:
    with pytest.raises(UserError) as caught:
        make_dataset(name="my stones")
    assert str(caught.value).splitlines() == [
        "'dataset.name' is not valid: expected a to z, digits and _, and a letter first.",
        "  given:   'my stones'",
    ]


def test_plain_values_make_the_same_dataset_again(make_dataset: Make) -> None:
    dataset = make_dataset(gate={"mae": {"max": 1}}, similar={"nearest": "carat"})
    again = make_dataset(**msgspec.to_builtins(dataset))
    assert again == dataset


def test_a_yes_that_yaml_takes_for_true_is_to_be_quoted(make_dataset: Make) -> None:
    with pytest.raises(UserError, match="quote it") as caught:
        make_dataset(features={"paid": {"type": "category", "values": [True, False]}})
    assert "dataset.features.paid.values[0]" in str(caught.value)


@pytest.mark.parametrize(
    ("yaml_text", "said"),
    [
        ("{020: {type: number}}", "YAML reads 020 as 16"),
        ("{10:30: {type: number}}", "10:30 as 630"),
        ("{no: {type: number}}", "YAML reads yes, no, on and off as true and false"),
        ("{a: {type: category, values: [NO, DE]}}", "YAML reads yes, no, on and off"),
        ("{a: {type: category, values: [2024-01-31, x]}}", "looks like a date"),
    ],
)
def test_what_yaml_reads_as_something_else_is_to_be_quoted(
    make_dataset: Make, yaml_text: str, said: str
) -> None:
    with pytest.raises(UserError, match="quote it") as caught:
        make_dataset(features=yaml.safe_load(yaml_text))
    assert said in str(caught.value)


def test_the_source_needs_what_ties_rows_together(make_dataset: Make) -> None:
    dataset = make_dataset(
        key=["id"], group="id", weight="count", split={"method": "time", "column": "day"}
    )
    assert dataset.columns() == ["carat", "facets", "cut", "price", "id", "count", "day"]
    assert dataset.identity() == dataset.columns()
