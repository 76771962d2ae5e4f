"""The rows that a training starts from: labels before the file, frozen to the byte."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import peewee
import pytest

from app.labels import store as label_store
from app.registry.datasets.live_config import LiveConfig
from app.trainings.rows import authors, training_rows
from app.trainings.rows.training_rows import TrainingRows, gather
from src.data import cleaning
from src.data import prepared as preparing
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


def of_file(frame: pd.DataFrame) -> TrainingRows:
    return TrainingRows(frame, "", None, np.full(len(frame), authors.FILE, dtype=object))


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
    ready, _ = training_rows.prepare(of_file(after), dataset, 7)
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
    assert of_file(again).parquet() == data, "to the byte"
    assert of_file(again).labels == len(WORDS)


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


def keyed(conf: Change, **changes: Any) -> tuple[Dataset, list[dict[str, Any]]]:
    """Give each row of the file a key, of three rows one; return the rows as labels."""
    dataset = conf("debts", key=["payer"], **changes)
    path = Path(dataset.source)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["payer"] = [str(at // 3) for at in range(len(frame))]
    frame.to_csv(path, index=False)
    labels: list[dict[str, Any]] = [
        {
            **row,
            "amount": float(row["amount"]),
            "days": int(row["days"]) if row["days"] else None,
        }
        for row in frame.to_dict("records")
    ]
    return dataset, labels


def prepared(database: peewee.Database, dataset: Dataset) -> Any:
    """Return the split rows, of each whether it is a label, and the cleaned ones."""
    gathered = gather(database, dataset, "both")
    ready, cleaned = training_rows.prepare(gathered, dataset, 7)
    return ready, gathered.frame.index != "", cleaned


@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize("duplicates", ["drop", "keep"])
def test_a_label_that_is_a_row_of_the_file_is_no_second_one(
    database: peewee.Database, conf: Change, duplicates: str, has_key: bool
) -> None:
    dataset, rows = keyed(conf, duplicates=duplicates)
    before, _, _ = prepared(database, dataset)
    held_out = [row for row in rows if row["payer"] in set(before.test["payer"])]
    assert len(held_out) > 9
    names = [name for name in held_out[0] if has_key or name != "payer"]
    label(database, [{name: row[name] for name in names} for row in held_out])
    after, is_label, _ = prepared(database, dataset)
    for name in ("train", "test"):
        old, new = getattr(before, name), getattr(after, name)
        assert sorted(map(tuple, old.to_numpy(dtype=str))) == sorted(
            map(tuple, new.to_numpy(dtype=str))
        )
    assert not is_label[after.train.index].any()
    assert is_label[after.test.index].sum() == len(held_out)


def test_new_labels_of_a_key_stand_on_its_side(database: peewee.Database, conf: Change) -> None:
    dataset, rows = keyed(conf)
    before, _, _ = prepared(database, dataset)
    label(database, [{**row, "amount": row["amount"] + 0.5} for row in rows])
    after, is_label, _ = prepared(database, dataset)
    assert set(after.test["payer"]) == set(before.test["payer"])
    assert set(after.train["payer"]).isdisjoint(after.test["payer"])
    assert is_label[after.test.index].sum() == len(before.test)


def test_the_newest_label_of_a_key_counts_alone(database: peewee.Database, conf: Change) -> None:
    dataset, rows = keyed(conf, duplicates="first")
    _, _, cleaned = prepared(database, dataset)
    keys = len(cleaned.rows)
    assert keys == (len(rows) + 2) // 3
    label(database, [{**rows[0], "owner": owner} for owner in ("north", "south", "east")])
    ready, is_label, cleaned = prepared(database, dataset)
    mine = cleaned.rows[cleaned.rows["payer"] == rows[0]["payer"]]
    assert (list(mine["owner"]), len(cleaned.rows)) == (["east"], keys)
    assert is_label[[*ready.train.index, *ready.test.index]].sum() == 1


def test_what_a_label_says_of_its_row_is_in_it(database: peewee.Database, conf: Change) -> None:
    split = {"method": "time", "column": "day"}
    dataset = conf("debts", key=["payer"], weight="sold", split=split)
    said = {"payer": "7", "sold": 2.5, "day": "2024-05"}
    (number, bare) = label(database, [{**debts(1)[0], **said}, debts(1)[0]])
    newest, oldest = gather(database, dataset, "labels").frame.to_dict("records")
    assert {name: oldest[name] for name in said} == {**said, "sold": "2.5"}
    (row,) = label_store.page(database, [label_store.Label.id == bare], 1)
    assert {name: newest[name] for name in said} == {"payer": bare, "sold": "1", "day": row["at"]}
    assert number < bare


@pytest.mark.parametrize("role", ["key", "group"])
def test_a_moment_that_is_a_key_too_is_the_labels_where_it_says_none(
    database: peewee.Database, conf: Change, role: str
) -> None:
    split = {"method": "time", "column": "day"}
    dataset = conf("debts", **{role: ["payer", "day"]}, split=split)
    (number,) = label(database, debts(1))
    (row,) = label_store.page(database, [label_store.Label.id == number], 1)
    (found,) = gather(database, dataset, "labels").frame.to_dict("records")
    assert (found["payer"], found["day"]) == (number, row["at"])


def test_a_side_that_the_file_tells_is_that_of_its_labels(
    database: peewee.Database, conf: Change
) -> None:
    dataset, rows = keyed(conf, group="payer", split={"method": "column", "column": "part"})
    path = Path(dataset.source)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["part"] = ["test" if int(payer) % 2 else "train" for payer in frame["payer"]]
    frame.to_csv(path, index=False)
    label(database, [{**row, "amount": row["amount"] + 0.5} for row in rows])
    ready, is_label, _ = prepared(database, dataset)
    assert {int(payer) % 2 for payer in ready.test["payer"]} == {1}
    assert is_label[ready.test.index].sum() == len(ready.test) / 2


def whose(found: TrainingRows) -> dict[str, int]:
    return dict(Counter(found.keys.tolist()))


def test_each_row_is_the_word_of_whoever_posted_it(database: peewee.Database, conf: Change) -> None:
    dataset = conf("debts", labels={"trusted_keys": ["bank"]})
    label(database, debts(4), source="bank")
    label(database, debts(3, seed=4), source="shop")
    found = gather(database, dataset, "both")
    assert found.keys[:7].tolist() == ["shop"] * 3 + ["bank"] * 4
    assert whose(found) == {"shop": 3, "bank": 4, authors.FILE: lines(dataset)}
    assert found.bounded == {"shop"}


@pytest.mark.parametrize("duplicates", ["drop", "keep"])
def test_a_label_that_says_what_the_file_says_is_the_files(
    database: peewee.Database, conf: Change, duplicates: str
) -> None:
    """Such as those that a snapshot wrote into it: else they would be too many, and its rows go."""
    dataset = conf("debts", duplicates=duplicates)
    with Path(dataset.source).open(newline="") as file:
        rows = list(itertools.islice(csv.DictReader(file), 3))
    same = [
        {**row, "amount": float(row["amount"]), "days": float(row["days"]) if row["days"] else None}
        for row in rows
    ]
    other = {**same[1], "late": str(1 - int(same[1]["late"]))}
    label(database, [*same, same[0], other], source="shop")
    found = gather(database, dataset, "both")
    assert whose(found)["shop"] == 2, "one row of the file is one label"


def test_a_label_that_is_left_out_gives_the_files_row_its_place_back(
    database: peewee.Database, conf: Change
) -> None:
    path = Path("data/debts.csv")
    rows = path.read_text().splitlines()
    numbered = [f"number,{rows[0]}", *(f"{at},{row}" for at, row in enumerate(rows[1:]))]
    path.write_text("\n".join(numbered) + "\n")
    dataset = conf("debts", key=["number"], duplicates="first")
    turned = [{**row, "number": str(at)} for at, row in enumerate(debts(lines(dataset)))]
    label(database, turned, source="shop")
    found = training_rows.bounded(gather(database, dataset, "both"), dataset, 7)
    ready, _ = training_rows.prepare(found, dataset, 7)
    for part in (ready.train, ready.test):  # though each label stood in the place of a row
        told = Counter(found.keys_at(part.index.to_numpy()).tolist())
        assert 0 < told["shop"] <= 0.2 * len(part)
    assert len(ready.train) + len(ready.test) == lines(dataset), "nobody's row is lost"
    assert found.left_out["shop"] == lines(dataset) - whose(found)["shop"]
    assert found.too_many(0.2)[0].startswith(f"{found.left_out['shop']} labels of the key 'shop'")


def test_labels_alone_are_judged_by_the_file_where_nobody_trusts_them(
    database: peewee.Database, conf: Change
) -> None:
    dataset = conf("debts")
    label(database, debts(300), source="shop")
    found = training_rows.bounded(gather(database, dataset, "labels"), dataset, 7)
    assert (whose(found), found.left_out) == ({"shop": 300}, {})
    ready, _ = training_rows.prepare(found, dataset, 7)
    rows = training_rows.judges(found, ready, dataset, 7)
    whole, _ = preparing.prepare(dataset, 7)
    assert len(rows) == len(ready.test) + len(whole.test)
    told = Counter(found.keys_at(rows.index.to_numpy()).tolist())
    assert told == {"shop": len(ready.test), authors.FILE: len(whole.test)}
    trusting = conf("debts", labels={"trusted_keys": ["shop"]})
    assert gather(database, trusting, "labels").beside is None
    Path(dataset.source).unlink()
    assert gather(database, conf("debts"), "labels").beside is None
