"""A training in this process: rows to a version, and the word on whether it is to serve."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peewee
import pytest

from app.registry import store as version_store
from app.registry.store import Registered
from app.settings import Settings
from app.store import database as databases
from app.trainings import retries, run
from app.trainings import store as training_store
from app.trainings.retries import DatabaseWriter
from app.trainings.rows import training_rows
from app.trainings.workspace import Workspace
from src.config import paths
from src.inference import bundle
from src.support.errors import UserError
from tests.app import project
from tests.app.trainings.jobs import Quiet, ask, debts, ended, label, train


def conf(name: str = "debts", **changes: Any) -> None:
    values = {"debts": project.DEBTS, "stones": project.STONES, "notes": project.NOTES}[name]
    project.dump(Path(f"conf/dataset/{name}.yaml"), {**values, **changes})


def champion(database: peewee.Database, settings: Settings, name: str, model: str) -> Registered:
    version = version_store.register(database, settings.folder(), paths.BUNDLES / name / model)
    version_store.promote(database, version, kind=version_store.PROMOTE, by="me", why="")
    return version


def place_of(
    database: peewee.Database, settings: Settings, number: int, name: str = "debts"
) -> Path:
    return version_store.get(database, name, number).path(settings.folder())


def test_labels_become_a_version_that_serves(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(300))
    row = train(database, settings, use="labels")
    assert (row["state"], row["version"], row["error"]) == ("done", 1, None)
    told = row["result"]
    assert told["labels"]["total"] == told["labels"]["train"] + told["labels"]["test"] == 300
    assert sum(told["labels"]["per_class"].values()) == 300
    assert set(told["labels"]["per_class"]) == {"0", "1"}
    assert told["rows"]["total"] == told["rows"]["given"] == 300
    assert told["metrics"]["test"]["accuracy"] > 0.7
    confusion = told["confusion"]
    words = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert sum(confusion[word] for word in words) == told["labels"]["test"]
    assert (confusion["positive"], confusion["classes"]) == ("1", ["0", "1"])
    assert confusion["matrix"][1] == [confusion["false_negatives"], confusion["true_positives"]]
    assert told["per_class"]["1"]["rows"] == sum(confusion["matrix"][1])
    assert told["gate"] == {"passed": True, "missed": []}
    assert told["comparison"] is None
    assert told["promoted"] is True
    assert "nothing serves yet" in told["decision"]
    assert version_store.champions(database) == {"debts": 1}
    (event,) = version_store.events(database, "debts")
    assert (event["kind"], event["by"]) == ("training", f"training {row['id']}")
    assert event["why"] == told["decision"]


def test_labels_and_file_are_counted_apart(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    rows = debts(40)
    label(database, [*rows, rows[0], {**rows[1], "amount": -5}])
    told = train(database, settings)["result"]
    assert told["labels"]["total"] == 40
    assert told["rows"]["total"] == 190
    assert told["rows"]["given"] == 192
    assert (told["rows"]["rejected"], told["rows"]["by_rule"]) == (
        2,
        {"out_of_range": 1, "duplicate": 1},
    )


def test_the_rows_are_frozen_in_the_bundle(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(60))
    row = train(database, settings)
    path = place_of(database, settings, row["version"])
    data = (path / "snapshot.parquet").read_bytes()
    manifest = bundle.read_manifest(path)
    digest = hashlib.sha256(data).hexdigest()
    assert manifest["files"]["snapshot.parquet"] == digest == row["result"]["snapshot"]
    assert manifest["data"]["snapshot"] == digest
    assert manifest["data"]["labels"] == 60
    assert len(training_rows.frozen(data)) == 60 + 150
    assert row["frozen"] >= row["started"]
    assert not Workspace(settings.folder(), row["id"]).work.exists()


@pytest.mark.parametrize(
    ("name", "model"), [("debts", "logistic"), ("stones", "xgboost"), ("notes", "naive_bayes")]
)
def test_the_same_rows_configuration_and_seed_are_the_same_version(
    home: Path, database: peewee.Database, settings: Settings, name: str, model: str
) -> None:
    one = train(database, settings, dataset=name, model=model)
    two = train(database, settings, dataset=name, model=model)
    assert one["version"] == two["version"] == 1
    assert two["result"]["decision"] == "it is the very version that serves already"
    conf(name, promote="manual", retrain={"after_labels": 5})  # rules train nothing
    assert train(database, settings, dataset=name, model=model)["version"] == 1
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("seed: 7", "seed: 8"))
    assert train(database, settings, dataset=name, model=model)["version"] == 2


def test_the_frozen_rows_give_the_same_predictions_later(
    home: Path, database: peewee.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(database, debts(80))
    first = train(database, settings)
    path = place_of(database, settings, first["version"])
    frozen = training_rows.frozen((path / "snapshot.parquet").read_bytes())
    label(database, debts(80, seed=3))
    assert train(database, settings)["version"] == 2
    origin = bundle.read_manifest(path)["data"]
    keys = np.full(len(frozen), "", dtype=object)
    again = training_rows.TrainingRows(frozen, origin["source"], origin["md5"], keys)
    monkeypatch.setattr(training_rows, "gather", lambda *_: again)
    assert train(database, settings)["version"] == first["version"]


def test_it_is_what_the_pipeline_trains_on_the_same_rows(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    row = train(database, settings, use="file")
    ours = bundle.load(place_of(database, settings, row["version"]))
    theirs = bundle.load(paths.BUNDLES / "debts" / "logistic")
    assert ours.manifest["metrics"]["test"] == theirs.manifest["metrics"]["test"]
    pd.testing.assert_frame_equal(ours.rows(), theirs.rows())
    rows = theirs.rows()
    assert np.array_equal(ours.model.output(rows), theirs.model.output(rows))
    assert (ours.path / "predictor.npz").read_bytes() == (
        theirs.path / "predictor.npz"
    ).read_bytes()


def test_a_version_under_the_gate_is_kept_and_does_not_serve(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    before = champion(database, settings, "debts", "xgboost")
    gate = {"log_loss": {"max": 0.0001}, "precision": {"classes": {1: {"min": 0.9999}}}}
    conf(gate=gate)
    told = train(database, settings)["result"]
    assert told["gate"]["passed"] is False
    missed = told["gate"]["missed"]
    assert [said.split(" 0.")[0] for said in missed] == ["log_loss", "precision of 1"]
    assert told["promoted"] is False
    assert told["decision"].startswith("it fails the gate: log_loss 0.")
    assert version_store.champions(database) == {"debts": before.number}
    assert len(version_store.every(database, "debts")) == 2


def test_it_is_compared_with_the_champion_on_the_same_rows(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    before = champion(database, settings, "debts", "xgboost")
    label(database, debts(400))
    told = train(database, settings)["result"]
    found = told["comparison"]
    assert found["champion"] == before.number
    assert found["rows"] + found["left_out"] == told["rows"]["test"]
    assert found["this"] == told["metrics"]["test"]["accuracy"]
    assert found["low"] <= found["better_by"] <= found["high"]
    assert told["promoted"] is found["is_better"] is (found["low"] > 0)


def test_rules_are_those_of_the_end_of_the_training(
    home: Path, database: peewee.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = run.training.finish

    def slowly(*words: Any, **more: Any) -> Any:
        conf(promote="manual")
        return finish(*words, **more)

    monkeypatch.setattr(run.training, "finish", slowly)
    told = train(database, settings)["result"]
    assert told["decision"] == "it passes the gate; a person decides (promote: manual)"
    assert version_store.champions(database) == {}


class Prepare:
    """A training that was trained and not yet told."""

    def __init__(self, database: peewee.Database, settings: Settings) -> None:
        self.number = ask(database)
        training_store.claim(database, self.number, 1)
        self.row = training_store.find(database, self.number)
        self.quiet: Any = Quiet()
        place = Workspace(settings.folder(), self.number)
        with DatabaseWriter(database) as errands:
            words = (settings, database, self.row, place, self.quiet, errands)
            self.done = run.train(*words)


@pytest.fixture
def prepared_one(home: Path, database: peewee.Database, settings: Settings) -> Prepare:
    return Prepare(database, settings)


def test_nobody_can_ask_for_a_version_that_was_not_published(
    database: peewee.Database, settings: Settings, prepared_one: Prepare
) -> None:
    """As where its process is killed in that moment: the next one is the first of all."""
    it = prepared_one
    assert it.done.verdict.is_promoted
    assert it.done.version.path(settings.folder()).is_dir(), "what nobody names is harmless"
    assert version_store.every(database, "debts") == []
    training_store.end(database, it.number, training_store.LOST, error="killed")
    again = train(database, settings)
    assert (again["version"], again["result"]["version"]) == (1, 1)
    (version,) = version_store.every(database, "debts")
    assert version.digest == it.done.version.digest
    assert bundle.load(version.path(settings.folder())).manifest["files"]


@pytest.mark.parametrize("state", [training_store.CANCELLED, training_store.LOST])
def test_one_that_was_ended_meanwhile_changes_nothing(
    database: peewee.Database, prepared_one: Prepare, state: str
) -> None:
    it = prepared_one
    assert it.done.verdict.is_promoted
    if state == training_store.LOST:
        training_store.end(database, it.number, training_store.LOST, error="killed")
    else:
        training_store.cancel(database, it.number, "me")
    assert "nothing changes" in run.publish(database, it.row, it.done, it.quiet)
    assert version_store.champions(database) == {}
    assert version_store.every(database, "debts") == []
    row = training_store.find(database, it.number)
    assert (row["state"], row["version"], row["result"]) == (state, None, None)


@pytest.mark.parametrize("step", ["enter", "champions", "promote"])
def test_what_is_not_published_whole_is_not_published(
    database: peewee.Database, prepared_one: Prepare, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    it = prepared_one
    done = getattr(run.version_store, step)

    def then_fail(*words: Any, **more: Any) -> Any:
        done(*words, **more)
        raise peewee.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(run.version_store, step, then_fail)
        with pytest.raises(peewee.OperationalError):
            run.publish(database, it.row, it.done, it.quiet)
    assert version_store.every(database, "debts") == version_store.events(database, "debts") == []
    assert training_store.find(database, it.number)["state"] == training_store.RUNNING
    assert "version 1 serves" in run.publish(database, it.row, it.done, it.quiet)
    assert version_store.champions(database) == {"debts": 1}


def test_nobody_ends_it_while_it_is_published(
    database: peewee.Database,
    database_url: str,
    prepared_one: Prepare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it = prepared_one
    other = databases.connect(database_url, "process", 5.0)
    enter, ends, threads = version_store.enter, [], []

    def cancel() -> None:
        ends.append(training_store.cancel(other, it.number, "me"))
        other.close()

    def meanwhile(*words: Any) -> Registered:
        threads.append(threading.Thread(target=cancel))
        threads[0].start()
        threads[0].join(0.2)
        return enter(*words)

    monkeypatch.setattr(run.version_store, "enter", meanwhile)
    assert "version 1 serves" in run.publish(database, it.row, it.done, it.quiet)
    threads[0].join()
    assert ends == [False]
    assert ended(database, it.number)["state"] == training_store.DONE


def test_nobody_is_overruled_who_chose_another_meanwhile(
    database: peewee.Database, settings: Settings, prepared_one: Prepare
) -> None:
    it = prepared_one
    chosen = champion(database, settings, "debts", "xgboost")
    said = run.publish(database, it.row, it.done, it.quiet)
    assert "does not serve: another version came to serve" in said
    assert version_store.champions(database) == {"debts": chosen.number}
    told = ended(database, it.number)["result"]
    assert (told["promoted"], told["decision"]) == (False, said.split(": ", 1)[1])


def test_said_twice_it_is_done_once(database: peewee.Database, prepared_one: Prepare) -> None:
    it = prepared_one
    for _ in range(2):
        run.publish(database, it.row, it.done, it.quiet)
    assert len(version_store.events(database, "debts")) == 1
    assert ended(database, it.number)["progress"] == it.quiet.progress


def test_a_database_that_is_away_at_each_step_loses_nothing(
    home: Path, database: peewee.Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(database, debts(40))
    failed: list[str] = []

    def once(module: Any, name: str) -> None:
        done = getattr(module, name)

        def step(*words: Any, **more: Any) -> Any:
            if name not in failed:
                failed.append(name)
                raise peewee.OperationalError("away")
            return done(*words, **more)

        monkeypatch.setattr(module, name, step)

    monkeypatch.setattr(retries, "EVERY", 0.001)
    once(run.store, "tell")
    once(run.training_rows, "gather")
    once(run.version_store, "keep")
    once(run.version_store, "known")
    once(run.version_store, "champions")
    once(run.version_store, "overrides")
    it = Prepare(database, settings)
    assert failed == ["tell", "gather", "champions", "keep", "known", "overrides"]
    run.publish(database, it.row, it.done, it.quiet)
    assert ended(database, it.number)["result"]["labels"]["total"] == 40


def test_what_cannot_be_trained_registers_nothing(
    home: Path, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(5))
    with pytest.raises(UserError, match="too few rows"):
        train(database, settings, use="labels")
    with pytest.raises(UserError, match="Unknown model"):
        train(database, settings, model="linear")
    assert version_store.every(database, "debts") == []
