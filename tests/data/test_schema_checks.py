from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from src.data import schema_checks
from src.data.schema import Dataset
from src.support.errors import UserError

Make = Callable[..., Dataset]
NUMBER = {"type": "number"}


def refused(dataset: Dataset) -> str:
    with pytest.raises(UserError) as caught:
        schema_checks.check(dataset)
    return str(caught.value)


def test_a_sound_dataset_passes(make_dataset: Make) -> None:
    schema_checks.check(
        make_dataset(
            gate={"r2": {"min": 0.5}, "mae": {"max": 9}},
            derived={"per_facet": "carat / facets", "graded": "cut * 2"},
            similar={"same": ["cut"], "nearest": "carat"},
            key=["id"],
            duplicates="first",
            split={"method": "column", "column": "part"},
        )
    )


def test_a_dataset_needs_features(make_dataset: Make) -> None:
    assert "'stones' has no features" in refused(make_dataset(features={}))


def test_the_target_is_no_feature(make_dataset: Make) -> None:
    message = refused(make_dataset(features={"price": NUMBER}))
    assert "'price' of 'stones' is also a feature" in message
    assert "take 'price' out" in message


@pytest.mark.parametrize(
    ("task", "metric", "listed"),
    [
        ("regression", "maee", "r2, mae, rmse, mape"),
        ("regression", "f1", "r2, mae, rmse, mape"),
        ("binary", "mae", "accuracy, precision, recall, f1, roc_auc, log_loss"),
        ("multiclass", "f1", "f1_macro"),
    ],
)
def test_a_metric_must_be_one_of_the_task(
    make_dataset: Make, task: str, metric: str, listed: str
) -> None:
    message = refused(make_dataset(task=task, metric=metric))
    assert f"Unknown metric '{metric}' of a {task} dataset" in message
    assert listed in message
    assert "do:      " in message


def test_a_misspelt_metric_in_the_gate_lists_the_metrics(make_dataset: Make) -> None:
    message = refused(make_dataset(gate={"rmsee": {"max": 1}}))
    assert "'rmsee'" in message
    assert "r2, mae, rmse, mape" in message
    assert "did you mean 'rmse'?" in message


def test_a_gate_needs_a_limit(make_dataset: Make) -> None:
    message = refused(make_dataset(gate={"mae": {}}))
    assert "The gate on 'mae' has no limit" in message
    assert "min, max" in message


def test_a_gate_may_be_zero(make_dataset: Make) -> None:
    schema_checks.check(make_dataset(gate={"mae": {"max": 0}, "r2": {"min": 0}}))


def test_a_category_has_an_order_or_values_but_not_both(make_dataset: Make) -> None:
    both = {"type": "category", "order": ["a", "b"], "values": ["a", "b"]}
    message = refused(make_dataset(features={"c": both}))
    assert "The category 'c' has both an order and values" in message
    assert "keep one of the two" in message


@pytest.mark.parametrize("key", ["order", "values"])
@pytest.mark.parametrize("values", [[], ["a"], ["a", "b", "a"], [1, 2, "1"]])
def test_the_values_of_a_category_are_two_or_more_and_differ(
    make_dataset: Make, key: str, values: list[Any]
) -> None:
    message = refused(make_dataset(features={"c": {"type": "category", key: values}}))
    assert "The values of 'c' must be two or more, and no value twice" in message
    assert "given:   [" in message


def test_the_values_of_the_target_differ_too(make_dataset: Make) -> None:
    target = {"name": "kind", "values": ["a", "a"]}
    message = refused(make_dataset(task="multiclass", metric="accuracy", target=target))
    assert "The values of 'kind'" in message


def test_a_binary_target_has_two_values(make_dataset: Make) -> None:
    target = {"name": "kind", "values": [0, 1, 2]}
    message = refused(make_dataset(task="binary", metric="f1", target=target))
    assert "two values" in message
    assert "[0, 1, 2]" in message
    schema_checks.check(make_dataset(task="multiclass", metric="f1_macro", target=target))


def test_the_positive_class_is_one_of_the_values(make_dataset: Make) -> None:
    target = {"name": "kind", "values": [0, 1], "positive": 2}
    message = refused(make_dataset(task="binary", metric="f1", target=target))
    assert "Unknown positive class '2'" in message
    assert "0, 1" in message
    for positive in (1, "1"):
        target["positive"] = positive
        schema_checks.check(make_dataset(task="binary", metric="f1", target=target))


@pytest.mark.parametrize("split", [{"method": "column"}, {"column": "part"}])
def test_a_split_by_column_names_its_column(make_dataset: Make, split: dict[str, Any]) -> None:
    message = refused(make_dataset(split=split))
    assert "needs a column with method: column or time, and only then" in message
    assert f"column: {split.get('column')}" in message


def test_the_first_row_by_key_needs_a_key(make_dataset: Make) -> None:
    message = refused(make_dataset(duplicates="first"))
    assert "has no key" in message
    assert "add key:" in message


def test_a_derived_column_uses_numeric_features(make_dataset: Make) -> None:
    features = {"n": NUMBER, "words": {"type": "text"}}
    for used in ("nn", "words", "price", "n2"):
        message = refused(make_dataset(features=features, derived={"v": f"log(n) + {used}"}))
        assert f"'{used}'" in message
        assert "in v:" in message
        assert "allowed: n" in message


def test_a_derived_column_is_arithmetic(make_dataset: Make) -> None:
    assert "not allowed" in refused(make_dataset(derived={"v": "carat.real"}))


@pytest.mark.parametrize("name", ["carat", "price"])
def test_a_derived_column_has_a_name_of_its_own(make_dataset: Make, name: str) -> None:
    message = refused(make_dataset(derived={name: "carat * 2"}))
    assert f"'{name}' is already a column" in message


@pytest.mark.parametrize("name", ["net-weight", "net weight", "g/cm"])
def test_a_column_whose_name_is_no_word_is_told_how_to_write_it(
    make_dataset: Make, name: str
) -> None:
    features = {name: {"type": "number"}, "net": {"type": "number"}, "g": {"type": "number"}}
    if " " not in name:  # that is no arithmetic at all
        message = refused(make_dataset(features=features, derived={"v": f"{name} * 2"}))
        assert f"in backticks: `{name}`" in message
    assert make_dataset(features=features, derived={"v": f"`{name}` * 2"})


def test_a_function_is_no_column_of_a_derived_one(make_dataset: Make) -> None:
    assert "log" in refused(make_dataset(derived={"v": "log + carat"}))


def test_similar_records_are_equal_in_features_and_near_in_a_numeric_one(
    make_dataset: Make,
) -> None:
    message = refused(make_dataset(similar={"same": ["cat"], "nearest": "carat"}))
    assert "feature in similar.same 'cat'" in message
    assert "carat, facets, cut" in message
    features = {"n": NUMBER, "words": {"type": "text"}}
    message = refused(make_dataset(features=features, similar={"nearest": "words"}))
    assert "numeric feature in similar.nearest 'words'" in message
    assert "allowed: n" in message


@pytest.mark.parametrize("name", ["my carat", "sepal.length", "a__b", "n_jobs", "%"])
def test_a_feature_may_be_called_what_a_csv_calls_it(make_dataset: Make, name: str) -> None:
    schema_checks.check(make_dataset(features={name: NUMBER}, similar=None))


@pytest.mark.parametrize("key", ["after", "gap"])
def test_what_belongs_to_time_needs_a_split_by_time(make_dataset: Make, key: str) -> None:
    message = refused(make_dataset(split={key: 3}))
    assert f"split.{key} of 'stones' has a meaning with method: time only" in message
    schema_checks.check(make_dataset(split={"method": "time", "column": "day", key: 3}))


def test_rows_are_not_split_by_when_the_target_is(make_dataset: Make) -> None:
    assert "feature or the target" in refused(
        make_dataset(split={"method": "time", "column": "price"})
    )
    schema_checks.check(make_dataset(split={"method": "time", "column": "carat"}))


@pytest.mark.parametrize("named", [{"group": "price"}, {"group": ["id", "price"]}])
def test_the_target_is_no_group(make_dataset: Make, named: dict[str, Any]) -> None:
    assert "The group of 'stones' is its target" in refused(make_dataset(**named))


def test_a_weight_is_a_number_and_not_the_target(make_dataset: Make) -> None:
    assert "The weight of 'stones' is its target" in refused(make_dataset(weight="price"))
    assert "The weight 'cut' of 'stones' is not a number" in refused(make_dataset(weight="cut"))
    schema_checks.check(make_dataset(weight="carat"))


def test_a_cause_has_features_of_its_own(make_dataset: Make) -> None:
    numbers = dict.fromkeys(("n", "m", "o"), NUMBER)
    for causes, words in (
        ({"size": ["n"]}, "needs two features or more"),
        ({"n": ["m", "o"]}, "a name that none of them has"),
        ({"size": ["n", "p"]}, "Unknown feature in causes.size 'p'"),
        ({"size": ["n", "m"], "weight": ["m", "o"]}, "stands in two causes"),
    ):
        assert words in refused(make_dataset(features=numbers, causes=causes))
    schema_checks.check(make_dataset(features=numbers, causes={"size": ["n", "m"]}))


def test_intervals_hold_by_features_that_are_no_texts(make_dataset: Make) -> None:
    features = {"n": NUMBER, "words": {"type": "text"}}
    for name in ("words", "price", "nn"):
        message = refused(make_dataset(features=features, coverage_by=[name]))
        assert f"'{name}'" in message
        assert "allowed: n" in message
    schema_checks.check(make_dataset(features=features, coverage_by=["n"]))


def test_what_is_monotone_has_an_order(make_dataset: Make) -> None:
    kinds = {"type": "category", "values": ["a", "b"], "monotone": "up"}
    assert "its values have no order" in refused(make_dataset(features={"c": kinds}))
    features = {"n": {**NUMBER, "monotone": "down"}}
    target = {"name": "price", "values": [0, 1, 2]}
    message = refused(
        make_dataset(features=features, task="multiclass", metric="accuracy", target=target)
    )
    assert "of many classes none rises alone" in message
    schema_checks.check(make_dataset(features=features))


@pytest.mark.parametrize("column", ["y", "price", "same"])
def test_no_column_is_called_in_the_source_what_another_is_here(
    make_dataset: Make, column: str
) -> None:
    number = {"type": "number"}
    features = {"x": {**number, "column": column}, "y": {**number, "column": "same"}}
    assert f"The column '{column}' of the source is '" in refused(make_dataset(features=features))
    schema_checks.check(make_dataset(features={"x": {**number, "column": "a"}, "y": number}))
