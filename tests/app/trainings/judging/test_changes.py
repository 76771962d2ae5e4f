"""How many answers a fresh version changes, and from which share on a person is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peewee
import pytest

from app.registry import store as version_store
from app.registry.store import Registered
from app.store import database as databases
from app.store.migrations import migrate
from app.trainings.judging import changes
from app.trainings.rows import authors
from app.trainings.rows.training_rows import TrainingRows
from app.trainings.schema import AnswerChange
from src.config import paths
from src.data.schema import Dataset
from src.inference import bundle
from src.support.structs import convert
from tests.app import project
from tests.app.service import Service


@pytest.mark.parametrize(
    ("changed", "most", "expected"),
    [
        (
            3,
            0.2,
            "it changes 3 of 10 answers (30 %) on the file's rows (promote.most_changed: 0.2)",
        ),
        (2, 0.2, ""),
        (1, 0.0, "it changes 1 of 10 answers (10 %) on the file's rows (promote.most_changed: 0)"),
        (0, 0.0, ""),
        (10, 1.0, ""),
    ],
)
def test_a_greater_share_is_for_a_person(changed: int, most: float, expected: str) -> None:
    some = [AnswerChange("file", 10, changed, changed / 10)]
    assert changes.objection(some, most) == expected


def test_each_kind_of_rows_is_looked_at_for_itself() -> None:
    some = [AnswerChange("file", 10_000, 0, 0.0), AnswerChange("recent", 10, 9, 0.9)]
    assert "9 of 10 answers (90 %) on the records that were asked" in changes.objection(some, 0.2)
    assert changes.objection([], 0.2) == ""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.Database]:
    with closing(databases.connect(f"sqlite:///{tmp_path}/l.db", "process", 1.0)) as database:
        migrate(database)
        yield database


@pytest.mark.parametrize("name", ["stones", "debts", "notes"])
def test_answers_of_two_models_are_counted_as_they_answer(
    home: Path, database: peewee.Database, tmp_path: Path, name: str
) -> None:
    champion, fresh = (registered(database, tmp_path, name, one) for one in project.MODELS[name])
    values = {"stones": project.STONES, "debts": project.DEBTS, "notes": project.NOTES}[name]
    dataset = convert(values, Dataset, "dataset")
    frame = pd.read_csv(dataset.source, dtype="str", keep_default_na=False)[dataset.columns()]
    keys = np.full(len(frame), authors.FILE, dtype=object)
    records = changes.of_file(TrainingRows(frame, "", None, keys), dataset, 7)
    assert len(records) == len(frame)
    (same,) = changes.find((champion, champion), tmp_path, {"file": records, "recent": []})
    assert same == AnswerChange("file", len(frame), 0, 0.0)
    (one,) = changes.find((champion, fresh), tmp_path, {"file": records, "recent": []})
    assert (one.rows, one.changed) == (len(frame), expected(champion, fresh, tmp_path))
    assert one.share == pytest.approx(one.changed / one.rows, abs=1e-6)


def registered(database: peewee.Database, var: Path, name: str, model: str) -> Registered:
    return version_store.register(database, var, paths.BUNDLES / name / model)


def expected(champion: Registered, fresh: Registered, var: Path) -> int:
    """Count with the fitted models and plain means."""
    from src.data import prepared

    dataset = convert(champion.manifest["config"]["dataset"], Dataset, "dataset")
    ready, _ = prepared.prepare(dataset, 7)
    rows = pd.concat([ready.train, ready.test])
    was, becomes = (bundle.load(one.path(var)).model.output(rows) for one in (champion, fresh))
    if was.ndim == 2:
        return int((was.argmax(axis=1) != becomes.argmax(axis=1)).sum())
    from src.inference.interval import Interval
    from src.learning import exporting

    interval = Interval.from_manifest(champion.manifest["interval"], list(dataset.features))
    records: Any = exporting.records(rows, dataset)
    low, high = interval.around(was, records)
    return int(((becomes < low) | (becomes > high)).sum())


def test_the_champions_newest_predictions_that_were_stored_whole_are_asked_again(
    service: Service,
) -> None:
    number = version_store.champions(service.database)["debts"]
    champion = version_store.get(service.database, "debts", number)
    assert changes.of_traffic(service.database, champion) == []
    records = [{**project.DEBT, "amount": float(at)} for at in range(1, 4)]
    assert service.post("/v1/debts/predictions", records[0]).status_code == 200
    assert service.post("/v1/debts/predictions", records[1:]).status_code == 200
    other = f"/v1/debts/predictions?version={3 - number}"
    assert service.post(other, project.DEBT).status_code == 200
    assert service.post("/v1/stones/predictions", project.STONE).status_code == 200
    amounts = [one["amount"] for one in changes.of_traffic(service.database, champion)]
    assert sorted(amounts) == [1, 2, 3]


def test_many_rows_are_drawn_and_labels_are_none_of_the_file(
    make_rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, gathered = make_rows
    assert sorted(one["amount"] for one in changes.of_file(gathered, dataset, 7)) == list(
        range(1, 101)
    )
    monkeypatch.setattr(changes, "MOST_ROWS", 30)
    some = changes.of_file(gathered, dataset, 7)
    assert len(some) == 30
    assert some == changes.of_file(gathered, dataset, 7) != changes.of_file(gathered, dataset, 8)


@pytest.fixture
def make_rows() -> tuple[Dataset, TrainingRows]:
    dataset = convert(project.DEBTS, Dataset, "dataset")
    rows = [[str(at), "north", "", "1"] for at in range(1, 201)]
    frame = pd.DataFrame(rows, columns=dataset.columns(), dtype="str")
    keys = np.array([authors.FILE] * 100 + ["shop"] * 100, dtype=object)
    return dataset, TrainingRows(frame, "", None, keys)
