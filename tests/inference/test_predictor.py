from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.inference import predictor
from src.support.errors import UserError
from tests.inference import models

TREES = {"encoding": {"numbers": "keep", "ordered": "rank"}}
LOGISTIC = "sklearn.linear_model.LogisticRegression"
MODELS: list[tuple[str, str, str, dict[str, Any]]] = [
    (models.XGB["regression"], "regression", "table", {"target_transform": "log", "average": 2}),
    (models.XGB["regression"], "regression", "mixed", TREES),
    (models.XGB["binary"], "binary", "table", TREES),
    (models.XGB["multiclass"], "multiclass", "mixed", {"average": 2}),
    ("sklearn.linear_model.Ridge", "regression", "mixed", {"target_transform": "log"}),
    ("sklearn.linear_model.Lasso", "regression", "table", {"encoding": {"categories": "target"}}),
    (LOGISTIC, "binary", "table", {"average": 2}),
    (LOGISTIC, "multiclass", "mixed", {}),
    ("sklearn.svm.LinearSVC", "binary", "mixed", {}),
    ("sklearn.svm.LinearSVC", "multiclass", "text", {}),
    ("sklearn.naive_bayes.MultinomialNB", "multiclass", "text", {}),
    ("sklearn.dummy.DummyRegressor", "regression", "table", {}),
    ("sklearn.dummy.DummyClassifier", "multiclass", "text", {"params": {"strategy": "prior"}}),
    ("sklearn.tree.DecisionTreeClassifier", "binary", "table", {}),  # which has no export
    ("sklearn.tree.DecisionTreeRegressor", "regression", "table", {"average": 2}),
]


def loaded(path: Path, *words: Any, **named: Any) -> tuple[predictor.Predictor, Any, Any]:
    if words[0].startswith("xgboost"):
        pytest.importorskip("xgboost")
    fitted, dataset, rows = models.fit(*words, **named)
    manifest = models.save(path, fitted, dataset, rows)
    return predictor.load(path, manifest), fitted, dataset


@pytest.mark.parametrize(("target", "task", "kind", "more"), MODELS)
def test_answers_as_the_fitted_model_and_its_reasons_add_up(
    target: str, task: str, kind: str, more: dict[str, Any], tmp_path: Path
) -> None:
    made, fitted, dataset = loaded(tmp_path / "bundle", target, task, kind, **more)
    rows = models.make_rows(60, seed=8, strange=True)
    if kind != "text":  # the trees of scikit-learn know no other levels than the listed ones
        rows["place"] = rows["place"].where(rows["place"].isin(["north", "south"]), None)
    records, expected = models.as_records(rows, dataset), fitted.output(rows)
    assert np.allclose(made.output(records), expected, rtol=1e-5, atol=1e-6)
    asked = (None,) if made.classes is None else (None, *made.classes)
    for at, record in enumerate(records[:25]):
        alone = made.output([record])[0]
        for name in asked:
            found = made.explain(record, name)
            place = None if made.classes is None else made.classes.index(found.target or "")
            assert found.value == (alone if place is None else alone[place]), at
            if name is None and place is not None:
                assert place == alone.argmax()
            total = found.base + sum(part.contribution for part in found.contributions)
            assert total == pytest.approx(found.value, rel=1e-9, abs=1e-12)
            sizes = [abs(part.contribution) for part in found.contributions]
            assert sizes == sorted(sizes, reverse=True)
    kinds = {"xgboost": "trees", "tree": "sampled"}
    words = target.split(".")
    assert found.method == kinds.get(words[0], kinds.get(words[1], "linear"))


@pytest.mark.parametrize(("target", "task", "kind", "more"), MODELS[:-2])
def test_scores_are_what_their_parts_add_up_to(
    target: str, task: str, kind: str, more: dict[str, Any], tmp_path: Path
) -> None:
    made, _, dataset = loaded(tmp_path / "bundle", target, task, kind, **more)
    scorer: Any = made.model.scorer
    for record in models.as_records(models.make_rows(40, seed=8, strange=True), dataset):
        added = scorer.added(record)
        assert added is not None
        total = added.base + sum(part.scores for part in added.parts)
        assert np.allclose(total, scorer.scores([record])[0], rtol=1e-5, atol=1e-5)


def test_contributions_say_what_matters(tmp_path: Path) -> None:
    made, _, _ = loaded(tmp_path / "b", "sklearn.linear_model.Ridge", "regression", "mixed")
    found = made.explain((8.0, 3.0, "high", "a", "north", "java java java"))
    by_name = {part.word or part.feature: part for part in found.contributions}
    assert by_name["size"].value == 8.0
    assert by_name["size"].contribution > 0.3
    assert (by_name["java"].feature, by_name["java"].value) == ("words", 3)
    assert by_name["java"].contribution > 0.3
    assert found.base < found.value


def test_what_the_model_drops_is_no_reason(tmp_path: Path) -> None:
    drop = ["size", "area", "rate", "kind"]
    made, _, _ = loaded(tmp_path / "b", "sklearn.linear_model.Ridge", drop=drop)
    found = made.explain((8.0, 3.0, "high", "a", "north"))
    assert {part.feature for part in found.contributions} == {"count", "grade", "place"}


def test_no_records_have_no_answers(tmp_path: Path) -> None:
    made, _, _ = loaded(tmp_path / "one", "sklearn.linear_model.Ridge")
    assert made.output([]).shape == (0,)
    made, _, _ = loaded(tmp_path / "two", LOGISTIC, "multiclass")
    assert made.output([]).shape == (0, 3)


def test_a_class_that_there_is_not_lists_those_there_are(tmp_path: Path) -> None:
    made, _, _ = loaded(tmp_path / "b", LOGISTIC, "multiclass")
    with pytest.raises(UserError, match="Unknown class 'twoo'") as caught:
        made.explain((8.0, 3.0, "high", "a", "north"), "twoo")
    assert caught.value.choices == models.CLASSES


@pytest.mark.parametrize("target", [models.XGB["regression"], "sklearn.tree.DecisionTreeRegressor"])
def test_a_changed_file_is_refused_before_it_is_used(target: str, tmp_path: Path) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    path = tmp_path / "bundle"
    manifest = models.save(path, *models.fit(target))
    used = [name for name in manifest["files"] if name.startswith(("predictor", "member"))]
    used += [] if target.startswith("xgboost") else ["model.joblib"]
    assert len(used) >= 2
    for name in used:
        data = (path / name).read_bytes()
        (path / name).write_bytes(b"\x00" + data[1:])
        with pytest.raises(UserError, match=f"damaged: {name}"):
            predictor.load(path, manifest)
        (path / name).write_bytes(data)
    predictor.load(path, manifest)


CODE = """
import json, sys
from pathlib import Path
from src.inference import bundle, parity, predictor
path = Path(sys.argv[1])
manifest = bundle.read_manifest(path)
made = predictor.load(path, manifest)
parity.check_golden(made, path, manifest)
record = tuple(json.loads((path / "golden.json").read_text())[0]["record"].values())
made.output([record])
made.output([record] * 100)
made.explain(record)
heavy = {"pandas", "sklearn", "scipy", "xgboost", "joblib", "pyarrow", "pickle"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""


@pytest.mark.parametrize(
    ("target", "kind"),
    [(models.XGB["regression"], "table"), ("sklearn.linear_model.Ridge", "mixed")],
)
def test_an_exported_bundle_brings_none_of_the_trainings_libraries(
    target: str, kind: str, tmp_path: Path, root: Path
) -> None:
    if target.startswith("xgboost"):
        pytest.importorskip("xgboost")
    models.save(tmp_path / "bundle", *models.fit(target, kind=kind))
    command = [sys.executable, "-W", "error", "-c", CODE, str(tmp_path / "bundle")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # numpy itself imports pickle; that nothing is unpickled is what the next test shows.
    assert json.loads(done.stdout) == ["pickle"]


def test_nothing_of_an_exported_bundle_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle"
    manifest = models.save(path, *models.fit("sklearn.linear_model.Ridge"))
    (path / "model.joblib").unlink()
    made = predictor.load(path, manifest)
    assert np.isfinite(made.output([(8.0, 3.0, "high", "a", "north")])).all()
