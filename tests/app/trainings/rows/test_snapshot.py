"""Labels written into data/: what the file holds then, and that nothing is written twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peewee
import pytest

from app.registry import store as version_store
from app.settings import Settings
from app.store.tables import Label
from app.trainings import store as training_store
from app.trainings.rows import training_rows
from src.config import composition
from src.config import configuration as configs
from src.inference import bundle
from src.runs import training
from src.support.errors import UserError
from tests.app import project
from tests.app.trainings.jobs import ask, debts, label, train

STONE = {"carat": 1.25, "facets": 57, "cut": "Ideal", "depth": None, "price": 5000}
LINE = "1.25,57,Ideal,,5000"
TEXTS = ['a "quoted" rose, and a pan', "two\nlines of paper", " spaces ", "NA", "1", "é 🙂"]
Write = Callable[..., str]

pytestmark = [
    pytest.mark.slow,  # DVC takes a second to record
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty repository with git and DVC, once."""
    path = tmp_path_factory.mktemp("template")
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, check=True, cwd=path, capture_output=True)
    return path


@pytest.fixture
def write(
    home: Path, template: Path, database: peewee.Database, run_command: Callable[..., str]
) -> Write:
    """Return a function that runs the command in a project whose data DVC may track."""
    shutil.copytree(template, home, dirs_exist_ok=True)
    return lambda *words: run_command("snapshot", *words)


def conf(name: str, **changes: Any) -> None:
    values = {"debts": project.DEBTS, "stones": project.STONES, "notes": project.NOTES}[name]
    project.dump(Path(f"conf/dataset/{name}.yaml"), {**values, **changes})


def file(name: str) -> list[str]:
    return Path(f"data/{name}.csv").read_text().splitlines()


def line(row: dict[str, Any]) -> str:
    cells = [row["amount"], row["owner"], row["days"], row["late"]]
    return ",".join("" if cell is None else str(cell) for cell in cells)


def test_labels_are_added_to_the_file_as_they_came_and_once(
    write: Write, database: peewee.Database
) -> None:
    before, rows = file("debts"), debts(3)
    label(database, [*rows, rows[0]])
    said = write("debts")
    assert "3 rows added to data/debts.csv" in said
    assert file("debts") == [*before, *map(line, rows)]
    recorded = Path("data.dvc").read_bytes()
    assert "Nothing new" in write("debts")
    (later,) = debts(1, seed=5)
    label(database, [later])
    write("debts")
    assert file("debts") == [*before, *map(line, rows), line(later)]
    assert Path("data.dvc").read_bytes() != recorded


def test_where_equal_rows_are_kept_each_is_added_once(
    write: Write, database: peewee.Database
) -> None:
    before = file("stones")
    label(database, [STONE, STONE, {**STONE, "price": 4000.5}], "stones")
    write("stones")
    added = [LINE, LINE, LINE.replace("5000", "4000.5")]
    assert file("stones") == [*before, *added]
    said = write("stones")
    assert "as it was" in said
    assert file("stones") == [*before, *added]
    label(database, [STONE], "stones")
    write("stones")
    assert file("stones") == [*before, *added, LINE]


def test_a_training_counts_a_label_that_is_in_the_file_once(
    write: Write, database: peewee.Database, settings: Settings
) -> None:
    label(database, [STONE, {**STONE, "price": 4000}] * 20, "stones")
    one = train(database, settings, dataset="stones", model="linear")["result"]
    write("stones")
    two = train(database, settings, dataset="stones", model="linear")["result"]
    assert two["labels"]["total"] == one["labels"]["total"] == 40
    assert two["rows"] == one["rows"]


def test_only_labels_take_the_files_place(write: Write, database: peewee.Database) -> None:
    rows = debts(4)
    label(database, rows)
    write("debts", "--use", "labels")
    assert file("debts") == ["amount,owner,days,late", *map(line, reversed(rows))]
    after = Path("data/debts.csv").read_bytes()
    write("debts", "--use", "labels")
    assert Path("data/debts.csv").read_bytes() == after


@pytest.mark.parametrize("duplicates", ["drop", "keep"])
def test_a_dataset_without_a_file_gets_its_first(
    write: Write, database: peewee.Database, duplicates: str
) -> None:
    conf("debts", duplicates=duplicates)
    Path("data/debts.csv").unlink()
    label(database, debts(4))
    write("debts")
    assert len(file("debts")) == 5


def test_a_label_takes_the_place_of_the_row_with_its_key(
    write: Write, database: peewee.Database
) -> None:
    conf("debts", key=["owner", "amount"], duplicates="first")
    before = file("debts")
    amount, owner, _, late = before[1].split(",")
    row = {"amount": float(amount), "owner": owner, "days": 9}
    label(database, [{**row, "late": late}, {**row, "late": str(1 - int(late))}])
    write("debts")
    assert file("debts") == [before[0], f"{amount},{owner},9,{1 - int(late)}", *before[2:]]
    after = Path("data/debts.csv").read_bytes()
    write("debts")
    assert Path("data/debts.csv").read_bytes() == after


@pytest.mark.parametrize("duplicates", ["drop", "keep"])
def test_a_label_with_the_key_of_its_row_in_the_file_is_not_added(
    write: Write, database: peewee.Database, duplicates: str
) -> None:
    split = {"method": "column", "column": "part"}
    conf("debts", key=["payer"], duplicates=duplicates, split=split)
    header, *before = file("debts")
    rows = debts(3)
    mine = [f"{line(row)},{at},test" for at, row in enumerate(rows)]
    others = [f"{one},{9 + at},train" for at, one in enumerate(before)]
    path = Path("data/debts.csv")
    path.write_text("\n".join([f"{header},payer,part", *mine, *others]) + "\n")
    known = file("debts")
    label(database, [{**row, "payer": str(at)} for at, row in enumerate(rows)])
    write("debts")
    assert file("debts") == known
    (fresh,) = debts(1, seed=5)
    label(database, [{**fresh, "payer": "2"}])
    write("debts")
    assert file("debts") == [*known, f"{line(fresh)},2,test"], "on the side of its key"


@pytest.mark.parametrize(("name", "model"), [("debts", "logistic"), ("notes", "naive_bayes")])
def test_the_rows_of_a_training_make_the_same_model_in_the_pipeline(
    write: Write, database: peewee.Database, settings: Settings, name: str, model: str
) -> None:
    if name == "debts":
        label(database, debts(60))
    else:
        label(database, [{"text": text, "room": "office"} for text in TEXTS * 3], name)
    row = train(database, settings, dataset=name, model=model)
    # What happens later is no part of that training.
    Label.update(deleted="2026-01-01", deleted_by="me").where(Label.dataset == name).execute(
        database
    )
    Path(f"data/{name}.csv").write_text("\n".join(file(name)[:50]) + "\n")
    write(name, "--training", row["id"])
    path = version_store.get(database, name, row["version"]).path(settings.folder())
    ours = bundle.load(path)
    frozen = training_rows.frozen((path / "snapshot.parquet").read_bytes())
    if name == "debts":  # notes has equal rows, of which the first is written
        assert len(file(name)) == len(frozen) + 1
    assert file(name)[1].split(",")[0] == frozen.iloc[0, 0].split(",")[0]
    composition.prepare()
    words = [f"dataset={name}", f"model={model}", "search=none"]
    theirs = bundle.load(training.own(configs.build(composition.compose(words))).place)
    assert theirs.manifest["metrics"]["test"] == ours.manifest["metrics"]["test"]
    assert theirs.manifest["metrics"]["cv"] == ours.manifest["metrics"]["cv"]
    rows = ours.rows()
    assert np.array_equal(theirs.model.output(rows), ours.model.output(rows))
    assert theirs.manifest["files"]["predictor.npz"] == ours.manifest["files"]["predictor.npz"]


def test_dvc_knows_what_was_written(write: Write, database: peewee.Database) -> None:
    label(database, debts(3))
    write("debts")
    status = [sys.executable, "-m", "dvc", "status", "--quiet"]
    assert subprocess.run(status, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["debst"], "did you mean 'debts'?"),
        (["debts", "--training", "x"], "no such training"),
        (["notes"], "There are no labels of 'notes'"),
    ],
)
def test_what_cannot_be_written_changes_nothing(
    write: Write, database: peewee.Database, words: list[str], said: str
) -> None:
    label(database, debts(3))
    before = Path("data/debts.csv").read_bytes()
    with pytest.raises(UserError) as caught:
        write(*words)
    assert said in str(caught.value)
    assert Path("data/debts.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "dataset"),
        (["debts", "--use", "file"], "'both', 'labels'"),
        (["debts", "labels"], "labels"),
    ],
)
def test_a_wrong_word_changes_nothing(
    write: Write, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    before = Path("data/debts.csv").read_bytes()
    with pytest.raises(SystemExit) as ended:
        write(*words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert Path("data/debts.csv").read_bytes() == before


def test_a_training_that_did_not_come_to_its_end_has_no_rows(
    write: Write, database: peewee.Database, settings: Settings
) -> None:
    label(database, debts(60))
    done = train(database, settings)["id"]
    waits = ask(database)
    with pytest.raises(UserError) as caught:
        write("debts", "--training", waits)
    assert caught.value.choices == [done]
    assert training_store.find(database, waits)["state"] == "queued"
    project.damage(
        version_store.get(database, "debts", 1).path(settings.folder()) / "snapshot.parquet"
    )
    with pytest.raises(UserError, match=r"snapshot\.parquet is not the file"):
        write("debts", "--training", done)


def test_a_text_with_a_lone_return_is_written_whole(
    write: Write, database: peewee.Database
) -> None:
    label(database, [{"text": "desk\rchair", "room": "office"}], "notes")
    write("notes")
    assert Path("data/notes.csv").read_bytes().endswith(b'"desk\rchair","office"\n')


def test_what_the_files_encoding_lacks_is_refused(write: Write, database: peewee.Database) -> None:
    conf("notes", encoding="latin-1")
    label(database, [{"text": "pan 🙂", "room": "kitchen"}], "notes")
    with pytest.raises(UserError, match="cannot be written in the encoding") as caught:
        write("notes")
    assert "latin-1" in str(caught.value)
