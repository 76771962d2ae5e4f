"""A fresh version against the champion: on the same rows, none of which the champion knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import peewee
import pytest

from app.registry import store as version_store
from app.registry.store import Registered
from app.store import database as databases
from app.store.migrations import migrate
from app.trainings import result
from app.trainings.result import Contest
from src.config import paths
from src.data import prepared
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.evaluation import bootstrap
from src.inference import bundle
from src.runs.comparison import Fresh
from src.support.structs import convert
from tests.app import project

Hold = Callable[..., Contest]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.Database]:
    """Open a database of one kind: it only has to hold what is compared."""
    with closing(databases.connect(f"sqlite:///{tmp_path}/l.db", "process", 1.0)) as database:
        migrate(database)
        yield database


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def dataset_of(name: str, **changes: Any) -> Dataset:
    values = {"debts": project.DEBTS, "stones": project.STONES, "notes": project.NOTES}[name]
    return convert({**values, **changes}, Dataset, "dataset")


@pytest.fixture
def hold(home: Path, database: peewee.Database, var: Path) -> Hold:
    """Return a function that holds one model of a dataset against another, the champion."""

    def contest(
        name: str,
        model: str,
        champion: str,
        rows: Callable[[Prepared], pd.DataFrame] = lambda ready: ready.test,
        change: Callable[[Registered], Any] = lambda _: None,
        fitted: Any = None,
        **changes: Any,
    ) -> Contest:
        dataset = dataset_of(name)
        ready, _ = prepared.prepare(dataset, 7)
        if fitted is None:
            fitted = bundle.load(paths.BUNDLES / name / model).model
        version = version_store.register(database, var, paths.BUNDLES / name / champion)
        version = change(version) or version
        ruled = dataset_of(name, **changes)
        fresh = Fresh(ruled, fitted.classes, fitted.output)
        return result.contest(fresh, rows(ready), version, var, 7)

    return contest


def both(ready: Prepared) -> pd.DataFrame:
    return pd.concat([ready.train, ready.test])


def half_new(ready: Prepared) -> pd.DataFrame:
    """Return rows of which 12 trained the champion, the last one spelt otherwise in the file."""
    new = pd.concat([ready.test] * 3, ignore_index=True)
    new["amount"] = new["amount"] + np.linspace(0.001, 0.9, len(new))
    return pd.concat([ready.train.head(12), new], ignore_index=True)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [("stones", "linear", "xgboost"), ("debts", "logistic", "xgboost")],
)
def test_one_is_better_by_what_the_other_is_worse(
    hold: Hold, name: str, one: str, other: str
) -> None:
    def every(ready: Prepared) -> pd.DataFrame:  # none of them the champion's, to have enough
        rows = both(ready)
        number = "carat" if name == "stones" else "amount"
        return rows.assign(**{number: rows[number] + 0.001})

    ours, theirs = hold(name, one, other, every), hold(name, other, one, every)
    assert ours.result is not None
    assert theirs.result is not None
    assert ours.rows == theirs.rows >= 120
    assert (ours.result.ours, ours.result.theirs) == (theirs.result.theirs, theirs.result.ours)
    assert ours.result.difference == pytest.approx(-theirs.result.difference)
    document = ours.document()
    assert document["metric"] == ("mae" if name == "stones" else "accuracy")
    assert (document["this"], document["that"]) == (ours.result.ours, ours.result.theirs)
    assert document["low"] <= document["better_by"] <= document["high"]
    assert "note" not in document


def test_a_model_is_no_better_than_itself(hold: Hold) -> None:
    found = hold("debts", "logistic", "logistic", half_new).result
    assert found is not None
    assert found.difference == 0
    assert not found.is_better


def test_rows_that_trained_the_champion_are_left_out(hold: Hold) -> None:
    found = hold("debts", "xgboost", "logistic", half_new)
    assert found.left_out == 12
    assert found.rows == len(half_new(prepared.prepare(dataset_of("debts"), 7)[0])) - 12
    assert found.document()["left_out"] == 12
    everything = hold("debts", "xgboost", "logistic", lambda ready: ready.train)
    assert everything.result is None
    assert everything.left_out > 100
    assert everything.note == "only 0 held-out rows are new to the champion, and 30 are needed"
    assert everything.document()["note"] == everything.note


def test_absent_values_are_recognised_in_rows_that_were_seen(hold: Hold) -> None:
    def with_absent(ready: Prepared) -> pd.DataFrame:
        return ready.train[ready.train["days"].isna()]

    found = hold("debts", "xgboost", "logistic", with_absent)
    assert (found.rows, found.left_out > 5) == (0, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"features": {"amount": {"type": "number"}, "owner": {"type": "category"}}},
        {"task": "multiclass"},
        {"target": {"name": "unpaid"}},
    ],
)
def test_another_question_is_no_comparison(hold: Hold, changes: dict[str, Any]) -> None:
    kept = {*changes.get("features", project.DEBTS["features"]), "late"}

    def rows(ready: Prepared) -> pd.DataFrame:
        test = half_new(ready)
        test = test[[name for name in test if name in kept]]
        return test.rename(columns={"late": changes.get("target", {"name": "late"})["name"]})

    found = hold("debts", "logistic", "xgboost", rows, **changes)
    assert found.result is None
    assert found.note == "the champion was trained on other columns"


class Certain:
    """A fitted model that is as sure of the truth as it is told to be."""

    def __init__(self, classes: list[str], target: str, share: float = 1.0) -> None:
        self.classes = classes
        self._target = target
        self._share = share

    def output(self, rows: pd.DataFrame) -> np.ndarray:
        found = np.full((len(rows), len(self.classes)), (1 - self._share) / len(self.classes))
        for at, name in enumerate(rows[self._target]):
            found[at, self.classes.index(name)] += self._share
        return found


@pytest.mark.parametrize("order", [["0", "1"], ["1", "0"]])
def test_of_two_classes_the_positive_one_is_the_last(hold: Hold, order: list[str]) -> None:
    found = hold(
        "debts",
        "",
        "logistic",
        half_new,
        fitted=Certain(order, "late"),
        target={"name": "late", "values": [0, 1], "positive": int(order[-1])},
        metric="recall",
    ).result
    assert found is not None
    assert found.ours == 1.0
    ready, _ = prepared.prepare(dataset_of("debts"), 7)
    rows = half_new(ready)[12:]
    champion = bundle.load(paths.BUNDLES / "debts" / "logistic").model
    called = np.array(champion.classes)[champion.output(rows).argmax(axis=1)]
    real = (rows["late"] == order[-1]).to_numpy()
    assert found.theirs == pytest.approx((called[real] == order[-1]).mean(), rel=1e-5)


def test_a_class_that_the_champion_does_not_know_is_its_mistake(hold: Hold) -> None:
    def with_cellar(ready: Prepared) -> pd.DataFrame:
        rows = pd.concat([ready.test, ready.test], ignore_index=True)
        rows["text"] = rows["text"] + [f" {at}" for at in range(len(rows))]
        rows.loc[:9, "room"] = "cellar"
        return rows

    classes = ["cellar", "garden", "kitchen", "office"]
    fitted = Certain(classes, "room")
    found = hold("notes", "", "naive_bayes", with_cellar, fitted=fitted)
    assert found.result is not None
    assert found.result.ours == 1.0
    assert found.result.theirs is not None
    assert found.result.theirs <= 1 - 10 / found.rows + 1e-5


def test_other_classes_of_two_are_no_comparison(hold: Hold) -> None:
    def renamed(ready: Prepared) -> pd.DataFrame:
        return half_new(ready).assign(late=lambda rows: rows["late"].map({"0": "no", "1": "yes"}))

    found = hold("debts", "", "logistic", renamed, fitted=Certain(["no", "yes"], "late"))
    assert found.result is None
    assert found.note == "the champion was trained on other classes"


@pytest.mark.parametrize("name", [bundle.ROWS, "predictor.npz"])
def test_a_champion_that_is_damaged_is_no_comparison_and_no_failure(
    hold: Hold, var: Path, name: str
) -> None:
    def damage(version: Registered) -> None:
        project.damage(version.path(var) / name)

    found = hold("debts", "xgboost", "logistic", half_new, damage)
    assert found.result is None
    assert f"{name} is not the file that was trained" in found.note


def test_the_same_seed_draws_the_same(hold: Hold) -> None:
    assert hold("debts", "xgboost", "logistic", half_new) == hold(
        "debts", "xgboost", "logistic", half_new
    )


def test_a_document_is_plain(hold: Hold) -> None:
    result = bootstrap.Comparison(1.0, 2.0, 1.0, None, None, False)
    document = Contest(40, 2, "mae", result, champion=3).document()
    assert msgspec.json.decode(msgspec.json.encode(document)) == document
    assert (document["low"], document["is_better"]) == (None, False)
