from __future__ import annotations

import json
import random
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import peewee
import pytest

from app.registry import live_scores
from app.registry.live_scores import Live, Scoreboard
from app.registry.store import Registered
from app.store import ids
from app.store.tables import Label
from src.evaluation import measures
from src.evaluation.bootstrap import LEAST, share
from tests.app.labels import truths

Pairs = list[tuple[object, bytes | None]]


@pytest.fixture
def linear(database: peewee.Database, home: Path, tmp_path: Path) -> Registered:
    return truths.register(database, tmp_path / "var")[0]


@pytest.fixture
def logistic(database: peewee.Database, home: Path, tmp_path: Path) -> Registered:
    return truths.register(database, tmp_path / "var", "debts")[0]


@pytest.fixture
def rooms(database: peewee.Database, home: Path, tmp_path: Path) -> Registered:
    return truths.register(database, tmp_path / "var", "notes")[0]


def live(database: peewee.Database, version: Registered) -> Live:
    found = live_scores.live(database, version)
    assert found is not None
    return found


def score(database: peewee.Database, version: Registered) -> dict[str, Any]:
    signature = live_scores.signatures(database, version.dataset)[version.number]
    return Scoreboard().of(database, version, signature)


def values(score: dict[str, Any]) -> dict[str, float | None]:
    return {name: one["value"] for name, one in score["metrics"].items()}


def prices(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    truth = draw.uniform(500, 9000, count).round(2)
    return truth, (truth + draw.normal(0, 90, count)).round(2)


def priced(truth: np.ndarray, said: np.ndarray) -> Pairs:
    rows = zip(truth.tolist(), said.tolist(), strict=True)
    return [(true, truths.price(one)) for true, one in rows]


def test_the_figures_are_what_training_would_say_of_these_rows(
    database: peewee.Database, linear: Registered
) -> None:
    truth, said = prices(25)
    truths.feedback(database, priced(truth, said))
    found = score(database, linear)
    assert values(found) == measures.evaluate("regression", truth, said)
    assert (found["version"], found["model"], found["labels"]) == (1, "linear", 25)
    assert found["held_out"] == linear.manifest["metrics"]["test"]
    assert "per_class" not in found
    inside = np.abs(truth - said) <= 100
    assert 0 < inside.mean() < 1
    assert found["coverage"]["value"] == measures.rounded(inside.mean())
    assert found["coverage"]["promised"] == 0.9


def test_the_figures_of_two_classes_are_what_training_would_say(
    database: peewee.Database, logistic: Registered
) -> None:
    draw = random.Random(1)
    said = [round(draw.random(), 3) for _ in range(25)]
    truth = [int(one + draw.uniform(-0.5, 0.5) > 0.5) for one in said]
    pairs: Pairs = [(true, truths.late(one)) for true, one in zip(truth, said, strict=True)]
    truths.feedback(database, pairs, dataset="debts")
    found = score(database, logistic)
    rows, output = np.array(truth), np.array([[1 - one, one] for one in said])
    assert values(found) == measures.evaluate("binary", rows, output)
    assert found["per_class"] == measures.per_class(rows, output, ["0", "1"])
    assert (
        found["coverage"]["value"]
        == measures.measure("binary", rows, output, ["accuracy"])["accuracy"]
    ), "each answer had its own class alone"


def test_the_figures_of_many_classes_are_what_training_would_say(
    database: peewee.Database, rooms: Registered
) -> None:
    classes = rooms.manifest["details"]["classes"]
    draw = random.Random(1)
    truth = [draw.randrange(3) for _ in range(20)]
    output = [[draw.random() for _ in classes] for _ in truth]
    pairs: Pairs = [
        (classes[at], truths.chances("room", dict(zip(classes, row, strict=True)), classes[:2]))
        for at, row in zip(truth, output, strict=True)
    ]
    truths.feedback(database, pairs, dataset="notes")
    found = score(database, rooms)
    rows = np.array(truth)
    assert values(found) == measures.evaluate("multiclass", rows, np.array(output))
    assert found["per_class"] == measures.per_class(rows, np.array(output), classes)
    assert found["coverage"]["value"] == measures.rounded((rows < 2).mean())


@pytest.mark.parametrize("count", [1, LEAST - 1, LEAST])
def test_few_labels_have_no_interval(
    database: peewee.Database, linear: Registered, logistic: Registered, count: int
) -> None:
    """Drawn again, one right answer of one would be certain."""
    truths.feedback(database, priced(*prices(count)))
    truths.feedback(database, [("1", truths.late(0.9))] * count, dataset="debts")
    for version, name in ((linear, "mae"), (logistic, "accuracy")):
        found = score(database, version)
        assert found["labels"] == count
        for one in (found["metrics"][name], found["coverage"]):
            assert one["value"] is not None
            assert (one["low"] is None) == (one["high"] is None) == (count < LEAST)


def test_a_plain_share_has_the_interval_of_a_share(
    database: peewee.Database, logistic: Registered
) -> None:
    """Where all are right, all that is drawn is right too; the next one may still be wrong."""
    truths.feedback(database, [("1", truths.late(0.9))] * 40, dataset="debts")
    low = measures.rounded(share(1.0, 40)[0])
    found = score(database, logistic)
    assert found["metrics"]["accuracy"] == {"value": 1.0, "low": low, "high": 1.0}
    assert found["coverage"] == {"promised": 0.9, "value": 1.0, "low": low, "high": 1.0}


@pytest.mark.parametrize("count", [LEAST, LEAST + 3])
def test_the_value_is_within_its_interval_however_few_labels_there_are(
    database: peewee.Database, linear: Registered, rooms: Registered, count: int
) -> None:
    classes = rooms.manifest["details"]["classes"]
    for seed in range(3):
        Label.delete().execute(database)
        truths.feedback(database, priced(*prices(count, seed)))
        draw = random.Random(seed)
        pairs: Pairs = [
            (draw.choice(classes), truths.chances("room", {c: draw.random() for c in classes}, []))
            for _ in range(count)
        ]
        truths.feedback(database, pairs, dataset="notes")
        for version in (linear, rooms):
            found = score(database, version)
            for name, one in {**found["metrics"], "coverage": found["coverage"]}.items():
                if one["low"] is not None:
                    assert one["low"] <= one["value"] <= one["high"], (name, one, seed)
        json.dumps(found, allow_nan=False)


def test_the_value_is_within_its_interval_where_classes_are_many_and_rare(
    database: peewee.Database, rooms: Registered
) -> None:
    """Half of them are taken for one another: drawn again, each row spoils two classes."""
    classes = [f"room {at:02}" for at in range(60)]
    details = {**rooms.manifest["details"], "classes": classes}
    many = replace(rooms, manifest={**rooms.manifest, "details": details})
    said = [*classes[1:30], classes[0], *classes[30:]]
    nothing = dict.fromkeys(classes, 0.0)
    pairs: Pairs = [
        (name, truths.chances("room", {**nothing, best: 1.0}, [best]))
        for name, best in zip(classes, said, strict=True)
    ]
    truths.feedback(database, pairs, dataset="notes")
    figure = score(database, many)["metrics"]["precision_macro"]
    assert figure["low"] < figure["value"] == figure["high"] == 0.5


def test_more_labels_make_the_interval_narrower(
    database: peewee.Database, linear: Registered
) -> None:
    def width(count: int) -> float:
        Label.delete().execute(database)
        truths.feedback(database, priced(*prices(count)))
        found = score(database, linear)["metrics"]["mae"]
        assert found["low"] < found["value"] < found["high"]
        return float(found["high"] - found["low"])

    assert width(400) < width(40)


def test_of_two_labels_the_last_counts_and_deleted_ones_do_not(
    database: peewee.Database, linear: Registered
) -> None:
    number = ids.new()
    truths.feedback(database, [(900, truths.price(1000))], ago=60, prediction=number)
    assert live(database, linear).truth.tolist() == [900]
    (last,) = truths.feedback(database, [(950, truths.price(1000))], prediction=number)
    assert live(database, linear).truth.tolist() == [950]
    Label.update(deleted="2026-01-01").where(Label.id == last).execute(database)
    assert live(database, linear).truth.tolist() == [900]
    Label.update(deleted="2026-01-01").execute(database)
    assert live_scores.live(database, linear) is None
    assert live_scores.signatures(database, "stones") == {}


def test_labels_without_a_prediction_or_of_another_version_are_none_of_its_own(
    database: peewee.Database, linear: Registered
) -> None:
    truths.label(database, 3, dataset="stones", value="900")
    truths.feedback(database, [(900, truths.price(1000))], version=2)
    truths.feedback(database, [("1", truths.late(0.9))], dataset="debts")
    assert live_scores.live(database, linear) is None
    assert list(live_scores.signatures(database, "stones")) == [2]
    truths.feedback(database, [(700, truths.price(1000))])
    assert live(database, linear).truth.tolist() == [700]
    assert list(live_scores.signatures(database, "stones")) == [2, 1], "the newest version first"


def test_the_delay_is_from_the_prediction_to_its_label(
    database: peewee.Database, linear: Registered
) -> None:
    for delay in (10, 20, 3600):
        truths.feedback(database, [(900, truths.price(1000))], ago=50, delay=delay)
    found = score(database, linear)["delay"]
    assert found == {"median_seconds": 20.0, "p90_seconds": pytest.approx(20 + 0.8 * 3580)}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"[redacted]",
        b"[]",
        b"3",
        b"\xff",
        b"{}",
        json.dumps({"price": "[redacted]", "interval": {"low": 1, "high": 2}}).encode(),
        json.dumps({"price": 1, "interval": "[redacted]"}).encode(),
        json.dumps({"price": 1, "interval": {"low": 1, "high": None}}).encode(),
        json.dumps({"cost": 1, "interval": {"low": 1, "high": 2}}).encode(),
    ],
)
def test_an_answer_that_cannot_be_read_is_left_out(
    database: peewee.Database, linear: Registered, logistic: Registered, answer: bytes | None
) -> None:
    truths.feedback(database, [(900, answer)])
    truths.feedback(database, [("1", answer)], dataset="debts")
    assert score(database, linear) == {"version": 1, "model": "linear", "labels": 0}
    assert score(database, logistic)["labels"] == 0
    truths.feedback(database, [(900, truths.price(1000))])
    truths.feedback(database, [("1", truths.late(0.9))], dataset="debts")
    assert score(database, linear)["labels"] == score(database, logistic)["labels"] == 1


def test_a_class_that_two_classes_never_knew_is_wrong_and_moves_neither(
    database: peewee.Database, logistic: Registered
) -> None:
    """Of four called late three are, one is something new; of the late ones one was missed."""
    pairs: Pairs = [("1", truths.late(0.9))] * 3 + [("1", truths.late(0.2))]
    pairs += [("0", truths.late(0.1))] * 5 + [("half", truths.late(0.8)), ("ab", truths.late(0.1))]
    truths.feedback(database, pairs, dataset="debts")
    found = score(database, logistic)
    assert found["labels"] == 11
    figures = values(found)
    assert figures["precision"] == figures["recall"] == figures["f1"] == 0.75
    assert figures["accuracy"] == measures.rounded(8 / 11)
    assert found["coverage"]["value"] == measures.rounded(8 / 11)
    assert found["per_class"]["1"]["recall"] == 0.75
    assert list(found["per_class"]) == ["0", "1", "ab", "half"]
    assert found["per_class"]["half"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 1}


def test_a_class_that_many_never_knew_is_wrong(
    database: peewee.Database, rooms: Registered
) -> None:
    classes = rooms.manifest["details"]["classes"]
    sure = truths.chances("room", {name: float(name == "garden") for name in classes}, ["garden"])
    truths.feedback(database, [("garden", sure)] * 3 + [("attic", sure)], dataset="notes")
    found = score(database, rooms)
    assert values(found)["accuracy"] == 0.75
    assert found["per_class"]["attic"]["rows"] == 1
    assert found["per_class"]["kitchen"]["rows"] == 0
    assert found["coverage"]["value"] == 0.75


@pytest.mark.parametrize(("rare", "accuracy"), [("other", 1.0), ("drop", 0.5)])
def test_a_class_that_was_learnt_as_other_counts_as_other(
    database: peewee.Database, rooms: Registered, rare: str, accuracy: float
) -> None:
    classes = ["kitchen", "other"]
    config = {"dataset": {**rooms.manifest["config"]["dataset"], "rare": rare}}
    config["dataset"]["target"] = {"name": "room"}
    details = {**rooms.manifest["details"], "classes": classes}
    manifest = {**rooms.manifest, "config": config, "details": details}
    said = truths.chances("room", {"kitchen": 0.1, "other": 0.9}, ["other"])
    truths.feedback(database, [("attic", said), ("other", said)], dataset="notes")
    found = score(database, replace(rooms, manifest=manifest))
    assert (values(found)["accuracy"], found["coverage"]["value"]) == (accuracy, accuracy)
    assert ("attic" in found["per_class"]) == (rare == "drop")


def test_of_more_labels_than_are_looked_at_the_newest_count(
    database: peewee.Database, linear: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_scores, "MOST", 5)
    truths.feedback(database, [(1, truths.price(1000))] * 9, ago=60)
    truths.feedback(database, [(900 + at, truths.price(1000)) for at in range(5)])
    assert sorted(live(database, linear).truth.tolist()) == [900, 901, 902, 903, 904]


def test_ten_thousand_labels_and_more_are_scored(
    database: peewee.Database, linear: Registered
) -> None:
    answer = truths.price(1000)
    truths.feedback(database, [(1e6, answer)] * 20, ago=60)
    truths.feedback(database, [(1010, answer)] * live_scores.MOST)
    found = score(database, linear)
    assert found["labels"] == live_scores.MOST
    assert found["metrics"]["mae"] == {"value": 10.0, "low": 10.0, "high": 10.0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_labels_are_counted_from_an_index_alone(
    database: peewee.Database, linear: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite would take the primary key for as good, and would look through all labels."""
    said: list[str] = []
    run = database.execute_sql

    def note(sql: str, *words: Any) -> Any:
        said.append(str(run(f"EXPLAIN QUERY PLAN {sql}", *words).fetchall()))
        return run(sql, *words)

    monkeypatch.setattr(database, "execute_sql", note)
    live_scores.signatures(database, "stones")
    live_scores.live(database, linear)
    counted, read = said
    assert "COVERING INDEX label_version" in counted
    assert "TEMP B-TREE" not in counted
    assert "INDEX label_version" in read
    assert "TEMP B-TREE" not in read


def test_a_score_is_made_anew_only_when_its_labels_change(
    database: peewee.Database, linear: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, made = Scoreboard(), []

    def count(*words: Any) -> Live | None:
        made.append(words)
        return before(*words)

    before = live_scores.live
    monkeypatch.setattr(live_scores, "live", count)

    def ask() -> int:
        signature = live_scores.signatures(database, "stones")[1]
        return int(board.of(database, linear, signature)["labels"])

    first, _ = truths.feedback(database, [(900, truths.price(1000))] * 2)
    assert (ask(), ask(), len(made)) == (2, 2, 1)
    truths.feedback(database, [(900, truths.price(1000))])
    assert (ask(), ask(), len(made)) == (3, 3, 2)
    Label.update(deleted="2026-01-01").where(Label.id == first).execute(database)
    assert (ask(), ask(), len(made)) == (2, 2, 3)


@pytest.mark.parametrize("count", [3, LEAST])
def test_scoring_rests_for_longer_than_it_took(
    database: peewee.Database, linear: Registered, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """The last score is answered meanwhile; of few labels there is always a fresh one."""
    times = iter([100.0, 102.0, 141.0, 143.0, 145.0, 146.0])
    monkeypatch.setattr(live_scores, "time", SimpleNamespace(monotonic=lambda: next(times)))
    board = Scoreboard()

    def ask() -> int:
        truths.feedback(database, priced(*prices(count)))
        signature = live_scores.signatures(database, "stones")[1]
        return int(board.of(database, linear, signature)["labels"])

    assert ask() == count
    if count == 3:
        assert (ask(), ask()) == (6, 9)
    else:
        assert (ask(), ask()) == (count, 3 * count)  # 39 and 41 seconds after two of work


def test_who_asks_while_a_version_is_scored_gets_the_same_score(
    database: peewee.Database, linear: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    truths.feedback(database, priced(*prices(3)))
    found, board = live(database, linear), Scoreboard()
    begun, again = threading.Event(), threading.Event()

    def slowly(*_: Any) -> Live:
        if begun.is_set():
            again.set()
        begun.set()
        again.wait(0.3)  # for the other one to begin, who does not
        return found

    monkeypatch.setattr(live_scores, "live", slowly)
    given: list[Any] = []

    def ask() -> None:
        given.append(board.of(database, linear, (3, "last")))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not again.is_set()
    assert len(given) == 2
    assert given[0] is given[1]
