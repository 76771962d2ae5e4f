"""When labels ask for a training; what was long ago is written so, and nothing is waited for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest

from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.store import clock, ids
from app.store.tables import Label, Training, Version
from app.trainings import store as training_store
from app.trainings.triggers import IMPATIENCE, RetrainTrigger
from tests.app import project
from tests.app.hands import Hands
from tests.app.labels import truths

Look = Callable[[], None]
DAY = 86_400.0


@pytest.fixture
def look(database: peewee.Database, home: Path, tmp_path: Path) -> Look:
    """Return what a steward does for the debts, whose logistic champion serves since two days."""
    champion = truths.register(database, tmp_path / "var", "debts")[0]
    truths.serve(database, champion)
    Version.update(at=clock.text(truths.moment(2 * DAY))).execute(database)
    return looker(database)


def looker(database: peewee.Database) -> Look:
    configured = LiveConfig()
    duty = RetrainTrigger(database, configured)

    def look() -> None:
        configured.refresh()
        duty.look()

    return look


def rule(**words: Any) -> None:
    truths.rule("debts", retrain=words)


def asked(database: peewee.Database) -> list[dict[str, Any]]:
    """Return what waits in the queue."""
    found = Training.select().where(Training.state == training_store.QUEUED).order_by(Training.id)
    return list(found.dicts().execute(database))


def trained(
    database: peewee.Database,
    state: str = training_store.DONE,
    *,
    at: float = 100.0,
    frozen: float | None = 100.0,
    dataset: str = "debts",
) -> str:
    """Store a training that was asked for and read its rows so many seconds ago."""
    number = ids.following(ids.at(truths.moment(at).timestamp()), 1)[0]
    times = {"at": clock.text(truths.moment(at))}
    if frozen is not None:
        times["frozen"] = clock.text(truths.moment(frozen))
    row = {"id": number, "dataset": dataset, "by": "me", "reason": "asked", "name": ""}
    more = {"model": "logistic", "search": "none", "use": "both", "state": state}
    training_store.ask(database, {**row, **more, **times})
    return number


def end(database: peewee.Database, state: str = training_store.DONE, *, frozen: float) -> None:
    """Let what waits be claimed, read its rows so many seconds ago, and come to its end."""
    (row,) = asked(database)
    assert training_store.claim(database, row["id"], 1)
    training_store.tell(database, row["id"], frozen=clock.text(truths.moment(frozen)))
    assert training_store.end(database, row["id"], state)


def test_without_the_rule_or_a_label_nothing_is_asked_for(
    database: peewee.Database, look: Look
) -> None:
    truths.label(database, 9)
    look()
    rule(after_labels=1)
    Label.delete().execute(database)
    look()
    truths.label(database, 9, dataset="notes")
    look()
    assert asked(database) == []


def test_enough_labels_ask_for_the_champions_model(database: peewee.Database, look: Look) -> None:
    rule(after_labels=5)
    truths.label(database, 4)
    look()
    assert asked(database) == []
    truths.label(database)
    look()
    look()
    (row,) = asked(database)
    assert (row["dataset"], row["model"], row["search"]) == ("debts", "logistic", "none")
    assert (row["by"], row["reason"], row["use"]) == ("retrain", "after_labels", "both")
    assert row["trials"] is None


def test_the_rule_may_say_what_is_trained_and_on_what(
    database: peewee.Database, look: Look
) -> None:
    rule(after_labels=1, model="xgboost", use="labels")
    truths.label(database)
    look()
    (row,) = asked(database)
    assert (row["model"], row["use"]) == ("xgboost", "labels")


def test_labels_count_from_when_the_last_training_read_its_rows(
    database: peewee.Database, look: Look
) -> None:
    rule(after_labels=3)
    trained(database, at=500, frozen=100)
    truths.label(database, 50, ago=101)
    truths.label(database, 2, ago=99)
    look()
    assert asked(database) == []
    truths.label(database, ago=98)
    look()
    assert len(asked(database)) == 1


def test_a_training_from_a_clock_that_was_ahead_stops_no_rule(
    database: peewee.Database, look: Look, caplog: pytest.LogCaptureFixture, hands: Hands
) -> None:
    rule(after_labels=2)
    trained(database, at=-DAY, frozen=-DAY)
    truths.label(database, 5, ago=10)
    look()
    assert asked(database) == []
    assert caplog.text.count("ahead of the clock") == 1
    hands.move(1000)
    truths.label(database, 2)
    look()
    assert len(asked(database)) == 1
    assert caplog.text.count("ahead of the clock") == 1


def test_a_training_from_a_clock_that_was_ahead_is_no_reason_to_wait_for_the_next(
    database: peewee.Database, look: Look, hands: Hands
) -> None:
    rule(at_least_every="1h")
    trained(database, at=-DAY, frozen=-DAY)
    look()
    hands.move(3_700_000)
    truths.label(database)
    look()
    assert len(asked(database)) == 1


def test_deleted_labels_do_not_count(database: peewee.Database, look: Look) -> None:
    rule(after_labels=3)
    first, *_ = truths.label(database, 3)
    Label.update(deleted="2026-01-01", deleted_by="me").where(Label.id == first).execute(database)
    look()
    assert asked(database) == []


@pytest.mark.parametrize("state", [training_store.QUEUED, training_store.RUNNING])
def test_while_one_waits_or_runs_none_is_asked_for(
    database: peewee.Database, look: Look, state: str
) -> None:
    rule(after_labels=1)
    trained(database, state, at=100, frozen=None)
    for at in (50, 40, 30):  # asked for later and cancelled, they do not hide it
        trained(database, training_store.CANCELLED, at=at, frozen=None)
    truths.label(database, 9)
    before = len(asked(database))
    look()
    assert len(asked(database)) == before


def test_another_datasets_training_is_no_hindrance(database: peewee.Database, look: Look) -> None:
    rule(after_labels=1)
    trained(database, training_store.RUNNING, dataset="notes")
    truths.label(database)
    look()
    assert len(asked(database)) == 1


def test_labels_that_come_while_one_runs_lead_to_one_further(
    database: peewee.Database, look: Look
) -> None:
    rule(after_labels=1)
    truths.label(database, 3, ago=60)
    look()
    (row,) = asked(database)
    assert training_store.claim(database, row["id"], 1)
    training_store.tell(database, row["id"], frozen=clock.text(truths.moment(50)))
    for at in (40, 30, 20):
        truths.label(database, 5, ago=at)
        look()
    assert asked(database) == []
    assert training_store.end(database, row["id"], training_store.DONE)
    look()
    look()
    assert len(asked(database)) == 1
    end(database, frozen=10)
    look()
    look()
    assert asked(database) == [], "all labels are older than the last training's rows"


@pytest.mark.parametrize(("newest", "is_asked"), [(30.0, False), (61.0, True)])
def test_a_training_waits_until_no_label_has_come_for_a_while(
    database: peewee.Database, look: Look, newest: float, is_asked: bool
) -> None:
    rule(after_labels=3, debounce="60s")
    truths.label(database, 3, ago=100)
    truths.label(database, ago=newest)
    look()
    assert len(asked(database)) == is_asked


@pytest.mark.parametrize(("oldest", "is_asked"), [(-5.0, False), (5.0, True)])
def test_labels_that_go_on_coming_are_not_waited_for_without_an_end(
    database: peewee.Database, look: Look, oldest: float, is_asked: bool
) -> None:
    rule(after_labels=3, debounce="60s")
    trained(database, at=3000, frozen=3000)
    truths.label(database, 3, ago=4000)
    truths.label(database, ago=60 * IMPATIENCE + oldest)
    for at in range(0, 600, 50):
        truths.label(database, ago=at)
    look()
    assert len(asked(database)) == is_asked


@pytest.mark.parametrize(("before", "is_asked"), [(3500.0, False), (3700.0, True)])
def test_a_training_at_least_so_often_if_any_label_is_new(
    database: peewee.Database, look: Look, before: float, is_asked: bool
) -> None:
    rule(at_least_every="1h")
    trained(database, at=before, frozen=before)
    truths.label(database, 9, ago=before + 10)
    look()
    assert asked(database) == [], "none is new"
    truths.label(database)
    look()
    assert [row["reason"] for row in asked(database)] == ["at_least_every"] * is_asked


@pytest.mark.parametrize(("registered", "is_asked"), [(3500.0, False), (3700.0, True)])
def test_without_a_training_the_champions_age_counts(
    database: peewee.Database, look: Look, registered: float, is_asked: bool
) -> None:
    rule(at_least_every="1h", after_labels=100)
    Version.update(at=clock.text(truths.moment(registered))).execute(database)
    truths.label(database)
    look()
    assert len(asked(database)) == is_asked


@pytest.mark.parametrize("frozen", [60.0, None])
def test_a_training_that_failed_is_not_asked_for_again(
    database: peewee.Database, look: Look, frozen: float | None
) -> None:
    rule(after_labels=1)
    truths.label(database, 3, ago=100)
    trained(database, training_store.FAILED, at=60, frozen=frozen)
    look()
    assert asked(database) == []
    truths.label(database, ago=10)
    look()
    assert len(asked(database)) == 1, "with a new label it may be another matter"


@pytest.mark.parametrize("words", [{"after_labels": 3}, {"at_least_every": "1h"}])
def test_a_training_that_was_lost_is_asked_for_once_more(
    database: peewee.Database, look: Look, words: dict[str, Any]
) -> None:
    rule(**words)
    trained(database, at=5000, frozen=5000)
    truths.label(database, 3, ago=1000)
    trained(database, training_store.LOST, at=900, frozen=890)
    look()
    assert len(asked(database)) == 1
    end(database, training_store.LOST, frozen=0)
    look()
    look()
    assert asked(database) == []
    if "after_labels" in words:
        truths.label(database, 3)
        look()
        assert len(asked(database)) == 1


def test_the_first_training_of_all_may_be_lost_too(database: peewee.Database, look: Look) -> None:
    rule(after_labels=3)
    truths.label(database, 3, ago=1000)
    trained(database, training_store.LOST, at=900, frozen=890)
    look()
    assert len(asked(database)) == 1


def test_without_a_model_nothing_is_asked_for(database: peewee.Database, home: Path) -> None:
    rule(after_labels=1)
    truths.label(database)
    look = looker(database)
    look()
    assert asked(database) == []
    rule(after_labels=1, model="logistic")
    look()
    assert [row["model"] for row in asked(database)] == ["logistic"]


def test_an_unknown_model_is_told_once_until_conf_changes(
    database: peewee.Database, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    rule(after_labels=1, model="logistics")
    truths.label(database)
    for _ in range(3):
        look()
    assert len(caplog.records) == 1
    assert "did you mean 'logistic'" in caplog.text
    rule(after_labels=1, model="logistical")
    look()
    look()
    assert len(caplog.records) == 2
    assert asked(database) == []
    rule(after_labels=1, model="logistic")
    look()
    assert len(asked(database)) == 1


def test_what_cannot_be_trained_now_is_asked_for_when_conf_is_mended(
    database: peewee.Database, look: Look
) -> None:
    rule(after_labels=1)
    look()
    truths.write("debts", "retrain: {")
    truths.label(database)
    look()
    assert asked(database) == []
    rule(after_labels=1)
    look()
    assert len(asked(database)) == 1


def test_each_dataset_has_a_rule_of_its_own(
    database: peewee.Database, look: Look, tmp_path: Path
) -> None:
    truths.serve(database, truths.register(database, tmp_path / "var", "notes")[0])
    rule(after_labels=1)
    truths.rule("notes", retrain={"after_labels": 2})
    truths.label(database, 2)
    truths.label(database, 2, dataset="notes")
    look()
    found = {row["dataset"]: row["model"] for row in asked(database)}
    assert found == {"debts": "logistic", "notes": project.MODELS["notes"][0]}


def test_the_model_is_the_present_champions(database: peewee.Database, look: Look) -> None:
    rule(after_labels=1)
    truths.serve(database, version_store.get(database, "debts", 2))
    truths.label(database)
    look()
    assert [row["model"] for row in asked(database)] == ["xgboost"]


@pytest.mark.usefixtures("serves_only")
def test_where_nothing_trains_a_rule_asks_for_nothing_and_that_is_said_once(
    database: peewee.Database, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    rule(after_labels=1)
    truths.label(database)
    for _ in range(3):
        look()
    assert asked(database) == []
    assert caplog.text.count("answers and does not train") == 1
    assert "retrain of debts" in caplog.text
