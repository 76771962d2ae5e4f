"""What trainings on request do not reach: tests/app/trainings/test_result.py does most."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from src.config import configuration
from src.config.configuration import Model
from src.data.schema import Dataset
from src.evaluation.bootstrap import Comparison
from src.inference import bundle
from src.learning.recipe import Recipe
from src.runs import comparison
from src.runs.comparison import Contest, contest, hashes, of_bundle
from src.support.errors import UserError
from src.support.structs import convert
from tests.inference import models
from tests.reporting import bundles


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle of a regression; it is not to be changed."""
    path = tmp_path_factory.mktemp("bundles") / "good"
    bundles.save(path, *models.fit(bundles.GOOD))
    return path


def retold(path: Path, to: Path, change: Any) -> tuple[Path, dict[str, Any]]:
    """Return a copy of a bundle whose manifest says something else."""
    to.mkdir()
    for file in path.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    manifest = bundle.read_manifest(to)
    change(manifest)
    manifest = bundle.sealed(manifest)
    (to / bundle.MANIFEST).write_text(json.dumps(manifest))
    return to, manifest


def test_a_bundle_answers_as_its_model(saved: Path) -> None:
    fresh = of_bundle(saved, bundle.read_manifest(saved))
    rows = bundles.held_out()
    expected = bundle.load(saved).model.output(rows)
    np.testing.assert_allclose(fresh.output(rows), expected)
    assert fresh.classes is None
    assert fresh.dataset.name == "tiny"


def test_a_bundle_of_classes_names_them(tmp_path: Path) -> None:
    fitted, dataset, rows = models.fit("sklearn.linear_model.LogisticRegression", "multiclass")
    fresh = of_bundle(tmp_path / "b", bundles.save(tmp_path / "b", fitted, dataset, rows))
    assert fresh.classes == models.CLASSES
    assert fresh.output(rows).shape == (len(rows), 3)


def test_rows_that_gained_a_column_are_answered(saved: Path) -> None:
    fresh, rows = of_bundle(saved, bundle.read_manifest(saved)), bundles.held_out()
    wider = rows[rows.columns[::-1]].assign(shade="dark")
    np.testing.assert_array_equal(fresh.output(wider), fresh.output(rows))


def test_a_model_whose_code_is_no_more_is_a_user_error(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        raise AttributeError("no class Mine in mine")

    monkeypatch.setattr("src.inference.predictor.load", load)
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        of_bundle(saved, bundle.read_manifest(saved))
    assert "no class Mine" in str(caught.value.given)


def test_a_champion_of_another_version_is_no_comparison(saved: Path, tmp_path: Path) -> None:
    fresh = of_bundle(saved, bundle.read_manifest(saved))

    def change(manifest: dict[str, Any]) -> None:
        manifest["config"]["dataset"]["unheard"] = 1

    champion, manifest = retold(saved, tmp_path / "old", change)
    found = contest(fresh, bundles.held_out(), champion, manifest, 1)
    assert found.result is None
    assert "unheard" in found.note


@pytest.mark.parametrize(
    ("name", "feature"),
    [("size", {"type": "category"}), ("place", {"type": "number", "optional": True})],
)
def test_a_column_of_another_kind_is_another_column(
    saved: Path, tmp_path: Path, name: str, feature: dict[str, Any]
) -> None:
    fresh = of_bundle(saved, bundle.read_manifest(saved))

    def change(manifest: dict[str, Any]) -> None:
        manifest["config"]["dataset"]["features"][name] = feature
        manifest["config"]["dataset"]["derived"] = {}

    champion, manifest = retold(saved, tmp_path / "old", change)
    found = contest(fresh, bundles.held_out(), champion, manifest, 1)
    assert found.note == "the champion was trained on other columns"


def test_a_bundle_is_no_better_than_itself(saved: Path) -> None:
    manifest = bundle.read_manifest(saved)
    fresh = of_bundle(saved, manifest)
    found = contest(fresh, bundles.held_out(), saved, manifest, 1)
    assert found.result is not None
    assert (found.rows, found.result.difference) == (80, 0)
    assert not found.result.is_better
    assert not found.is_worse


def test_rows_of_a_group_are_drawn_together(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison.bootstrap, "compare", lambda *_, groups, **__: groups)

    def change(manifest: dict[str, Any]) -> None:
        manifest["config"]["dataset"]["group"] = "person"

    path, manifest = retold(saved, tmp_path / "grouped", change)
    people = np.arange(80) // 4
    rows = bundles.held_out().assign(person=people)
    found: Any = contest(of_bundle(path, manifest), rows, path, manifest, 1)
    assert found.result.tolist() == people.tolist()


@pytest.mark.parametrize(
    ("low", "high", "is_worse"),
    [(-2, -1, True), (-2, 0, False), (-2, 1, False), (1, 2, False), (None, None, False)],
)
def test_worse_is_what_chance_does_not_explain(
    low: float | None, high: float | None, is_worse: bool
) -> None:
    result = Comparison(1.0, 2.0, 1.0, low, high, low is not None and low > 0)
    assert Contest(40, 0, "mae", result).is_worse is is_worse


def test_without_a_comparison_nothing_is_worse() -> None:
    assert not Contest(0, 0, "mae", None, "no rows").is_worse


def test_a_document_says_why_there_is_no_comparison() -> None:
    found = Contest(3, 2, "mae", None, "only 3 rows").document()
    assert found == {"metric": "mae", "rows": 3, "left_out": 2, "note": "only 3 rows"}
    document = Contest(40, 2, "mae", Comparison(1.0, 2.0, 1.0, 0.5, 1.5, True)).document()
    assert "champion" not in document  # which only the service numbers
    assert (document["this"], document["better_by"], document["is_better"]) == (1.0, 1.0, True)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_rows_that_are_the_same_have_the_same_number() -> None:
    rows = frame(a=["x", None, "x", "y"], b=[1.0, np.nan, 1.0, 1.0])
    one, other, again, differs = hashes(rows, ["a", "b"])
    assert one == again
    assert len({one, other, differs}) == 3


def test_how_a_text_is_kept_is_no_difference() -> None:
    kept: list[Any] = [
        pd.Series(["x", None], dtype="str"),
        pd.Series(["x", None], dtype=object),
        pd.Series(["x", np.nan], dtype=object),
    ]
    found = {tuple(hashes(frame(a=column), ["a"])) for column in kept}
    assert len(found) == 1
    nothing = hashes(frame(a=pd.Series([None, None], dtype=object)), ["a"])
    assert set(nothing) == {next(iter(found))[1]}


def test_only_the_named_columns_and_no_index_tell_rows_apart() -> None:
    rows = frame(a=["x", "x"], b=[1.0, 2.0])
    assert len(set(hashes(rows, ["a"]))) == 1
    assert len(set(hashes(rows, ("a", "b")))) == 2
    moved = rows.set_axis([7, 7])
    assert hashes(moved, ["a", "b"]).tolist() == hashes(rows, ["a", "b"]).tolist()


def test_no_rows_have_no_numbers() -> None:
    assert hashes(frame(a=["x"]).head(0), ["a"]).empty


@pytest.mark.parametrize("is_turned", [False, True])
def test_each_version_is_judged_by_its_own_threshold(tmp_path: Path, is_turned: bool) -> None:
    """The champion may have named the other class the positive one."""
    fitted, dataset, rows = models.fit("sklearn.linear_model.LogisticRegression", "binary")
    values = configuration.plain(dataset) | {"metric": "f1"}
    dataset = convert(values, Dataset, "dataset")
    threshold = {"decision": {"threshold": 0.95}}
    manifest = bundles.save(tmp_path / "new", fitted, dataset, rows)
    champion, classes = fitted, fitted.classes
    assert classes is not None
    if is_turned:
        recipe = Recipe(dataset, fit_model(), classes[::-1], 3)
        champion = recipe.fit(rows, 1 - models.make_target(rows, "binary"))
        threshold = {"decision": {"threshold": np.nextafter(0.05, 1)}}
    old = bundles.save(tmp_path / "old", champion, dataset, rows, **threshold)
    test = bundles.held_out(200, "binary")
    columns = [*dataset.features, "role"]
    seen = bundle.load(tmp_path / "old").rows()
    test = test[~hashes(test, columns).isin(set(hashes(seen, columns)))]
    fresh = of_bundle(tmp_path / "new", manifest)
    found = contest(fresh, test, tmp_path / "old", old, 1).result
    assert found is not None
    truth, likely = test["role"] == classes[1], fitted.output(test)[:, 1]
    assert found.ours == pytest.approx(f1_score(truth, likely > 0.5), rel=1e-5)
    assert found.theirs == pytest.approx(f1_score(truth, likely >= 0.95), rel=1e-5)
    assert found.theirs < found.ours - 0.05


def fit_model() -> Model:
    """Return the model that models.fit fits."""
    target = "sklearn.linear_model.LogisticRegression"
    values = {"name": "mine", "complexity": 1, "estimator": {"binary": {"_target_": target}}}
    return convert(values, Model, "model")
