"""A file becomes a dataset's YAML, and with train=true a champion, by one command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from src import describe, ingest, train
from src.config import composition, configuration
from src.data.schema import Dataset
from src.runs import training
from src.support.errors import UserError
from tests.description import tables


@pytest.fixture
def place(project: Path) -> Path:
    """Stand in a project with somebody's file."""
    tables.things().to_csv(project / "things.csv", index=False)
    return project


def typed(place: Path, root: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_description_is_written_and_what_to_type_next(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    describe.describe(describe.request(["source=things.csv", "target=back"]))
    written = (place / "conf/dataset/things.yaml").read_text()
    assert written.startswith("# python -m src.train dataset=things")
    said = capsys.readouterr().out
    assert "left out: rownames" in said
    assert "python -m src.ingest dataset=things source=things.csv mode=replace" in said
    assert "model=dummy,logistic,xgboost" in said


def test_what_to_type_next_is_quoted_where_it_has_to_be(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "things.csv").rename(place / "my things (1).csv")
    describe.describe(describe.request(["source=my things (1).csv", "target=back"]))
    assert "'source=\"my things (1).csv\"'" in capsys.readouterr().out


def test_a_description_that_is_there_is_never_replaced(place: Path) -> None:
    path = place / "conf/dataset/things.yaml"
    path.write_text("mine")
    with pytest.raises(UserError, match="described already") as caught:
        describe.describe(describe.request(["source=things.csv", "target=back"]))
    assert "name=<another>" in str(caught.value)
    assert path.read_text() == "mine"


def test_other_data_of_the_name_is_never_replaced(place: Path) -> None:
    (place / "data/things.csv").write_text("mine")
    with pytest.raises(UserError, match="other data already"):
        describe.describe(describe.request(["source=things.csv", "target=back", "train=true"]))
    assert (place / "data/things.csv").read_text() == "mine"
    assert not (place / "conf/dataset/things.yaml").exists()


@pytest.mark.filterwarnings("ignore:.*ignoring the extra column")
def test_of_what_is_no_csv_a_snapshot_is_taken(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_dvc_add", lambda refusal: None)
    tables.things().to_json(place / "things.jsonl", orient="records", lines=True)
    monkeypatch.setattr(describe, "_trained", lambda dataset, rows: [])
    monkeypatch.setattr(describe, "_show_best", lambda finished, dataset: None)
    monkeypatch.setattr(train, "show", lambda finished: None)
    describe.describe(describe.request(["source=things.jsonl", "target=back", "train=true"]))
    assert len(pd.read_parquet(place / "data/things.parquet")) == tables.ROWS
    assert "source: things.jsonl" in (place / "conf/dataset/things.yaml").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["target=back"], "No source"),
        (["source=things.csv"], "No target"),
        (["source=things.csv", "target=back", "sauce=x"], "Unknown key"),
        (["source=things.csv", "target=back", "task=guess"], "task"),
        (["source=things.csv", "target=back", "train=maybe"], "train"),
    ],
)
def test_a_wrong_command_line_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        describe.request(words)


def test_what_is_said_of_the_rows_is_said_once(
    place: Path,
    make_dataset: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cleaned = SimpleNamespace(notes=["7 rows are odd"])
    dataset = make_dataset(features={"a": {"type": "number"}})
    monkeypatch.setattr(composition, "compose", lambda words: {})
    monkeypatch.setattr(configuration, "build", lambda values: values)
    monkeypatch.setattr(training, "prepare", lambda config: (None, cleaned))
    monkeypatch.setattr(training, "own", lambda config, rows, fits: rows)
    assert len(describe._trained(dataset, 10)) == 4
    assert capsys.readouterr().out.count("7 rows are odd") == 1


@pytest.mark.slow
def test_one_command_leads_to_a_champion_and_the_next_ones_track_it(
    place: Path, root: Path
) -> None:
    for words in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(words, check=True, cwd=place, capture_output=True, timeout=120)
    said = typed(place, root, "src.describe", "source=things.csv", "target=back", "train=true")
    assert "The best is" in said
    assert (place / "data/things.csv").read_bytes() == (place / "things.csv").read_bytes()
    (track,) = [line for line in said.splitlines() if "src.track" in line]
    typed(place, root, *track.split()[2:])
    assert "things-xgboost" in (place / "params.yaml").read_text()
    other = typed(
        place, root, "src.describe", "source=things.csv", "target=back", "train=true", code=1
    )
    assert "described already" in other


def changed(place: Path) -> str:
    """Describe things, then change their file; return the YAML."""
    describe.describe(describe.request(["things.csv", "target=back"]))
    tables.things(height=list(range(tables.ROWS))).replace("web", "mail").to_csv(
        place / "fresh.csv", index=False
    )
    path = place / "conf/dataset/things.yaml"
    text = path.read_text().replace("{type: category}", "{type: category, values: [north, web]}")
    path.write_text(text)
    return text


def test_a_change_is_shown_and_nothing_is_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = changed(place)
    describe.run(describe.request(["fresh.csv", "name=things", "update=true"]))
    said = capsys.readouterr().out
    assert "-  shop: {type: category, values: [north, web]}" in said
    assert "+  shop: {type: category, values: [north, web, mail, south]}" in said
    assert "because: shop has values that are not listed: 'mail'" in said
    assert "python -m src.describe update=true write=true name=things source=fresh.csv" in said
    assert (place / "conf/dataset/things.yaml").read_text() == before


def test_a_change_is_written_when_it_is_asked_for(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = changed(place)
    words = ["fresh.csv", "name=things", "update=true"]
    describe.run(describe.request([*words, "write=true"]))
    said = capsys.readouterr().out
    assert "python -m src.ingest dataset=things source=fresh.csv mode=replace" in said
    [kept] = place.glob("runs/things/*-described.yaml")  # nobody has committed it
    assert kept.read_text() == before
    describe.run(describe.request(words))
    assert "nothing in it changes" in capsys.readouterr().out


def test_what_git_has_is_not_kept_twice(place: Path) -> None:
    changed(place)
    own = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "conf"], ["commit", "-qm", "first"]):
        subprocess.run(["git", *own, *command], check=True, timeout=60)
    describe.run(describe.request(["fresh.csv", "name=things", "update=true", "write=true"]))
    assert not list(place.glob("runs/things/*"))


def test_what_does_not_hold_by_itself_is_not_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(place)
    path = place / "conf/dataset/things.yaml"
    before = path.read_text().replace("metric:", "coverage_by: [size]\nmetric:")
    path.write_text(before)
    tables.things().drop(columns=["size"]).to_csv(place / "fresh.csv", index=False)
    with pytest.raises(UserError, match="does not hold by itself") as caught:
        describe.run(describe.request(["fresh.csv", "name=things", "update=true", "write=true"]))
    assert "coverage_by" in str(caught.value)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["things.csv", "update=true", "target=back"], "the YAML says the target"),
        (["things.csv", "target=back", "write=true"], "Only what is proposed"),
        (["update=true"], "No name is named"),
        (["name=none", "update=true"], "Unknown dataset 'none'"),
        (["target=back"], "No source is named"),
    ],
)
def test_words_that_do_not_go_together_are_refused(
    place: Path, words: list[str], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        describe.run(describe.request(words))
