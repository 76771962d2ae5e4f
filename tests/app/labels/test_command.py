"""python -m app labels, called here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import peewee
import pytest

from app.labels import command
from app.labels import store as label_store
from app.store import ids
from app.store.tables import Label
from src.support.errors import UserError

Run = Callable[..., str]


@pytest.fixture
def run(run_command: Run) -> Run:
    return partial(run_command, "labels")


def add(database: peewee.Database, *values: str, is_complete: bool = True) -> list[str]:
    numbers = [ids.new() for _ in values]
    records = [b"{}"] * len(values)
    about = {"source": "me", "upload": numbers[0], "is_complete": is_complete}
    label_store.insert(database, label_store.rows("debts", numbers, values, records, **about))
    return numbers


def test_labels_are_counted_by_value(run: Run, database: peewee.Database) -> None:
    numbers = add(database, "1", "0", "1", "0")
    add(database, "1", is_complete=False)
    label_store.delete(database, [Label.id == numbers[3]], "me", 1)
    told = run("list", "debts")
    assert "3 labels of debts" in told
    assert [line.split() for line in told.splitlines() if line.strip()[:1] in ("0", "1")] == [
        ["0", "1"],
        ["1", "2"],
    ]


def test_of_many_values_only_their_number_is_told(run: Run, database: peewee.Database) -> None:
    add(database, *map(str, range(command.MOST_SHOWN + 1)))
    assert run("list", "debts") == "51 labels of 'debts', 51 different values\n"


def test_one_label_is_told_as_one(run: Run, database: peewee.Database) -> None:
    (number,) = add(database, "1")
    assert "1 label of debts" in run("list", "debts").splitlines()
    label_store.delete(database, [Label.id == number], "me", 1)
    assert run("purge", "debts", "--before", "2100-01-01").startswith("1 label of 'debts'")


def test_without_labels_it_is_said_how_to_get_some(
    run: Run, database: peewee.Database, home: Path
) -> None:
    assert "There are no labels of 'stones'" in run("list", "stones")


@pytest.mark.parametrize("words", [["list"], ["purge", "--before", "2100-01-01"]])
def test_a_dataset_that_is_none_is_an_error_with_the_nearest_name(
    run: Run, database: peewee.Database, home: Path, words: list[str]
) -> None:
    add(database, "1")
    with pytest.raises(UserError, match="Unknown dataset 'detbs'") as caught:
        run(*words, "detbs")
    assert caught.value.choices == ["debts", "ghosts", "notes", "stones"]
    assert caught.value.fix == "did you mean 'debts'?"


def test_labels_of_a_dataset_that_conf_lost_are_counted_and_removed(
    run: Run, database: peewee.Database, home: Path
) -> None:
    (number, _) = add(database, "1", "1")
    Path("conf/dataset/debts.yaml").unlink()
    assert "2 labels of debts" in run("list", "debts")
    label_store.delete(database, [Label.id == number], "me", 1)
    assert run("purge", "debts", "--before", "2100-01-01").startswith("1 label of 'debts'")


def test_what_was_deleted_before_goes_for_ever(
    run: Run, database: peewee.Database, home: Path
) -> None:
    numbers = add(database, "1", "1", "1")
    add(database, "1", is_complete=False)
    label_store.delete(database, [Label.id.in_(numbers[:2])], "me", 2)
    assert run("purge", "debts", "--before", "2020-01-01").startswith("0 labels of 'debts'")
    assert run("purge", "stones", "--before", "2100-01-01").startswith("0 labels of 'stones'")
    assert Label.select().count(database) == 4
    assert run("purge", "debts", "--before", "2100-01-01").startswith("2 labels of 'debts'")
    assert label_store.get(database, "debts", numbers[0]) is None
    assert Label.select().count(database) == 2, "what counts, and what does not count yet"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "list,purge"),
        (["remove"], "remove"),
        (["list"], "dataset"),
        (["purge", "debts"], "--before"),
        (["purge", "--before", "2100-01-01"], "dataset"),
        (["purge", "debts", "--before", "2100-01-01", "--all"], "--all"),
    ],
)
def test_a_wrong_word_removes_nothing(
    run: Run,
    database: peewee.Database,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    numbers = add(database, "1")
    label_store.delete(database, [Label.id == numbers[0]], "me", 1)
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert Label.select().count(database) == 1


def test_a_wrong_day_removes_nothing(run: Run, database: peewee.Database) -> None:
    numbers = add(database, "1")
    label_store.delete(database, [Label.id == numbers[0]], "me", 1)
    with pytest.raises(UserError, match="before"):
        run("purge", "debts", "--before", "soon")
    assert Label.select().count(database) == 1
