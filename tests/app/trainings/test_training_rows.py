"""The rows that a training starts from: labels before the file, frozen to the byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labels import store as label_store
from app.registry.live_config import LiveConfig
from app.trainings import training_rows
from app.trainings.training_rows import TrainingRows, gather
from src.data import cleaning
from src.data.schema import Dataset
from src.support.errors import UserError
from tests.app import project
from tests.app.trainings.jobs import debts, label

STONE = {"carat": 1.5, "facets": 57, "cut": "Ideal", "depth": None, "price": 5000}
Change = Callable[..., Dataset]


@pytest.fixture
def conf(home: Path) -> Change:
    """Return a function that gives a dataset, its YAML changed or not."""

    def read(name: str, **changes: Any) -> Dataset:
        if changes:
            values = {"debts": project.DEBTS, "stones": project.STONES, "notes": project.NOTES}
            project.dump(Path(f"conf/dataset/{name}.yaml"), {**values[name], **changes})
        configured = LiveConfig()
        configured.refresh()
        found = configured.get(name)
        assert found is not None, configured.errors()
        return found

    return read


def lines(dataset: Dataset) -> int:
    return len(Path(dataset.source).read_text().splitlines()) - 1


def test_labels_stand_first_and_the_newest_before_the_older(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("debts")
    numbers = label(database, debts(3))
    found = gather(database, dataset, "both")
    assert list(found.frame.index[:4]) == [*reversed(numbers), ""]
    assert (found.labels, len(found.frame)) == (3, 3 + lines(dataset))
    assert found.source == "labels and data/debts.csv"
    assert found.md5 == hashlib.md5(Path(dataset.source).read_bytes()).hexdigest()
    assert list(found.frame.columns) == dataset.columns()


def test_each_can_stand_alone(database: peewee.Database, conf: Change) -> None:
    dataset = conf("debts")
    label(database, debts(3))
    file, alone = gather(database, dataset, "file"), gather(database, dataset, "labels")
    assert (file.labels, len(file.frame), file.source) == (0, lines(dataset), "data/debts.csv")
    assert (alone.labels, len(alone.frame), alone.source) == (3, 3, "labels")
    assert alone.md5 is None
    Path(dataset.source).unlink()
    assert gather(database, dataset, "labels").labels == 3
    with pytest.raises(UserError, match="does not exist"):
        gather(database, dataset, "both")


def test_without_labels_it_says_what_to_do(database: peewee.Database, conf: Change) -> None:
    dataset = conf("debts")
    label(database, [STONE], "stones")
    with pytest.raises(UserError) as caught:
        gather(database, dataset, "labels")
    assert "/v1/debts/labels" in str(caught.value)
    assert gather(database, dataset, "both").labels == 0


def test_deleted_labels_and_those_that_were_overruled_are_not_used(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("debts")
    feedback = label_store.Feedback("p1", 1, "2026-01-01T00:00:00.000000Z", b"{}")
    other = label_store.Feedback("p2", 1, "2026-01-01T00:00:00.000000Z", b"{}")
    (plain, gone), row = label(database, debts(2)), debts(1)
    label(database, row, feedback=feedback)
    (kept,) = label(database, row, feedback=other)
    (last,) = label(database, row, feedback=feedback)
    (removed,) = label(database, row, feedback=other)
    for number in (gone, removed):
        wanted = [label_store.Label.dataset == "debts", label_store.Label.id == number]
        assert label_store.delete(database, wanted, "me", 1) == (1, True)
    label(database, debts(1), is_complete=False)  # of a post that stores all or none
    found = gather(database, dataset, "labels")
    assert list(found.frame.index) == [last, kept, plain]


def test_a_label_wins_over_the_file_and_over_older_ones_by_key(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("debts", key=["owner", "amount"], duplicates="first")
    first = Path(dataset.source).read_text().splitlines()[1]
    amount, owner, _, late = first.split(",")
    row = {"amount": float(amount), "owner": owner, "days": None}
    label(database, [{**row, "late": late}, {**row, "late": str(1 - int(late))}])
    _, cleaned = training_rows.prepare(gather(database, dataset, "both"), dataset, 7)
    mine = cleaned.rows[
        (cleaned.rows["amount"] == float(amount)) & (cleaned.rows["owner"] == owner)
    ]
    assert list(mine["late"]) == [str(1 - int(late))]
    assert len(cleaned.rows) == lines(dataset)


def test_keys_and_sides_that_labels_lack_are_filled_and_stay(
    database: peewee.Database, conf: Change
) -> None:
    split = {"method": "column", "column": "part", "test": 0.25}
    dataset = conf("debts", key=["number"], duplicates="first", split=split)
    path = Path(dataset.source)
    first, *rest = path.read_text().splitlines()
    parts = [f"{row},{at},{('train', 'test')[at % 2]}" for at, row in enumerate(rest)]
    path.write_text("\n".join([f"{first},number,part", *parts]) + "\n")
    numbers = label(database, debts(400))
    before = gather(database, dataset, "both").frame
    assert list(before["number"][:400]) == numbers[::-1], "a label is a row of its own"
    sides = before["part"][:400].value_counts()
    assert set(sides.index) == {"train", "test"}
    assert 60 < sides["test"] < 140
    label(database, debts(50, seed=4))
    after = gather(database, dataset, "both").frame
    pd.testing.assert_frame_equal(after[50:], before)
    ready, _ = training_rows.prepare(TrainingRows(after, "", None), dataset, 7)
    assert set(ready.test["part"]) == {"test"}


def test_what_is_absent_is_absent_and_what_is_written_stays(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("stones", missing=["?", "NA"])
    label(database, [{**STONE, "depth": None}, {**STONE, "depth": 0.1, "carat": 2.0}], "stones")
    found = gather(database, dataset, "labels")
    assert found.frame.iloc[1].to_dict() == {
        "carat": "1.5",
        "facets": "57",
        "cut": "Ideal",
        "depth": "?",
        "price": "5000",
    }
    assert found.frame.iloc[0].to_dict()["carat"] == "2"
    cleaned = cleaning.clean(found.frame.reset_index(drop=True), dataset)
    assert list(cleaned.rows["depth"].isna()) == [False, True]
    assert cleaned.rows["depth"][0] == 0.1


WORDS = ["", " two  words ", 'quoted "x", y', "line\nbreak", "\t", "NaN", "café 🙂", "\u2028"]


@pytest.mark.parametrize("use", ["labels", "both"])
def test_a_snapshot_has_every_cell_as_it_was(
    database: peewee.Database, conf: Change, use: str
) -> None:
    dataset = conf("notes")
    label(database, [{"text": text, "room": "office"} for text in WORDS], "notes")
    found = gather(database, dataset, use)
    data = found.parquet()
    again = training_rows.frozen(data)
    pd.testing.assert_frame_equal(again, found.frame)
    assert list(again["text"][: len(WORDS)]) == WORDS[::-1]
    assert TrainingRows(again, found.source, found.md5).parquet() == data, "to the byte"
    assert TrainingRows(again, "", None).labels == len(WORDS)


def test_the_origin_names_the_snapshot(database: peewee.Database, conf: Change) -> None:
    dataset = conf("debts")
    label(database, [*debts(9), {**debts(1)[0], "amount": -1.0}])
    found = gather(database, dataset, "both")
    ready, cleaned = training_rows.prepare(found, dataset, 7)
    assert ready.origin["snapshot"] == hashlib.sha256(found.parquet()).hexdigest()
    assert (ready.origin["labels"], ready.origin["rows"]) == (10, lines(dataset) + 10)
    assert ready.origin["by_rule"] == cleaned.counts == {"out_of_range": 1}
    positions = {*ready.train.index, *ready.test.index}
    assert positions == set(range(len(found.frame))) - {0}, "counted among all that were read"


def test_where_equal_rows_are_kept_a_label_that_is_in_the_file_counts_once(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("stones")
    path = Path(dataset.source)
    before = lines(dataset)
    label(database, [STONE, STONE, {**STONE, "price": 4000}], "stones")
    with path.open("a") as file:
        file.write("1.5,57,Ideal,,5000\n" * 3)
    found = gather(database, dataset, "both")
    assert (found.labels, len(found.frame)) == (3, before + 3 + 1)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_known_rows_are_left_out_one_for_one(rows: list[str], known: list[str]) -> None:
    def frame(cells: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"x": cells, "y": cells}, dtype=str)

    left = list(training_rows.beyond(frame(rows), frame(known))["x"])
    for cell in "abc":
        assert left.count(cell) == max(rows.count(cell) - known.count(cell), 0)
    rest = iter(rows)
    assert all(cell in rest for cell in left), "in their order"
