from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from src.config.configuration import Encoding
from src.data.schema import Dataset
from src.learning.encoding import Encoder
from src.support.errors import UserError
from src.support.structs import convert

Make = Callable[..., Dataset]
NUMBER = {"type": "number"}
OPTIONAL = {"type": "number", "optional": True}
CUT = {"type": "category", "order": ["Fair", "Good", "Ideal"]}
TEXT = {"type": "text"}
NAN = float("nan")


@pytest.fixture
def make_encoder(make_dataset: Make) -> Callable[..., Encoder]:
    """Return a function that makes an encoder of features, derived columns and an encoding."""

    def make(
        features: dict[str, Any],
        derived: dict[str, str] | None = None,
        drop: tuple[str, ...] = (),
        task: str = "regression",
        **encoding: Any,
    ) -> Encoder:
        metric = "mae" if task == "regression" else "accuracy"
        dataset = make_dataset(features=features, derived=derived or {}, task=task, metric=metric)
        return Encoder(dataset, convert(encoding, Encoding), drop, seed=1)

    return make


def fit(encoder: Encoder, **columns: list[Any]) -> Any:
    frame = pd.DataFrame(columns)
    return encoder.fit_transform(frame, np.arange(len(frame), dtype=float))


def encode(encoder: Encoder, **columns: list[Any]) -> Any:
    return encoder.transform(pd.DataFrame(columns))


def test_derived_columns_are_computed_alike_in_fit_and_transform(make_encoder) -> None:
    features = {"x": NUMBER, "y": {"type": "integer"}, "cut": CUT}
    derived = {"area": "x * y", "far": "log(x)", "grade": "cut + y"}
    encoder = make_encoder(features, derived, numbers="keep", ordered="rank")
    rows = {"x": [1.0, 2.0, 4.0], "y": [3.0, 5.0, 0.0], "cut": ["Ideal", "Fair", "Good"]}
    expected = [[3, 0, 5], [10, np.log(2), 5], [0, np.log(4), 1]]
    assert_allclose(fit(encoder, **rows)[:, 3:], expected)
    assert_allclose(encode(encoder, **rows)[:, 3:], expected)
    assert encoder.names() == ["x", "y", "cut", "area", "far", "grade"]


def test_a_derived_value_that_is_not_finite_is_a_missing_number(make_encoder) -> None:
    rows = {"x": [0.0, 1.0, 2.0, 4.0]}
    kept = fit(make_encoder({"x": NUMBER}, {"inverse": "1 / x"}, numbers="keep"), **rows)
    assert_array_equal(kept[:, 1], [NAN, 1, 0.5, 0.25])
    standard = fit(make_encoder({"x": NUMBER}, {"inverse": "1 / x"}), **rows)
    assert standard[0, 1] == pytest.approx(standard[2, 1])  # 0.5 is the median


def test_a_dropped_column_is_gone_and_still_feeds_derived_ones(make_encoder) -> None:
    features = {"x": NUMBER, "y": NUMBER, "cut": CUT}
    encoder = make_encoder(
        features, {"sum": "x + y", "twice": "2 * x"}, drop=("x", "cut", "twice"), numbers="keep"
    )
    matrix = fit(encoder, x=[1.0, 2.0], y=[5.0, 7.0], cut=["Fair", "Good"])
    assert encoder.names() == ["y", "sum"]
    assert_array_equal(matrix, [[5, 6], [7, 9]])


def test_numbers_are_standardised_by_the_training_rows(make_encoder) -> None:
    encoder = make_encoder({"x": NUMBER, "n": {"type": "integer"}})
    fitted = fit(encoder, x=[1.0, 2.0, 3.0], n=[0.0, 4.0, 8.0])
    assert_allclose(fitted.mean(axis=0), 0, atol=1e-12)
    assert_allclose(fitted.std(axis=0), 1)
    step = np.sqrt(1.5)
    assert_allclose(encode(encoder, x=[5.0], n=[-4.0]), [[3 * step, -2 * step]])


def test_numbers_can_be_kept(make_encoder) -> None:
    encoder = make_encoder({"x": NUMBER, "y": OPTIONAL}, numbers="keep")
    fitted = fit(encoder, x=[1.0, 20.0], y=[7.0, NAN])
    assert_array_equal(fitted, [[1, 7], [20, NAN]])
    assert_array_equal(encode(encoder, x=[3.0], y=[NAN]), [[3, NAN]])


def test_a_missing_number_is_the_median_of_the_training_rows(make_encoder) -> None:
    encoder = make_encoder({"x": OPTIONAL})
    fitted = fit(encoder, x=[1.0, 2.0, 30.0, NAN])
    assert fitted[3, 0] == pytest.approx(fitted[1, 0])
    assert_allclose(encode(encoder, x=[NAN]), encode(encoder, x=[2.0]))


def test_an_optional_number_that_is_always_missing_keeps_its_column(make_encoder) -> None:
    encoder = make_encoder({"x": OPTIONAL, "y": NUMBER})
    fitted = fit(encoder, x=[NAN, NAN, NAN], y=[1.0, 2.0, 3.0])
    assert fitted.shape == (3, 2)
    assert np.isfinite(fitted).all()
    assert encoder.names() == ["x", "y"]


def test_the_first_level_is_the_one_that_the_others_are_measured_against(make_encoder) -> None:
    encoder = make_encoder({"cut": CUT})
    assert_array_equal(fit(encoder, cut=["Ideal", "Fair", "Good"]), [[0, 1], [0, 0], [1, 0]])
    assert encoder.names() == ["cut=Good", "cut=Ideal"]


def test_levels_are_those_of_the_dataset_and_not_of_the_rows(make_encoder) -> None:
    encoder = make_encoder({"code": {"type": "category", "values": [30, 10, 20]}})
    assert_array_equal(fit(encoder, code=["10", "10"]), [[1, 0], [1, 0]])
    assert encoder.names() == ["code=10", "code=20"]
    assert_array_equal(encode(encoder, code=["20", "30"]), [[0, 1], [0, 0]])


def test_a_missing_category_of_a_list_is_a_level(make_encoder) -> None:
    encoder = make_encoder({"cut": {**CUT, "optional": True}})
    fitted = fit(encoder, cut=["Fair", None, "Ideal"])
    assert encoder.names() == ["cut=Good", "cut=Ideal", "cut=(missing)"]
    assert_array_equal(fitted, [[0, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_ranks_follow_the_order(make_encoder) -> None:
    order = ["low", "high", "above"]  # neither alphabetical nor as they come
    encoder = make_encoder(
        {"cut": {"type": "category", "order": order}}, ordered="rank", numbers="keep"
    )
    assert_array_equal(fit(encoder, cut=["above", "low", "high"]), [[2], [0], [1]])
    assert encoder.names() == ["cut"]


def test_standardised_ranks_follow_the_order_and_stand_in_the_middle_if_missing(
    make_encoder,
) -> None:
    encoder = make_encoder({"cut": {**CUT, "optional": True}}, ordered="rank")
    fitted = fit(encoder, cut=["Ideal", "Good", "Fair", None, "Good"])[:, 0]
    assert fitted.mean() == pytest.approx(0)
    assert fitted[2] < fitted[1] < fitted[0]
    assert fitted[3] == pytest.approx(fitted[1])


def test_a_missing_rank_stays_missing_where_numbers_are_kept(make_encoder) -> None:
    encoder = make_encoder({"cut": {**CUT, "optional": True}}, ordered="rank", numbers="keep")
    assert_array_equal(fit(encoder, cut=["Ideal", None]), [[2], [NAN]])
    assert_array_equal(encode(encoder, cut=[None, "Good"]), [[NAN], [1]])


def test_ranks_are_only_of_ordered_categories(make_encoder) -> None:
    encoder = make_encoder({"code": {"type": "category", "values": [1, 2, 3]}}, ordered="rank")
    fit(encoder, code=["1", "2"])
    assert encoder.names() == ["code=2", "code=3"]


def test_values_that_are_not_listed_are_learnt(make_encoder) -> None:
    encoder = make_encoder({"place": {"type": "category", "optional": True}})
    fitted = fit(encoder, place=["north", "south", None])
    assert encoder.names() == ["place=(missing)", "place=north", "place=south"]
    assert_array_equal(fitted, [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert_array_equal(encode(encoder, place=["west", None]), [[0, 0, 0], [1, 0, 0]])


def test_of_very_many_values_the_rarest_share_a_column(make_encoder) -> None:
    encoder = make_encoder({"place": {"type": "category"}}, categories="one_hot")
    often = [f"often{at:02}" for at in range(99)] * 2
    rare = [f"rare{at:02}" for at in range(30)]
    fitted = fit(encoder, place=often + rare)
    assert fitted.shape[1] == len(encoder.names()) == 100
    shared = encode(encoder, place=["rare00", "rare29", "never seen"])
    assert_array_equal(shared[0], shared[1])
    assert_array_equal(shared[0], shared[2])
    assert shared.sum() == 3
    assert_array_equal(fitted.sum(axis=1), 1)


def test_a_category_can_be_the_mean_of_its_targets(make_encoder) -> None:
    encoder = make_encoder({"place": {"type": "category"}, "cut": CUT}, categories="target")
    rng = np.random.default_rng(0)
    places = rng.choice(["north", "south", "west"], 90)
    target = np.array([{"north": 10.0, "south": 30.0, "west": 20.0}[place] for place in places])
    frame = pd.DataFrame({"place": places, "cut": "Fair"})
    encoder.fit_transform(frame, target)
    assert encoder.names() == ["place", "cut=Good", "cut=Ideal"]
    known = encode(encoder, place=["north", "west", "south", "east"], cut=["Fair"] * 4)[:, 0]
    assert_allclose(known[:3], [10, 20, 30], atol=0.5)
    assert known[3] == pytest.approx(target.mean())


@pytest.mark.parametrize(("values", "columns"), [(100, 100), (101, 1)])
def test_very_many_values_become_means_by_themselves(
    make_encoder, values: int, columns: int
) -> None:
    encoder = make_encoder({"place": {"type": "category"}, "cut": CUT})
    places = [f"place{at % values:03}" for at in range(3 * values)]
    target = np.arange(len(places)) % values
    fitted = encoder.fit_transform(pd.DataFrame({"place": places, "cut": "Fair"}), target)
    assert fitted.shape[1] == columns + 2
    asked = {"place": ["place000", "place099"], "cut": ["Fair"] * 2}
    low, high = encode(encoder, **asked)[:, 0]
    assert (low < high) == (columns == 1), "by means they lie apart"


def test_very_many_listed_values_become_means_and_an_order_stays_one(make_encoder) -> None:
    listed = [f"v{at:03}" for at in range(150)]
    features = {
        "listed": {"type": "category", "values": listed},
        "ordered": {"type": "category", "order": listed},
    }
    encoder = make_encoder(features)
    frame = pd.DataFrame({"listed": listed[:50], "ordered": listed[:50]})
    encoder.fit_transform(frame, np.arange(50.0))
    names = encoder.names()
    assert [name for name in names if not name.startswith("ordered=")] == ["listed"]
    assert len(names) == 1 + 149


def test_the_means_of_targets_are_the_same_every_time(make_encoder) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"place": rng.choice(["north", "south", "west"], 40)})
    target = rng.integers(0, 2, 40)
    one, other = (
        make_encoder({"place": {"type": "category"}}, categories="target", task="binary")
        for _ in range(2)
    )
    assert_array_equal(one.fit_transform(frame, target), other.fit_transform(frame, target))


@pytest.mark.parametrize(("task", "target"), [("regression", [1.0, 2.0]), ("binary", [0, 1, 1])])
def test_the_means_of_few_targets_are_learnt(make_encoder, task: str, target: list[Any]) -> None:
    encoder = make_encoder({"place": {"type": "category"}}, categories="target", task=task)
    frame = pd.DataFrame({"place": ["north", "south", "south"][: len(target)]})
    assert np.isfinite(encoder.fit_transform(frame, np.array(target))).all()


def test_columns_are_named_by_feature_and_level_whatever_they_hold(make_encoder) -> None:
    features = {
        "a": {"type": "category", "values": ["b", "b_c", "a"]},
        "a_b": {"type": "category", "values": ["x", "c", "d=e"]},
    }
    encoder = make_encoder(features)
    fit(encoder, a=["b"], a_b=["x"])
    assert encoder.names() == ["a=b_c", "a=a", "a_b=c", "a_b=d=e"]


def test_words_are_named_by_feature_and_word_whatever_they_are(make_encoder) -> None:
    encoder = make_encoder({"text": TEXT})
    fit(encoder, text=["text text_a red"])
    assert encoder.names() == ["text:red", "text:text", "text:text_a"]


@pytest.mark.parametrize("has_text", [False, True])
def test_there_is_a_name_for_every_column(make_encoder, make_rows, has_text: bool) -> None:
    rows = make_rows(20).assign(words="hard and clear")
    features = {"carat": NUMBER, "facets": OPTIONAL, "cut": CUT}
    encoder = make_encoder(
        {**features, "words": TEXT} if has_text else features, {"ratio": "carat / facets"}
    )
    matrix = encoder.fit_transform(rows, rows["price"].to_numpy())
    assert len(encoder.names()) == matrix.shape[1] == (8 if has_text else 5)


def test_text_is_sparse(make_encoder) -> None:
    encoder = make_encoder({"text": TEXT, "x": NUMBER, "cut": CUT})
    rows = {"text": ["red blue", "red"], "x": [1.0, 3.0], "cut": ["Fair", "Good"]}
    for matrix in (fit(encoder, **rows), encode(encoder, **rows)):
        assert sparse.issparse(matrix)
        assert matrix.format == "csr"
        assert_allclose(matrix.toarray()[:, :3], [[-1, 0, 0], [1, 1, 0]])
    assert encoder.names() == ["x", "cut=Good", "cut=Ideal", "text:blue", "text:red"]


def test_texts_that_are_all_empty_are_left_out(make_encoder) -> None:
    encoder = make_encoder({"text": {**TEXT, "optional": True}, "x": NUMBER})
    rows = {"text": ["", ""], "x": [1.0, 3.0]}
    assert fit(encoder, **rows).shape == (2, 1)
    assert encode(encoder, **rows).shape == (2, 1)
    assert encoder.names() == ["x"]


def test_without_text_the_matrix_is_dense(make_encoder) -> None:
    dense = make_encoder({"cut": CUT, "text": TEXT}, drop=("text",))
    for matrix in (
        fit(dense, cut=["Fair", "Good"], text=["a b", "c d"]),
        encode(dense, cut=["Fair"], text=["a b"]),
    ):
        assert isinstance(matrix, np.ndarray)
        assert matrix.dtype == np.float64


def test_words_can_be_counted(make_encoder) -> None:
    encoder = make_encoder({"text": TEXT}, text={"weight": "count"})
    fitted = fit(encoder, text=["red red blue", "blue"])
    assert_array_equal(fitted.toarray(), [[1, 2], [1, 0]])
    assert_array_equal(encode(encoder, text=["green red"]).toarray(), [[0, 1]])


def test_weighted_words_make_rows_of_length_one_and_rare_words_weigh_more(make_encoder) -> None:
    encoder = make_encoder({"text": TEXT})
    fitted = fit(encoder, text=["red blue", "red", "red"]).toarray()
    assert_allclose(np.linalg.norm(fitted, axis=1), 1)
    assert fitted[0, 0] > fitted[0, 1]


def test_repeated_words_can_be_damped(make_encoder) -> None:
    rows = {"text": ["red red red red blue", "red blue"]}
    damped = fit(make_encoder({"text": TEXT}), **rows).toarray()
    plain = fit(make_encoder({"text": TEXT}, text={"sublinear": False}), **rows).toarray()
    assert plain[0, 1] / plain[0, 0] == pytest.approx(4)
    assert damped[0, 1] / damped[0, 0] == pytest.approx(1 + np.log(4))


@pytest.mark.parametrize("weight", ["count", "tf_idf"])
@pytest.mark.parametrize(
    ("words", "names"),
    [
        ({}, ["and", "blue", "red"]),
        ({"ngrams": [1, 2]}, ["and", "and blue", "blue", "red", "red and"]),
        ({"min_df": 2}, ["red"]),
        ({"max_features": 2}, ["and", "red"]),
        ({"stop_words": "english"}, ["blue", "red"]),
    ],
)
def test_which_words_are_learnt(
    make_encoder, weight: str, words: dict[str, Any], names: list[str]
) -> None:
    encoder = make_encoder({"text": TEXT}, text={"weight": weight, **words})
    fit(encoder, text=["red and blue", "Red"])
    assert encoder.names() == [f"text:{name}" for name in names]


def test_missing_text_has_no_words(make_encoder) -> None:
    encoder = make_encoder({"text": {"type": "text", "optional": True}})
    assert fit(encoder, text=["red", None])[1].nnz == 0
    assert encode(encoder, text=[None, ""]).nnz == 0


@pytest.mark.parametrize("text", [["", ""], ["a", "b"]])
def test_no_words_at_all_are_told(make_encoder, text: list[str]) -> None:
    with pytest.raises(UserError, match="No words are left") as caught:
        fit(make_encoder({"text": TEXT}), text=text)
    assert "min_df" in str(caught.value)
    assert "learn from in 'text'." in str(caught.value)


def test_a_column_of_text_that_holds_nothing_stops_no_other(make_encoder) -> None:
    note = {"type": "text", "optional": True}
    encoder = make_encoder({"carat": {"type": "number"}, "text": TEXT, "note": note})
    frame = {"carat": [1.0, 2.0], "text": ["red", "blue"], "note": ["", None]}
    assert fit(encoder, **frame).shape == (2, 3)
    assert encoder.names() == ["carat", "text:blue", "text:red"]
    assert encode(encoder, carat=[1.0], text=["red"], note=["something"]).shape == (1, 3)


def test_only_the_columns_without_words_are_named(make_encoder) -> None:
    with pytest.raises(UserError, match=r"No words are left to learn from in 'b'\."):
        fit(make_encoder({"a": TEXT, "b": TEXT}), a=["red", "blue"], b=["a", "b"])


def test_too_few_rows_for_the_rarest_word_are_told(make_encoder) -> None:
    with pytest.raises(UserError, match="No words are left"):
        fit(make_encoder({"text": TEXT}, text={"min_df": 2}), text=["red", "blue"])


def test_fewer_rows_than_a_word_must_stand_in_are_told(make_encoder) -> None:
    with pytest.raises(UserError) as caught:
        fit(make_encoder({"text": TEXT}, text={"min_df": 3}), text=["red", "red"])
    assert "min_df" in str(caught.value)


def test_other_faults_are_not_taken_for_missing_words(make_encoder) -> None:
    encoder = make_encoder({"cut": CUT})
    with pytest.raises(ValueError, match="Found unknown categories"):
        fit(encoder, cut=["Fair", "no such cut"])


def test_a_row_is_encoded_alike_alone_and_among_others(make_encoder, make_rows) -> None:
    features = {"carat": NUMBER, "facets": OPTIONAL, "cut": CUT, "cut_text": TEXT}
    encoder = make_encoder(features, {"density": "carat / facets"})
    rows = make_rows(30).assign(cut_text=lambda rows: rows["cut"] + " cut")
    encoder.fit_transform(rows, rows["price"].to_numpy())
    whole = encoder.transform(rows).toarray()
    alone = [encoder.transform(rows.iloc[[at]]).toarray()[0] for at in range(len(rows))]
    assert_array_equal(whole, alone)


def test_other_columns_and_their_order_do_not_matter(make_encoder, make_rows) -> None:
    encoder = make_encoder({"carat": NUMBER, "cut": CUT})
    rows = make_rows(10)
    fitted = encoder.fit_transform(rows, rows["price"].to_numpy())
    assert_array_equal(encoder.transform(rows[["cut", "facets", "carat"]]), fitted)


def test_the_rows_given_are_left_as_they_were(make_encoder, make_rows) -> None:
    rows = make_rows(10)
    before = rows.copy()
    encoder = make_encoder({"carat": NUMBER, "cut": CUT}, {"twice": "2 * carat"})
    encoder.fit_transform(rows, rows["price"].to_numpy())
    encoder.transform(rows)
    pd.testing.assert_frame_equal(rows, before)


def test_beside_text_the_zeros_of_other_columns_are_stored(make_encoder) -> None:
    """What a sparse matrix does not store is missing to gradient-boosted trees."""
    encoder = make_encoder(
        {"text": TEXT, "x": OPTIONAL, "cut": CUT}, numbers="keep", ordered="rank"
    )
    rows = {"text": ["red", "blue", "red"], "x": [0.0, np.nan, 2.0], "cut": ["Fair"] * 3}
    matrix = fit(encoder, **rows)
    stored = matrix[0].indices.tolist()
    assert 0 in stored
    assert 1 in stored, "the lowest rank is a zero as well"
    assert matrix[0, 0] == 0
    assert np.isnan(matrix[1, 0])
    assert matrix[:, 2:].nnz == 3, "words stay sparse"


def test_numbers_are_encoded_at_once_and_stand_where_their_features_do(make_encoder) -> None:
    features = {"a": NUMBER, "cut": CUT, "b": OPTIONAL, "c": NUMBER}
    encoder = make_encoder(features, {"sum": "a + c"})
    rows = {"a": [1.0, 2.0, 6.0], "cut": ["Fair", "Good", "Ideal"], "b": [NAN, 1.0, 3.0]}
    matrix = fit(encoder, **rows, c=[5.0, 7.0, 5.0])
    assert encoder.names() == ["a", "cut=Good", "cut=Ideal", "b", "c", "sum"]
    for at, name in ((0, "a"), (4, "c")):
        alone = fit(make_encoder({name: NUMBER}), **{name: {**rows, "c": [5.0, 7.0, 5.0]}[name]})
        assert_array_equal(matrix[:, [at]], alone)
    assert_array_equal(matrix[:, 1:3], [[0, 0], [1, 0], [0, 1]])
    assert len(encoder._transformer.transformers_) == 3  # of numbers, of those that fill, of cuts


@pytest.mark.parametrize("numbers", ["standard", "keep"])
def test_what_is_renewed_is_encoded_as_a_whole_row(make_encoder, make_rows, numbers: str) -> None:
    features = {"carat": NUMBER, "cut": CUT, "facets": OPTIONAL}
    encoder = make_encoder(features, {"ratio": "carat / facets"}, numbers=numbers)
    rows = make_rows(20)
    encoder.fit_transform(rows, rows["price"].to_numpy())
    places = np.array([3, 0, 3])
    for values in ({"carat": np.array([9.0, 8.0, 7.0])}, {"cut": ["Good", "Ideal", "Fair"]}):
        matrix = encoder.transform(rows)[places]
        encoder.renew(matrix, rows, places, values)
        assert_array_equal(matrix, encoder.transform(rows.iloc[places].assign(**values)))
