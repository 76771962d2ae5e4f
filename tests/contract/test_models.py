"""What holds for every file in conf/model."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from src.config import composition, configuration, members
from src.config.configuration import Config, OptunaSearch
from src.data.schema import Dataset
from src.inference import bundle, parity, predictor
from src.inference.reasons.sentence import sentence
from src.learning import exporting, monotone, training
from src.learning import target as targets
from src.learning.blended import Blended, Part
from src.learning.recipe import Fitted, Recipe
from src.learning.sampling import Sampling
from src.support.errors import UserError
from src.support.structs import convert

ROWS, TEST_ROWS = 50, 20
WORDS = {"a": "java spring maven", "b": "ledger audit tax", "c": "network router cable"}
FEATURES = {
    "size": {"type": "number", "above": 0},
    "count": {"type": "integer", "optional": True},
    "grade": {"type": "category", "order": ["low", "mid", "high"]},
    "place": {"type": "category", "optional": True},
}
TARGETS = {
    "regression": {"name": "y", "above": 0},
    "binary": {"name": "y", "values": ["a", "b"], "positive": "b"},
    "multiclass": {"name": "y"},
}
METRIC = {"regression": "mae", "binary": "f1", "multiclass": "f1_macro"}
BOOSTED = ["catboost", "hist_gradient_boosting", "lightgbm", "xgboost"]


def served(model: str) -> list[str]:
    values = configuration.read_yaml(Path("conf/model") / f"{model}.yaml")
    return list(values.get("estimator") or values["members"])


MODELS = sorted(path.stem for path in Path("conf/model").glob("*.yaml"))
CASES = [
    (model, task, kind) for model in MODELS for task in served(model) for kind in ("table", "text")
]


class Silent:
    def stage(self, name: str, total: int) -> None: ...

    def step(self, note: str = "") -> None: ...


def dataset(task: str, kind: str) -> dict:
    features = dict(FEATURES)
    if kind == "text":
        features = {"words": {"type": "text"}}
    if kind == "mixed":
        features["words"] = {"type": "text", "optional": True}
    return {
        "name": "tiny",
        "task": task,
        "source": "data/tiny.csv",
        "target": TARGETS[task],
        "features": features,
        "derived": {} if kind == "text" else {"area": "size * size"},
        "metric": METRIC[task],
    }


def rows(task: str, kind: str, count: int, seed: int) -> pd.DataFrame:
    draw = random.Random(seed)
    classes = ["a", "b"] if task == "binary" else ["a", "b", "c"]
    made = []
    for number in range(count):
        label = classes[number % len(classes)]
        rank = classes.index(label)
        size = 1 + rank + draw.random()
        words = draw.choices([*WORDS[label].split(), "team", "work"], k=12)
        made.append(
            {
                "size": size,
                "count": None if number % 7 == 0 else float(draw.randrange(5)),
                "grade": ["low", "mid", "high"][rank],
                "place": None if number % 5 == 0 else draw.choice(["north", "south"]),
                "words": " ".join(words),
                "y": 10 * size if task == "regression" else label,
            }
        )
    return pd.DataFrame(made).astype({"count": "float64"})


def build(model: str, task: str, kind: str, values_of_dataset: Any = None) -> Config:
    composition.prepare()
    values = {
        "dataset": values_of_dataset or dataset(task, kind),
        "model": of_model(model),
        "search": {"name": "none"},
        "seed": 7,
        "folds": 3,
    }
    return configuration.build(members.complete(values, of_model))


def of_model(name: str) -> dict[str, Any]:
    values: dict[str, Any] = configuration.read_yaml(Path("conf/model") / f"{name}.yaml")
    return values


def is_refused(model: str, task: str, kind: str) -> bool:
    """Tell whether the model takes no features of this kind."""
    allowed = configuration.read_yaml(Path("conf/model") / f"{model}.yaml").get("inputs")
    return bool(allowed and convert(dataset(task, kind), Dataset).kinds() - set(allowed))


def built(model: str, task: str, kind: str) -> Config:
    """Build a configuration; skip where the library of its estimator is not installed."""
    made = build(model, task, kind)
    if not installed(made):
        pytest.skip(f"the extra '{made.model.extra}' is not installed")
    return made


def fitted_alone(
    made: Config,
    classes: list[str] | None,
    train: pd.DataFrame,
    truth: np.ndarray,
    sampling: Sampling | None = None,
) -> Fitted | Blended:
    """Fit without a cross-validation; the members of a blend count alike."""
    singles = made.model.singles()
    parts = []
    for single in singles:
        recipe = Recipe(made.dataset, single, classes, 7)
        fitted = recipe.fit(train, truth, sampling=sampling)
        parts.append(Part(single.name, 1 / len(singles), fitted))
    return Blended(parts, classes) if made.model.recipes else parts[0].fitted


def built_small(model: str, task: str, kind: str) -> Config:
    """Build one of few trees, where what is shown holds for each tree as for hundreds."""
    made = built(model, task, kind)
    if model not in BOOSTED:
        return made
    params = {**made.model.params, trees(model): 60}
    return msgspec.structs.replace(made, model=msgspec.structs.replace(made.model, params=params))


def trees(model: str) -> str:
    """Return what a model calls the number of its trees."""
    return "max_iter" if model.startswith("hist") else "n_estimators"


@pytest.mark.parametrize(("model", "task", "kind"), CASES)
def test_composes_fits_predicts_saves_reloads_and_predicts_the_same(
    model: str, task: str, kind: str, tmp_path: Path
) -> None:
    if is_refused(model, task, kind):
        with pytest.raises(UserError, match="choose another model"):
            build(model, task, kind)
        return
    made = built(model, task, kind)
    train, test = rows(task, kind, ROWS, 1), rows(task, kind, TEST_ROWS, 2)

    outcome = training.train(made, train, test, tmp_path / "study", Silent())
    output = outcome.fitted.output(test)
    manifest = bundle.save(
        tmp_path / "bundle",
        model=outcome.fitted,
        rows=train,
        tables={"predictions": outcome.predictions},
        manifest={"config": configuration.resolved(made), "metrics": outcome.metrics},
    )
    loaded = bundle.load(tmp_path / "bundle")

    assert np.isfinite(output).all()
    if task != "regression":
        assert output.shape == (TEST_ROWS, 2 if task == "binary" else 3)
        assert np.allclose(output.sum(axis=1), 1)
    assert np.array_equal(loaded.model.output(test), output)
    assert loaded.manifest == manifest
    pd.testing.assert_frame_equal(loaded.rows(), train, check_dtype=False)
    assert configuration.build(manifest["config"]) == made


@pytest.mark.parametrize(("model", "task", "kind"), CASES)
def test_three_fits_side_by_side_are_one_and_the_same(model: str, task: str, kind: str) -> None:
    if is_refused(model, task, kind):
        return  # as the test above says
    made = built_small(model, task, kind)
    train, asked = rows(task, kind, 400, 1), rows(task, kind, TEST_ROWS, 2)
    # What cannot be told apart keeps a solver busy until it gives up.
    train["y"] = train["y"].sample(frac=1, random_state=1).to_numpy()
    target = targets.Target(made.dataset, train, train)
    truth, gate = target.encode(train), threading.Barrier(3)

    def fit() -> np.ndarray:
        gate.wait(60)
        return fitted_alone(made, target.classes, train, truth).output(asked)

    with ThreadPoolExecutor(3) as pool:
        one, *others = [job.result() for job in [pool.submit(fit) for _ in range(3)]]
    for other in others:
        assert np.array_equal(one, other)


FITS = sorted(
    {(model, task, "text" if model == "naive_bayes" else "table") for model, task, _ in CASES}
)


@pytest.mark.parametrize(("model", "task", "kind"), FITS)
def test_rows_that_weigh_more_count_more(model: str, task: str, kind: str) -> None:
    made = built(model, task, kind)
    train, asked = rows(task, kind, ROWS, 1), rows(task, kind, TEST_ROWS, 2)
    train["y"] = train["y"].sample(frac=1, random_state=1).to_numpy()  # something is left to weigh
    target = targets.Target(made.dataset, train, train)
    truth = target.encode(train)
    heavy = Sampling(weights=np.where(truth > np.median(truth), 20.0, 1.0))
    plain, weighed = (
        fitted_alone(made, target.classes, train, truth, sampling).output(asked)
        for sampling in (None, heavy)
    )
    if task == "regression":
        assert weighed.mean() > plain.mean()
    else:
        assert weighed[:, -1].mean() > plain[:, -1].mean()


@pytest.mark.parametrize("model", BOOSTED)
@pytest.mark.parametrize("task", ["regression", "binary"])
@pytest.mark.parametrize("way", ["up", "down"])
def test_boosted_trees_keep_what_is_monotone(model: str, task: str, way: str) -> None:
    values = dataset(task, "table")
    values["features"] = {**FEATURES, "size": {**FEATURES["size"], "monotone": way}}
    made = build(model, task, "table", values)
    if not installed(made):
        pytest.skip(f"the extra '{made.model.extra}' is not installed")
    train = rows(task, "table", ROWS, 1)
    train["y"] = train["y"].sample(frac=1, random_state=1).to_numpy()
    target = targets.Target(made.dataset, train, train)
    recipe = Recipe(made.dataset, made.model, target.classes, 7)
    fitted = recipe.fit(train, target.encode(train))
    monotone.check(made.dataset, fitted.output, train, model)
    free = build(model, task, "table")
    broken = Recipe(free.dataset, free.model, target.classes, 7).fit(train, target.encode(train))
    with pytest.raises(UserError, match="do not only"):
        monotone.check(made.dataset, broken.output, train, model)


@pytest.mark.parametrize("model", BOOSTED)
@pytest.mark.parametrize("task", list(TARGETS))
def test_a_search_stops_boosted_trees_early(model: str, task: str, tmp_path: Path) -> None:
    made = built(model, task, "table")
    search = convert({"name": "optuna", "trials": 2, "folds": 2, "jobs": 1}, OptunaSearch)
    searched = msgspec.structs.replace(made, search=search)
    train, test = rows(task, "table", ROWS, 1), rows(task, "table", TEST_ROWS, 2)
    train["y"] = train["y"].sample(frac=1, random_state=1).to_numpy()  # what is clear goes on
    outcome = training.train(searched, train, test, tmp_path / "study", Silent())
    name = trees(model)
    assert 1 <= outcome.model.params[name] < 5 * made.model.params[name]
    assert outcome.trials is not None
    assert outcome.model.params != made.model.params


STRANGE = ["", " \t", "JAVA,java", "ÉTÉ ﬁne İ", "北京 java", "\x00java\u200bspring", "java " * 999]


def strangers(count: int) -> pd.DataFrame:
    """Draw rows that training never saw the like of: other levels, other words, gaps, extremes."""
    draw = random.Random(3)
    made = rows("multiclass", "mixed", count, 4)
    made["size"] = [draw.choice([size, 1e-30, 1e30]) for size in made["size"]]
    made["place"] = [draw.choice([place, "nowhere", "ø", None]) for place in made["place"]]
    made["words"] = [draw.choice([words, *STRANGE]) for words in made["words"]]
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "task", "kind"),
    [*CASES, *((model, task, "mixed") for model, task, kind in CASES if kind == "table")],
)
def test_exports_and_answers_and_explains_as_it_was_fitted(
    model: str, task: str, kind: str
) -> None:
    if is_refused(model, task, kind):
        return  # as the test above says
    made = built_small(model, task, kind)
    train, asked = rows(task, kind, ROWS, 1), strangers(10_000)
    target = targets.Target(made.dataset, train, train)
    fitted = fitted_alone(made, target.classes, train, target.encode(train))

    exported = exporting.export(fitted, made.dataset, train)
    assert exported is not None
    loaded = predictor.build(made.dataset, exported.files().__getitem__)
    records = exporting.records(asked, made.dataset)
    assert parity.largest(loaded, records, fitted.output(asked)) <= parity.allowed(loaded)
    for record in records[:100]:
        found = loaded.explain(record)
        answer = loaded.output([record])[0]
        assert found.value == (answer if target.classes is None else answer.max())
        total = found.base + sum(part.contribution for part in found.contributions)
        assert total == pytest.approx(found.value, rel=1e-9)
        assert sentence(found, made.dataset).endswith(".")


@pytest.mark.parametrize("model", MODELS)
def test_is_named_as_its_file_and_says_what_it_is(model: str) -> None:
    text = (Path("conf/model") / f"{model}.yaml").read_text(encoding="utf-8")
    values = configuration.read_yaml(Path("conf/model") / f"{model}.yaml")
    assert values["name"] == model
    assert values["about"]
    assert text.startswith("# python -m src.train ")
    assert f"model={model}" in text.splitlines()[0]


@pytest.mark.parametrize("model", [model for model in MODELS if model != "dummy"])
def test_beats_the_dummy_where_it_serves(model: str, tmp_path: Path) -> None:
    values = configuration.read_yaml(Path("conf/model") / f"{model}.yaml")
    task = served(model)[0]
    kind = "text" if values.get("inputs") == ["text"] else "table"
    scores = {}
    for name in (model, "dummy"):
        made = build(name, task, kind)
        if not installed(made):
            pytest.skip(f"the extra '{made.model.extra}' is not installed")
        train, test = rows(task, kind, ROWS, 1), rows(task, kind, TEST_ROWS, 2)
        outcome = training.train(made, train, test, tmp_path / "study", Silent())
        scores[name] = outcome.metrics["test"]["rmse" if task == "regression" else "log_loss"]
    assert scores[model] < 0.7 * scores["dummy"]


def installed(made: Config) -> bool:
    from src.learning import estimators

    try:
        for single in made.model.singles():
            estimators.make(single, made.dataset.task, 0)
    except UserError as error:
        if made.model.extra and "cannot be imported" in str(error):
            return False
        raise
    return True
