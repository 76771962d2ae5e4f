"""Whole trainings on the word of others: what one key may do, what several may, who is told."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.settings import Settings
from app.store import database as databases
from app.store.migrations import migrate
from tests.app import project
from tests.app.trainings.jobs import label, train

WHOLE = 1500  # rows of the file
ANY = {"most_changed": 1}


def debts(count: int, seed: int, *, is_turned: bool = False, owner: str = "north") -> list[Any]:
    """Draw debts of which the larger ones are late; or, turned round, the smaller ones."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        amount = round(draw.uniform(1, 1000), 6)  # no two alike
        is_late = (amount + draw.uniform(-100, 100) > 500) != is_turned
        rows.append({"amount": amount, "owner": owner, "days": None, "late": str(int(is_late))})
    return rows


def rule(**changes: Any) -> None:
    project.dump(Path("conf/dataset/debts.yaml"), {**project.DEBTS, **changes})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path}/lapidary.db"
    return Settings(var=str(tmp_path / "var"), database_url=url, wait=0.3, disk_floor=0.0)


@pytest.fixture
def database(settings: Settings) -> Iterator[peewee.Database]:
    """Open a database of one kind: it only has to hold what is trained on."""
    with closing(databases.connect(settings.url(), "process", 1.0)) as database:
        migrate(database)
        yield database


@pytest.fixture
def served(home: Path, database: peewee.Database, settings: Settings) -> int:
    """Write a file of many rows and let a version serve that was trained on it."""
    trees = {"model": {"params": {"n_estimators": 60}, "early_stopping": None}}
    path = Path("conf/dataset_model/debts_xgboost.yaml")
    project.dump(path, trees, "# @package _global_\n")  # enough of them to tell both owners apart
    lines = [f"{one['amount']},{one['owner']},,{one['late']}" for one in debts(WHOLE, 1)]
    Path("data/debts.csv").write_text("\n".join(["amount,owner,days,late", *lines]) + "\n")
    row = train(database, settings, model="xgboost", use="file")
    assert row["result"]["promoted"], row["result"]["decision"]
    assert row["result"]["sources"][0]["key"] is None
    return int(row["version"])


def result(database: peewee.Database, settings: Settings, **asked: Any) -> dict[str, Any]:
    told: dict[str, Any] = train(database, settings, model="xgboost", **asked)["result"]
    return told


def of(told: dict[str, Any], key: str | None) -> dict[str, Any]:
    return next(one for one in told["sources"] if one["key"] == key)


@pytest.mark.parametrize("use", ["both", "labels"])
def test_six_thousand_hostile_labels_of_one_key_decide_nothing(
    served: int, database: peewee.Database, settings: Settings, use: str
) -> None:
    label(database, debts(6000, 2, is_turned=True), source="mallory")
    rule(promote=ANY)
    told = result(database, settings, use=use)
    assert (told["promoted"], told["waits"]) == (False, False)
    assert version_store.champions(database) == {"debts": served}
    mallory, file = of(told, "mallory"), of(told, None)
    if use == "both":
        assert mallory["train"] <= 0.2 * told["rows"]["train"]
        assert mallory["test"] <= 0.2 * told["rows"]["test"]
        assert mallory["left_out"] == 6000 - mallory["train"] - mallory["test"] > 5000
        said = f"{mallory['left_out']} labels of the key 'mallory' left out: the labels of one key"
        assert f"{said} are at most 0.2 of the rows" in told["decision"]
    else:
        assert file["train"] == file["test"] == 0
        assert file["judged"] > 200
        assert "without the labels of the key 'mallory' it is worse" in told["decision"]
    assert mallory["judged"] + file["judged"] == told["comparison"]["rows"]
    (without,) = told["comparison"]["without"]
    assert (without["key"], without["rows"]) == ("mallory", file["judged"])
    assert without["better_by"] <= 0


def test_a_key_that_the_dataset_trusts_is_heard_whatever_it_says(
    served: int, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(6000, 2, is_turned=True), source="bank")
    rule(promote=ANY, labels={"trusted_keys": ["bank"]})
    told = result(database, settings)
    assert told["promoted"], told["decision"]
    assert "without" not in told["comparison"]
    bank = of(told, "bank")
    assert bank["trusted"]
    assert (bank["train"] + bank["test"], bank["left_out"]) == (6000, 0)


def test_one_key_that_tells_what_the_file_does_not_know_is_promoted(
    served: int, database: peewee.Database, settings: Settings
) -> None:
    """As a company posts its labels: with one key that is not even named anywhere."""
    label(database, debts(300, 3, is_turned=True, owner="south"), source="bank")
    told = result(database, settings)
    assert told["promoted"], told["decision"]
    assert of(told, "bank")["left_out"] == 0
    (event, *_) = version_store.events(database, "debts")
    assert (event["kind"], event["why"]) == ("training", told["decision"])
    whose = [of(told, key)["judged"] for key in (None, "bank")]
    assert f"rows ({whose[0]} of the file, {whose[1]} of the key 'bank')" in event["why"]
    (file,) = told["changes"]
    assert (file["of"], file["rows"]) == ("file", WHOLE)
    assert file["changed"] == round(file["share"] * WHOLE) < 0.1 * WHOLE


def test_many_keys_that_agree_are_heard_and_a_person_is_asked(
    served: int, database: peewee.Database, settings: Settings
) -> None:
    for at in range(5):
        label(database, debts(700, 10 + at, is_turned=True), source=f"shop {at}")
    told = result(database, settings)
    assert (told["promoted"], told["waits"]) == (False, True), told["decision"]
    assert told["decision"].startswith("it waits for a person: it changes 1,")
    assert "of 1,500 answers" in told["decision"]
    assert "better by more than noise: accuracy" in told["decision"]
    assert version_store.champions(database) == {"debts": served}
    waiting = version_store.waiting(database, "debts")
    assert waiting is not None
    assert (waiting["number"], waiting["why"]) == (told["version"], told["decision"])
    version = version_store.get(database, "debts", told["version"])
    version_store.promote(database, version, kind=version_store.PROMOTE, by="boss", why="")
    assert version_store.waiting(database, "debts") is None


def test_two_keys_that_agree_do_not_outvote_the_file(
    served: int, database: peewee.Database, settings: Settings
) -> None:
    for at in range(2):
        label(database, debts(3000, 10 + at, is_turned=True), source=f"shop {at}")
    rule(promote=ANY)
    told = result(database, settings)
    assert not told["promoted"], told["decision"]
    assert [of(told, f"shop {at}")["left_out"] > 2000 for at in range(2)] == [True, True]
