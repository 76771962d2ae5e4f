from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import yaml

from src.data import schema
from src.data.features import Bounds, Category, Past
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import convert

Make = Callable[..., Dataset]
NUMBER = {"type": "number"}


def refused(dataset: Dataset) -> str:
    with pytest.raises(UserError) as caught:
        schema.check(dataset)
    return str(caught.value)


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


def test_a_sound_dataset_passes(make_dataset: Make) -> None:
    schema.check(
        make_dataset(
            gate={"r2": {"min": 0.5}, "mae": {"max": 9}},
            derived={"per_facet": "carat / facets", "graded": "cut * 2"},
            similar={"same": ["cut"], "nearest": "carat"},
            key=["id"],
            duplicates="first",
            split={"method": "column", "column": "part"},
        )
    )


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
    schema.check(make_dataset(gate={"mae": {"max": 0}, "r2": {"min": 0}}))


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
    schema.check(make_dataset(task="multiclass", metric="f1_macro", target=target))


def test_the_positive_class_is_one_of_the_values(make_dataset: Make) -> None:
    target = {"name": "kind", "values": [0, 1], "positive": 2}
    message = refused(make_dataset(task="binary", metric="f1", target=target))
    assert "Unknown positive class '2'" in message
    assert "0, 1" in message
    for positive in (1, "1"):
        target["positive"] = positive
        schema.check(make_dataset(task="binary", metric="f1", target=target))


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
    schema.check(make_dataset(features={name: NUMBER}, similar=None))


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


@pytest.mark.parametrize("key", ["after", "gap"])
def test_what_belongs_to_time_needs_a_split_by_time(make_dataset: Make, key: str) -> None:
    message = refused(make_dataset(split={key: 3}))
    assert f"split.{key} of 'stones' has a meaning with method: time only" in message
    schema.check(make_dataset(split={"method": "time", "column": "day", key: 3}))


def test_rows_are_not_split_by_when_the_target_is(make_dataset: Make) -> None:
    assert "feature or the target" in refused(
        make_dataset(split={"method": "time", "column": "price"})
    )
    schema.check(make_dataset(split={"method": "time", "column": "carat"}))


@pytest.mark.parametrize("named", [{"group": "price"}, {"group": ["id", "price"]}])
def test_the_target_is_no_group(make_dataset: Make, named: dict[str, Any]) -> None:
    assert "The group of 'stones' is its target" in refused(make_dataset(**named))


def test_a_weight_is_a_number_and_not_the_target(make_dataset: Make) -> None:
    assert "The weight of 'stones' is its target" in refused(make_dataset(weight="price"))
    assert "The weight 'cut' of 'stones' is not a number" in refused(make_dataset(weight="cut"))
    schema.check(make_dataset(weight="carat"))


def test_the_source_needs_what_ties_rows_together(make_dataset: Make) -> None:
    dataset = make_dataset(
        key=["id"], group="id", weight="count", split={"method": "time", "column": "day"}
    )
    assert dataset.columns() == ["carat", "facets", "cut", "price", "id", "count", "day"]
    assert dataset.identity() == dataset.columns()


def test_a_cause_has_features_of_its_own(make_dataset: Make) -> None:
    numbers = dict.fromkeys(("n", "m", "o"), NUMBER)
    for causes, words in (
        ({"size": ["n"]}, "needs two features or more"),
        ({"n": ["m", "o"]}, "a name that none of them has"),
        ({"size": ["n", "p"]}, "Unknown feature in causes.size 'p'"),
        ({"size": ["n", "m"], "weight": ["m", "o"]}, "stands in two causes"),
    ):
        assert words in refused(make_dataset(features=numbers, causes=causes))
    schema.check(make_dataset(features=numbers, causes={"size": ["n", "m"]}))


def test_intervals_hold_by_features_that_are_no_texts(make_dataset: Make) -> None:
    features = {"n": NUMBER, "words": {"type": "text"}}
    for name in ("words", "price", "nn"):
        message = refused(make_dataset(features=features, coverage_by=[name]))
        assert f"'{name}'" in message
        assert "allowed: n" in message
    schema.check(make_dataset(features=features, coverage_by=["n"]))


def test_what_is_monotone_has_an_order(make_dataset: Make) -> None:
    kinds = {"type": "category", "values": ["a", "b"], "monotone": "up"}
    assert "its values have no order" in refused(make_dataset(features={"c": kinds}))
    features = {"n": {**NUMBER, "monotone": "down"}}
    target = {"name": "price", "values": [0, 1, 2]}
    message = refused(
        make_dataset(features=features, task="multiclass", metric="accuracy", target=target)
    )
    assert "of many classes none rises alone" in message
    schema.check(make_dataset(features=features))


@pytest.mark.parametrize("column", ["y", "price", "same"])
def test_no_column_is_called_in_the_source_what_another_is_here(
    make_dataset: Make, column: str
) -> None:
    number = {"type": "number"}
    features = {"x": {**number, "column": column}, "y": {**number, "column": "same"}}
    assert f"The column '{column}' of the source is '" in refused(make_dataset(features=features))
    schema.check(make_dataset(features={"x": {**number, "column": "a"}, "y": number}))


SERIES: dict[str, Any] = {
    "features": {"hour": {"type": "datetime"}, "site": {"type": "id"}, "wind": {"type": "number"}},
    "derived": {"before": "lag(price, 24)", "gusts": "max(gust, 1..24)", "rise": "before - wind"},
    "split": {"method": "time", "column": "hour"},
    "group": "site",
    "key": [],
    "similar": None,
}


def test_a_window_of_the_past_is_an_optional_number(make_dataset: Make) -> None:
    dataset = make_dataset(**SERIES)
    schema.check(dataset)
    past = dataset.features["before"]
    assert isinstance(past, Past)
    assert (past.optional, past.unit) == (True, dataset.target.unit)
    assert list(dataset.features) == ["hour", "site", "wind", "before", "gusts"]
    assert {"before", "gusts"} <= set(dataset.numeric())
    assert dataset.computed()["rise"] == "before - wind"
    assert "before" not in dataset.computed()
    assert dataset.columns() == ["hour", "site", "wind", "price", "gust"]
    assert dataset.extra_columns() == ["gust"]
    again = convert(msgspec.to_builtins(dataset), Dataset, "dataset")
    assert again == dataset


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": {"method": "stable"}}, "the split of 'stones' is not by time"),
        ({"split": {"method": "random"}}, "has learnt from later ones"),
        ({"split": {"method": "time", "column": "when"}}, "must say when it is"),
        ({"group": ["site", "block"]}, "'block' of group has to be a feature"),
        ({"derived": {"before": "lag(site, 1)"}}, "which is no column of numbers"),
        ({"derived": {"before": "lag(hour, 1)"}}, "which is no column of numbers"),
        ({"derived": {"wind": "lag(price, 1)"}}, "is already a column"),
        ({"derived": {"price": "lag(wind, 1)"}}, "is already a column"),
        ({"derived": {"before": "lag(price, 0)"}}, "or into the future"),
        ({"derived": {"before": "lag(price, 2) / wind"}}, "is no window of the past"),
        ({"derived": {"x": "lag(y, 1)", "y": "lag(price, 1)"}}, "which is no column of numbers"),
        ({"task": "binary", "metric": "log_loss"}, "which is no column of numbers"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    make_dataset: Make, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        schema.check(make_dataset(**{**SERIES, **changes}))


def test_a_feature_of_the_past_without_a_window_is_refused(make_dataset: Make) -> None:
    features = {**SERIES["features"], "before": {"type": "past", "optional": True}}
    with pytest.raises(UserError, match="nothing says of which"):
        schema.check(make_dataset(**{**SERIES, "features": features, "derived": {}}))
