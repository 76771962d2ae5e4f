from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from src.card import importance
from src.card.asked import Asked

ROWS = 3000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    size = random.normal(size=ROWS)
    return pd.DataFrame(
        {
            "size": size,
            "twin": size + random.normal(scale=0.05, size=ROWS),
            "other": random.normal(size=ROWS),
            "noise": random.normal(size=ROWS),
        }
    )


@pytest.fixture(scope="module")
def truth(frame: pd.DataFrame) -> np.ndarray:
    random = np.random.default_rng(1)
    both = 2 * frame["size"] + 2 * frame["twin"] + frame["other"]
    return (both + random.normal(scale=0.5, size=ROWS)).to_numpy()


@pytest.fixture(scope="module")
def model(frame: pd.DataFrame, truth: np.ndarray) -> LinearRegression:
    return LinearRegression().fit(frame, truth)


def measured(
    model: LinearRegression, frame: pd.DataFrame, truth: np.ndarray, groups: dict, **words: int
) -> dict[str, importance.Importance]:
    def loss(output: np.ndarray) -> float:
        return float(np.abs(output - truth).mean())

    return importance.permutation(Asked(model.predict, frame), loss, groups, **{"seed": 3, **words})


def test_a_feature_matters_as_much_as_scikit_learn_says(model, frame, truth) -> None:
    groups = {name: [name] for name in frame}
    found = measured(model, frame, truth, groups, repeats=30)
    theirs = permutation_importance(
        model, frame, truth, scoring="neg_mean_absolute_error", n_repeats=30, random_state=3
    )
    for at, name in enumerate(frame):
        sure = 4 * theirs.importances_std[at] / np.sqrt(30) + 1e-4
        assert found[name].mean == pytest.approx(theirs.importances_mean[at], abs=2 * sure)
        assert found[name].deviation == pytest.approx(theirs.importances_std[at], rel=0.6, abs=1e-3)
    assert found["noise"].mean == pytest.approx(0, abs=0.01)


def test_the_rise_is_that_of_the_shuffled_rows(model, frame, truth) -> None:
    found = measured(model, frame, truth, {"other": ["other"]}, repeats=2)["other"]
    random = np.random.default_rng(3)
    rises = []
    for _ in range(2):
        shuffled = frame.assign(other=frame["other"].to_numpy()[random.permutation(ROWS)])
        errors = [np.abs(model.predict(rows) - truth).mean() for rows in (shuffled, frame)]
        rises.append(errors[0] - errors[1])
    assert found.mean == pytest.approx(np.mean(rises))
    assert found.deviation == pytest.approx(np.std(rises))


def test_features_that_tell_the_same_matter_together(model, frame, truth) -> None:
    groups = {"both": ["size", "twin"], "size": ["size"], "twin": ["twin"]}
    found = measured(model, frame, truth, groups)
    alone = max(found["size"].mean, found["twin"].mean)
    assert found["both"].mean > 1.5 * alone
    # Shuffled each for itself they would have come apart, and their errors partly cancelled.
    order = np.random.default_rng(3).permutation(ROWS)
    moved = frame.assign(**{name: frame[name].to_numpy()[order] for name in ("size", "twin")})
    rise = np.abs(model.predict(moved) - truth).mean() - np.abs(model.predict(frame) - truth).mean()
    once = measured(model, frame, truth, groups, repeats=1)
    assert once["both"].mean == pytest.approx(rise)


def test_where_all_features_are_shuffled_nothing_is_asked_again(model, frame, truth) -> None:
    asked = []

    def output(rows: pd.DataFrame) -> np.ndarray:
        asked.append(len(rows))
        return model.predict(rows)

    def loss(output: np.ndarray) -> float:
        return float(np.abs(output - truth).mean())

    whole = importance.permutation(Asked(output, frame), loss, {"all": list(frame)}, seed=3)["all"]
    assert asked == [ROWS]
    order = np.random.default_rng(3).permutation(ROWS)
    once = importance.permutation(
        Asked(output, frame), loss, {"all": list(frame)}, seed=3, repeats=1
    )
    rows = frame.iloc[order]
    assert once["all"].mean == pytest.approx(loss(model.predict(rows)) - loss(model.predict(frame)))
    assert whole.mean > 1


def test_texts_and_what_is_missing_are_shuffled_too() -> None:
    frame = pd.DataFrame({"text": pd.array(["a", None, "b", "b"], dtype="str"), "n": [1, 2, 3, 4]})

    def output(rows: pd.DataFrame) -> np.ndarray:
        assert sorted(rows["text"].dropna().unique()) == ["a", "b"]
        assert rows["text"].isna().mean() == 0.25
        return (rows["text"] == "b").to_numpy(dtype=float)

    truth = np.array([0.0, 0, 1, 1])
    found = importance.permutation(
        Asked(output, frame),
        lambda out: float(np.abs(out - truth).mean()),
        {"text": ["text"]},
        seed=0,
    )
    assert 0 < found["text"].mean <= 1


def test_the_same_seed_gives_the_same_figures(model, frame, truth) -> None:
    groups = {"other": ["other"]}
    assert measured(model, frame, truth, groups) == measured(model, frame, truth, groups)
    assert measured(model, frame, truth, groups) != measured(model, frame, truth, groups, seed=4)


def test_of_very_many_features_those_are_shuffled_that_answers_go_with() -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(200, 12))
    matrix[:, 3], matrix[:5, 7] = 1.0, np.nan  # one does not vary, another has no value at times
    answers = matrix[:, 8] - 3 * np.nan_to_num(matrix[:, 7]) + 0.5 * matrix[:, 1]
    columns = {f"f{at}": [at] for at in range(11)} | {"none": [], "last": [10, 11]}
    assert importance.strongest(matrix, answers, columns, 3) == ["f1", "f7", "f8"]
    both = np.column_stack([answers, matrix[:, 11]])
    assert importance.strongest(matrix, both, columns, 3) == ["f7", "f8", "last"]
    assert importance.strongest(sparse.csr_matrix(np.nan_to_num(matrix)), both, columns, 1) == [
        "last"
    ]


def test_all_of_few_features_are_shuffled() -> None:
    columns = {"a": [0], "b": [1]}
    assert importance.strongest(np.zeros((2, 2)), np.zeros(2), columns, 2) == ["a", "b"]
