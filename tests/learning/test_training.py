from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import metrics as sk

from src.config.configuration import Config
from src.data import splitting
from src.evaluation import measures
from src.evaluation.metrics import BY_TASK, OF_ANSWERED
from src.learning import training
from src.learning.intervals import conformal
from src.learning.training import Outcome
from src.support.errors import UserError

Rows = Callable[..., pd.DataFrame]
Configs = Callable[..., Config]
RIDGE = "sklearn.linear_model.Ridge"
LOGISTIC = "sklearn.linear_model.LogisticRegression"
TREES = {"n_estimators": 4}


@pytest.fixture
def train(tmp_path: Path, recorder: Any) -> Callable[..., Outcome]:
    """Return a function that trains without a search."""

    def run(config: Config, rows: pd.DataFrame, test: pd.DataFrame) -> Outcome:
        return training.train(config, rows, test, tmp_path / "study", recorder)

    return run


def test_a_regression_is_judged_on_both_sides(train, make_config: Configs, make_rows: Rows) -> None:
    rows, test = make_rows(40), make_rows(15, seed=1)
    outcome = train(make_config(), rows, test)
    assert list(outcome.metrics) == ["test", "cv", "interval", "rows", "seconds"]
    assert list(outcome.metrics["test"]) == BY_TASK["regression"]
    assert list(outcome.metrics["cv"]) == ["mae"]
    assert outcome.metrics["rows"] == {"train": 40, "test": 15}
    assert outcome.metrics["seconds"] >= 0
    assert outcome.metrics["test"]["r2"] > 0.95
    scores = outcome.details["cv_scores"]
    assert len(scores) == 3
    cv = outcome.metrics["cv"]["mae"]
    assert cv["mean"] == pytest.approx(np.mean(scores), rel=1e-5)
    assert cv["std"] == pytest.approx(np.std(scores, ddof=1), rel=1e-4)
    assert list(outcome.details) == ["cv_scores", "causes", "segments"]


@pytest.mark.parametrize(
    ("task", "classes"), [("binary", ["a", "b"]), ("multiclass", ["a", "b", "c"])]
)
def test_classes_are_judged_each(
    train, make_config: Configs, make_rows: Rows, task: str, classes: list[str]
) -> None:
    rows, test = make_rows(60, labels=classes), make_rows(30, seed=1, labels=classes)
    outcome = train(make_config(LOGISTIC, task), rows, test)
    assert list(outcome.metrics["test"]) == BY_TASK[task]
    assert list(outcome.metrics["cv"]) == ["accuracy"]
    assert outcome.details["classes"] == outcome.fitted.classes == classes
    assert np.array(outcome.details["confusion"]).sum(axis=1).tolist() == [
        30 // len(classes)
    ] * len(classes)
    assert list(outcome.details["per_class"]) == classes
    right = (outcome.predictions["actual"] == outcome.predictions["predicted"]).mean()
    assert outcome.metrics["test"]["accuracy"] == pytest.approx(right, rel=1e-5)
    assert right > 0.6


def test_the_metrics_are_those_of_the_predictions(
    train, make_config: Configs, make_rows: Rows
) -> None:
    rows, test = make_rows(40), make_rows(15, seed=1)
    outcome = train(make_config(), rows, test)
    output = outcome.fitted.output(test)
    truth = test["price"].to_numpy()
    assert outcome.metrics["test"] == measures.evaluate("regression", truth, output)
    assert outcome.predictions.columns.tolist() == ["actual", "predicted"]
    assert outcome.predictions["actual"].tolist() == truth.tolist()
    assert outcome.predictions["predicted"].tolist() == [float(f"{at:.6g}") for at in output]


@pytest.mark.parametrize("transform", ["none", "log"])
def test_the_interval_is_calibrated_in_training_and_measured_on_the_held_out_rows(
    train, make_config: Configs, make_rows: Rows, transform: str
) -> None:
    rows, test = make_rows(900), make_rows(300, seed=1)
    config = make_config(target_transform=transform, dataset={"coverage": 0.8})
    outcome = train(config, rows, test)
    interval = outcome.interval
    assert interval["coverage"] == 0.8
    assert interval["log"] == (transform == "log")
    assert interval["least"] == 0.0
    assert len(interval["low"]) == 3
    low, high = conformal.limits(interval, outcome.fitted.output(test))
    inside = (low <= test["price"]) & (test["price"] <= high)
    assert interval["measured"] == pytest.approx(inside.mean(), rel=1e-5)
    assert interval["width"] == pytest.approx((high - low).mean(), rel=1e-5)
    assert inside.mean() == pytest.approx(0.8, abs=0.1)
    assert outcome.metrics["interval"] == {
        "coverage": interval["measured"],
        "width": interval["width"],
    }
    other = train(config, rows, test.assign(price=1.0))
    assert other.interval["low"] == interval["low"]
    assert other.interval["measured"] == 0.0


def test_the_likely_classes_are_calibrated_and_measured(
    train, make_config: Configs, make_rows: Rows
) -> None:
    labels = ["a", "b", "c"]
    rows, test = make_rows(300, labels=labels), make_rows(150, seed=1, labels=labels)
    outcome = train(make_config(LOGISTIC, "multiclass"), rows, test)
    held = conformal.members(outcome.interval, outcome.fitted.output(test))
    truth = test["price"].map({"a": 0, "b": 1, "c": 2}).to_numpy()
    assert outcome.interval["measured"] == pytest.approx(held[range(150), truth].mean(), rel=1e-5)
    assert outcome.interval["width"] == pytest.approx(held.sum(axis=1).mean(), rel=1e-5)
    assert outcome.interval["measured"] > 0.8


def test_classes_are_predicted_by_their_names(train, make_config: Configs, make_rows: Rows) -> None:
    classes = ["no", "yes"]
    rows, test = make_rows(40, labels=classes), make_rows(20, seed=1, labels=classes)
    target = {"name": "price", "positive": "no"}
    config = make_config(LOGISTIC, "binary", {"target": target})
    outcome = train(config, rows, test)
    assert outcome.fitted.classes == ["yes", "no"]
    assert outcome.predictions["actual"].tolist() == test["price"].tolist()
    likely = outcome.fitted.output(test)[:, 1] > 0.5
    assert (outcome.predictions["predicted"] == "no").tolist() == likely.tolist()


@pytest.mark.parametrize("transform", ["none", "log"])
def test_cross_validation_and_model_never_see_the_test_rows(
    train, make_config: Configs, make_rows: Rows, transform: str
) -> None:
    rows, test, fresh = make_rows(40), make_rows(15, seed=1), make_rows(10, seed=2)
    adverse = test.assign(carat=9.0, facets=-90.0, cut="Ideal", price=1e-3)
    config = make_config(target_transform=transform, dataset={"derived": {"r": "facets / carat"}})
    one, other = train(config, rows, test), train(config, rows, adverse.iloc[:4])
    assert one.metrics["cv"] == other.metrics["cv"]
    assert one.details["cv_scores"] == other.details["cv_scores"]
    assert_array_equal(one.fitted.output(fresh), other.fitted.output(fresh))
    assert one.metrics["test"] != other.metrics["test"]


def test_cross_validation_of_classes_never_sees_the_test_rows(
    train, make_config: Configs, make_rows: Rows
) -> None:
    classes = ["a", "b", "c"]
    rows, test = make_rows(60, labels=classes), make_rows(30, seed=1, labels=classes)
    words = {"a": "red stone", "b": "blue stone", "c": "green stone"}
    rows["words"] = rows["price"].map(words)
    test["words"] = test["price"].map(words)
    features = {"carat": {"type": "number"}, "words": {"type": "text"}}
    config = make_config(LOGISTIC, "multiclass", {"features": features, "metric": "log_loss"})
    adverse = test.assign(price=test["price"].to_numpy()[::-1], words="other words in the test")
    one, other = train(config, rows, test), train(config, rows, adverse)
    assert one.metrics["cv"] == other.metrics["cv"]
    assert_array_equal(one.fitted.output(test), other.fitted.output(test))


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("sklearn.ensemble.RandomForestRegressor", TREES),
        ("xgboost.XGBRegressor", {"n_estimators": 10, "subsample": 0.5}),
    ],
)
def test_the_same_seed_gives_the_same_result(
    train, make_config: Configs, make_rows: Rows, target: str, params: dict[str, Any]
) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    rows, test = make_rows(60), make_rows(20, seed=1)
    one, again, other = (
        train(make_config(target, seed=seed, params=params), rows, test) for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(one.predictions, again.predictions)
    assert one.details == again.details
    assert one.metrics["test"] == again.metrics["test"]
    assert one.details != other.details
    assert not one.predictions.equals(other.predictions)


def test_the_seed_decides_the_folds(train, make_config: Configs, make_rows: Rows) -> None:
    rows, test = make_rows(40), make_rows(15, seed=1)
    one, again, other = (
        train(make_config(seed=seed), rows, test).details["cv_scores"] for seed in (3, 3, 4)
    )
    assert one == again
    assert one != other


def test_every_model_is_judged_on_the_same_folds(
    train, make_config: Configs, make_rows: Rows
) -> None:
    rows, test = make_rows(40), make_rows(15, seed=1)
    nearest = make_config("sklearn.dummy.DummyRegressor"), make_config(params={"alpha": 1e12})
    one, other = (train(config, rows, test).details["cv_scores"] for config in nearest)
    assert one == pytest.approx(other, rel=1e-3)  # each is the mean of the same rows


def test_without_a_search_there_are_no_trials_and_the_model_is_as_it_was(
    train, make_config: Configs, make_rows: Rows, tmp_path: Path
) -> None:
    config = make_config()
    outcome = train(config, make_rows(40), make_rows(15, seed=1))
    assert outcome.trials is None
    assert outcome.model == config.model
    assert list(tmp_path.iterdir()) == []


def test_progress_is_a_step_for_each_fold_and_one_for_the_fit(
    train, make_config: Configs, make_rows: Rows, recorder: Any
) -> None:
    train(make_config(folds=4), make_rows(40), make_rows(15, seed=1))
    assert recorder.stages == [("cross-validation and fit", 5)]
    assert recorder.steps == 5


def test_the_rows_given_are_left_as_they_were(train, make_config: Configs, make_rows: Rows) -> None:
    rows, test = make_rows(40), make_rows(15, seed=1)
    before = rows.copy(), test.copy()
    train(make_config(), rows, test)
    pd.testing.assert_frame_equal(rows, before[0])
    pd.testing.assert_frame_equal(test, before[1])


@pytest.mark.parametrize(
    ("changes", "rows", "words"),
    [
        ({"folds": 5}, 5, "too few rows"),
        ({"params": {"alhpa": 1}}, 40, "Unknown parameter 'alhpa' of Ridge"),
        ({"target": "sklearn.linear_model.Rigde"}, 40, "does not exist"),
        ({"task": "binary", "target": LOGISTIC}, 40, "has 3 classes"),
    ],
    ids=["rows", "parameter", "class", "task"],
)
def test_what_cannot_be_trained_is_told_before_anything_is_fitted(
    train, make_config: Configs, make_rows: Rows, recorder: Any, changes, rows, words
) -> None:
    labels = list("abc") if "task" in changes else None
    with pytest.raises(UserError, match=words):
        train(make_config(**changes), make_rows(rows, labels=labels), make_rows(10, 1, labels))
    assert recorder.steps == 0


@pytest.mark.parametrize("alpha", ["much", -1])
def test_a_value_that_the_estimator_refuses_is_told(
    train, make_config: Configs, make_rows: Rows, alpha: Any
) -> None:
    with pytest.raises(UserError, match="alpha"):
        train(make_config(params={"alpha": alpha}), make_rows(40), make_rows(10, seed=1))


def test_missing_numbers_that_the_estimator_refuses_are_told(
    train, make_config: Configs, make_rows: Rows
) -> None:
    features = {"carat": {"type": "number", "optional": True}}
    config = make_config(dataset={"features": features}, encoding={"numbers": "keep"})
    rows = make_rows(40)
    rows.loc[3, "carat"] = np.nan
    with pytest.raises(UserError, match="numbers"):
        train(config, rows, make_rows(10, seed=1))


@pytest.mark.parametrize("rare", [2, 3])
def test_a_class_of_few_rows_is_calibrated(
    train, make_config: Configs, make_rows: Rows, rare: int
) -> None:
    rows = make_rows(20).sort_values("price").assign(price=["b"] * rare + ["a"] * (20 - rare))
    test = make_rows(4, seed=1, labels=["a", "b"])
    outcome = train(make_config("sklearn.svm.LinearSVC", "binary", folds=2), rows, test)
    assert np.isfinite(outcome.fitted.output(test)).all()


def test_one_test_row_is_judged_by_what_is_defined(
    train, make_config: Configs, make_rows: Rows
) -> None:
    outcome = train(make_config(), make_rows(40), make_rows(1, seed=1))
    assert outcome.metrics["test"]["r2"] is None
    assert np.isfinite(outcome.metrics["test"]["mae"])


def test_no_class_of_the_test_rows_is_missed_where_it_has_none(
    train, make_config: Configs, make_rows: Rows
) -> None:
    classes = ["a", "b"]
    rows = make_rows(40, labels=classes)
    outcome = train(make_config(LOGISTIC, "binary"), rows, rows[rows["price"] == "a"])
    assert outcome.metrics["test"]["roc_auc"] is None
    assert outcome.metrics["test"]["accuracy"] > 0.7
    assert outcome.details["per_class"]["b"]["rows"] == 0


def test_a_record_far_away_leaves_the_metrics_finite(
    train, make_config: Configs, make_rows: Rows
) -> None:
    config = make_config("sklearn.linear_model.LinearRegression", target_transform="log")
    outcome = train(config, make_rows(40), make_rows(10, seed=1).assign(carat=1e4))
    assert all(value is None or np.isfinite(value) for value in outcome.metrics["test"].values())


def test_missing_numbers_of_the_test_rows_that_the_estimator_refuses_are_told(
    train, make_config: Configs, make_rows: Rows
) -> None:
    features = {"carat": {"type": "number", "optional": True}}
    config = make_config(dataset={"features": features}, encoding={"numbers": "keep"})
    with pytest.raises(UserError, match="numbers"):
        train(config, make_rows(40), make_rows(10, seed=1).assign(carat=np.nan))


VOICE = {
    "features": {name: {"type": "number"} for name in ("age", "pitch", "jitter")},
    "target": {"name": "score"},
    "key": ["person"],
}
NEAREST = "sklearn.neighbors.KNeighborsRegressor"


def persons(count: int = 400, each: int = 15) -> pd.DataFrame:
    """Draw rows of persons, whose features tell who it is and a little of the score."""
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(count), each)
    traits = rng.normal(0, 1, (count, 3))
    score = 3 * traits[:, 0] + rng.normal(0, 8, count)
    rows = pd.DataFrame(traits[person] + rng.normal(0, 0.01, (len(person), 3)))
    rows.columns = ["age", "pitch", "jitter"]
    return rows.assign(score=score[person] + rng.normal(0, 1, len(person)), person=person)


def test_persons_are_judged_by_models_that_have_not_met_them(train, make_config: Configs) -> None:
    config = make_config(NEAREST, dataset=VOICE, params={"n_neighbors": 3}, folds=5)
    parts = splitting.split(persons(), config.dataset, seed=1)
    outcome = train(config, parts.train, parts.test)
    validated, held_out = outcome.metrics["cv"]["mae"]["mean"], outcome.metrics["test"]["mae"]
    assert validated == pytest.approx(held_out, rel=0.15)
    assert outcome.metrics["interval"]["coverage"] == pytest.approx(0.9, abs=0.08)
    each = len(parts.test["person"].unique())
    assert outcome.metrics["groups"] == {"train": 400 - each, "test": each}


def test_with_persons_the_model_that_knows_them_by_heart_loses(train, make_config: Configs) -> None:
    parts = splitting.split(persons(), make_config(dataset=VOICE).dataset, seed=1)
    scores = {}
    for name, params in ((NEAREST, {"n_neighbors": 1}), (RIDGE, {"alpha": 1.0})):
        config = make_config(name, dataset=VOICE, params=params)
        figures = train(config, parts.train, parts.test).metrics
        scores[name] = (figures["cv"]["mae"]["mean"], figures["test"]["mae"])
    validated, held_out = zip(*(scores[name] for name in (RIDGE, NEAREST)), strict=True)
    assert validated[0] < validated[1]
    assert held_out[0] < held_out[1]


def stores(count: int = 50, weeks: int = 60) -> pd.DataFrame:
    """Draw sales of stores by week, which grow with the time."""
    rng = np.random.default_rng(4)
    store, week = np.repeat(np.arange(count), weeks), np.tile(np.arange(weeks), count)
    size = rng.uniform(1, 5, count)[store]
    sales = 20 * size + 6 * np.sin(week) + 0.5 * week + rng.normal(0, 4, len(store))
    day = pd.Timestamp("2023-01-02") + pd.to_timedelta(week * 7, unit="D")
    rows = pd.DataFrame({"size": size, "week": week * 1.0, "sales": sales, "store": store})
    return rows.assign(day=day.strftime("%Y-%m-%d"))


def test_the_past_judges_the_future(train, make_config: Configs) -> None:
    dataset = {
        "features": {"size": {"type": "number"}, "week": {"type": "number"}},
        "target": {"name": "sales"},
        "key": ["store"],
        "split": {"method": "time", "column": "day"},
    }
    config = make_config(dataset=dataset, folds=5)
    parts = splitting.split(stores(), config.dataset, seed=1)
    assert parts.train["day"].max() < parts.test["day"].min()
    outcome = train(config, parts.train, parts.test)
    validated, held_out = outcome.metrics["cv"]["mae"]["mean"], outcome.metrics["test"]["mae"]
    assert validated == pytest.approx(held_out, rel=0.15)
    assert outcome.metrics["interval"]["coverage"] == pytest.approx(0.9, abs=0.08)
    assert "groups" not in outcome.metrics


@pytest.mark.parametrize("target", [RIDGE, "xgboost.XGBRegressor"])
def test_rows_without_weight_are_not_there(
    train, make_config: Configs, make_rows: Rows, target: str
) -> None:
    rows, test = make_rows(120).assign(count=1.0), make_rows(40, seed=1).assign(count=1.0)
    spoilt = make_rows(60, seed=2).assign(count=0.0)
    spoilt["price"] += 5000
    config = make_config(
        target, dataset={"weight": "count"}, params=TREES if "xgb" in target else {}
    )
    plain = make_config(target, params=TREES if "xgb" in target else {})
    clean = train(plain, rows, test)
    both = train(config, pd.concat([rows, spoilt]), pd.concat([test, spoilt]))
    assert both.metrics["test"]["mae"] == pytest.approx(clean.metrics["test"]["mae"], rel=0.1)
    assert both.metrics["cv"]["mae"]["mean"] < 3 * clean.metrics["cv"]["mae"]["mean"]
    assert both.metrics["interval"]["width"] < 3 * clean.metrics["interval"]["width"]


def test_weights_that_the_estimator_does_not_take_are_told(
    train, make_config: Configs, make_rows: Rows
) -> None:
    rows = make_rows(30).assign(count=1.0)
    with pytest.raises(UserError, match="takes no weights of rows"):
        train(make_config(NEAREST, dataset={"weight": "count"}), rows, rows)


def test_a_sound_model_has_no_findings(train, make_config: Configs, make_rows: Rows) -> None:
    outcome = train(make_config(), make_rows(900), make_rows(300, seed=1))
    assert outcome.findings == []


def test_held_out_rows_that_are_harder_are_told(
    train, make_config: Configs, make_rows: Rows
) -> None:
    harder = make_rows(300, seed=1)
    harder["price"] += np.random.default_rng(0).normal(0, 60, 300)
    outcome = train(make_config(), make_rows(900), harder)
    low, apart = outcome.findings
    assert (low["rule"], apart["rule"]) == ("coverage", "gap")
    assert low["figures"]["promised"] == 0.9
    assert low["figures"]["measured"] == pytest.approx(outcome.interval["measured"], abs=1e-4)
    assert apart["figures"]["held_out"] == pytest.approx(outcome.metrics["test"]["mae"], rel=1e-3)
    mean = outcome.metrics["cv"]["mae"]["mean"]
    assert apart["figures"]["cross_validated"] == pytest.approx(mean, rel=1e-3)


def test_persons_that_are_known_by_heart_are_told_where_nobody_named_them(
    train, make_config: Configs
) -> None:
    """The folds know the persons that they judge; the held-out ones are new."""
    rows = persons()
    is_test = rows["person"] % 5 == 0
    params = {"n_neighbors": 3}
    for key, rules in (([], ["coverage", "gap"]), (["person"], [])):
        config = make_config(NEAREST, dataset={**VOICE, "key": key}, params=params, folds=5)
        outcome = train(config, rows[~is_test], rows[is_test])
        assert [one["rule"] for one in outcome.findings] == rules


def churned(make_rows: Rows, count: int, seed: int, share: float = 0.25) -> pd.DataFrame:
    """Draw stones of which few are dear, and their features tell a little of it."""
    rng = np.random.default_rng(seed + 100)  # another than the stones are drawn with
    rows = make_rows(count, seed)
    odds = 1.2 * rows["carat"] + rng.logistic(0, 1.2, count)
    dear = odds > np.quantile(odds, 1 - share)
    return rows.assign(price=np.where(dear, "yes", "no").astype(object))


def test_the_held_out_rows_are_judged_by_the_threshold(
    train, make_config: Configs, make_rows: Rows
) -> None:
    rows, test = churned(make_rows, 1500, 0), churned(make_rows, 800, 1)
    rules = {"decide": {"metric": "f1"}, "abstain": {"share": 0.1}, "metric": "f1"}
    outcome = train(make_config(LOGISTIC, "binary", rules), rows, test)
    decided = outcome.decided
    assert decided is not None
    assert 0.1 < decided["threshold"] < 0.45
    truth = (test["price"] == "yes").to_numpy().astype(int)
    output = outcome.fitted.output(test)
    called = (output[:, 1] >= decided["threshold"]).astype(int)
    measured = outcome.metrics["test"]
    assert list(measured) == [*BY_TASK["binary"], *OF_ANSWERED]
    assert measured["f1"] == pytest.approx(sk.f1_score(truth, called), rel=1e-5)
    assert measured["abstained"] == pytest.approx(0.1, abs=0.05)
    assert measured["accuracy_answered"] > measured["accuracy"]
    table = sk.confusion_matrix(truth, called).tolist()
    assert outcome.details["confusion"] == table
    names = np.array(["no", "yes"])[called].tolist()
    assert outcome.predictions["predicted"].tolist() == names
    assert outcome.details["per_class"]["yes"]["f1"] == measured["f1"]
    # The same model with one half for a threshold finds fewer.
    plain = train(make_config(LOGISTIC, "binary", {"metric": "f1"}), rows, test)
    assert plain.decided is None
    assert_array_equal(plain.fitted.output(test), output)
    assert plain.metrics["test"]["f1"] == pytest.approx(
        sk.f1_score(truth, output.argmax(axis=1)), rel=1e-5
    )
    assert measured["f1"] > plain.metrics["test"]["f1"] + 0.03
    assert measured["log_loss"] == plain.metrics["test"]["log_loss"]
    assert outcome.metrics["cv"]["f1"]["mean"] > plain.metrics["cv"]["f1"]["mean"] + 0.03


def test_a_fold_is_judged_by_a_threshold_of_the_others(
    train, make_config: Configs, make_rows: Rows
) -> None:
    """Where features tell nothing, a threshold that a fold chose itself would find something."""
    rows = churned(make_rows, 60, 0, 0.5)
    rows["price"] = np.random.default_rng(3).permutation(rows["price"].to_numpy())
    rules = {"decide": {"metric": "accuracy"}, "metric": "accuracy"}
    scores = [
        train(make_config(LOGISTIC, "binary", rules, seed=seed), rows, rows).metrics["cv"]
        for seed in range(6)
    ]
    assert np.mean([one["accuracy"]["mean"] for one in scores]) < 0.55


def test_one_row_in_a_thousand_is_found_end_to_end(
    train, make_config: Configs, make_rows: Rows
) -> None:
    def rare(count: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed + 100)
        rows = make_rows(count, seed).assign(price="no")
        at = rng.choice(count, count // 1000, replace=False)
        rows.loc[at, "price"] = "yes"
        rows.loc[at, "carat"] = rng.uniform(2.2, 3.4, len(at))
        rows["facets"] = rows["facets"] + 6.0 * (rows["price"] == "yes")
        return rows.astype({"price": object})

    rows, test = rare(40_000, 0), rare(10_000, 1)
    rules = {
        "decide": {"cost": {"false_positive": 1, "false_negative": 200}},
        "metric": "log_loss",
        "abstain": {"share": 0.01},
    }
    outcome = train(make_config(LOGISTIC, "binary", rules, folds=5), rows, test)
    decided, measured = outcome.decided, outcome.metrics["test"]
    assert decided is not None
    assert decided["threshold"] < 0.1
    assert measured["recall"] >= 0.5
    assert measured["cost"] < 200 * 0.001  # that of finding none
    assert decided["out_of_fold"]["cost"] < decided["at_half"]["cost"]
    assert decided["out_of_fold"]["abstained"] == pytest.approx(0.01, abs=1e-3)
    assert np.array(outcome.details["confusion"]).sum(axis=1).tolist() == [9990, 10]
    # Counting the rare class more bends the probabilities, and they are put right.
    weighed = make_config(
        LOGISTIC, "binary", rules, folds=5, params={"class_weight": "balanced", "max_iter": 1000}
    )
    other = train(weighed, rows, test).metrics["test"]
    assert other["log_loss"] < 0.0079  # that of the share alone
    assert other["roc_auc"] == pytest.approx(measured["roc_auc"], abs=0.04)


def test_figures_of_a_decision_are_those_of_weighted_rows(
    train, make_config: Configs, make_rows: Rows
) -> None:
    rows, test = churned(make_rows, 900, 0), churned(make_rows, 500, 1)
    rules = {"decide": {"metric": "f1"}, "metric": "f1", "weight": "carat"}
    outcome = train(make_config(LOGISTIC, "binary", rules), rows, test)
    assert outcome.decided is not None
    called = outcome.fitted.output(test)[:, 1] >= outcome.decided["threshold"]
    known = sk.f1_score(test["price"] == "yes", called, sample_weight=test["carat"])
    assert outcome.metrics["test"]["f1"] == pytest.approx(known, rel=1e-5)


def test_figures_by_a_threshold_are_compared_by_it(
    train, make_config: Configs, make_rows: Rows
) -> None:
    """Those of one half would be far from the folds', which are judged by a threshold."""
    rows, test = churned(make_rows, 3000, 0), churned(make_rows, 1500, 1)
    rules = {"decide": {"metric": "f1"}, "metric": "f1"}
    outcome = train(make_config(LOGISTIC, "binary", rules), rows, test)
    assert [one["rule"] for one in outcome.findings if one["rule"] == "gap"] == []
