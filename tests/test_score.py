"""python -m src.score: a source of any kind, in parts, again after a kill, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet

from src import compose, prepare, score
from src.config import paths
from src.data.schema import Dataset
from src.inference import bundle
from src.runs import training
from src.scoring import receipts
from src.support import files
from src.support.errors import UserError
from tests import commands
from tests.app import project


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with one judged bundle."""
    folder = tmp_path_factory.mktemp("trained")
    project.write(folder)
    with contextlib.chdir(folder):
        compose.compose()
        prepare.prepare("stones")
        training.tracked("stones-xgboost")
        seal = bundle.seal(paths.BUNDLES / "stones" / "xgboost")
        told = {"champion": "xgboost", "metric": "mae", "bundles": {"xgboost": seal}}
        files.write_json(paths.VERDICTS, {"stones": told})
    return folder


@pytest.fixture
def home(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the project; what a test writes goes elsewhere."""
    monkeypatch.chdir(trained)
    return tmp_path


def run(*words: str, source: Path | str = "data/stones.csv") -> None:
    asked = ["dataset=stones", f"source={source}", "processes=1", *words]
    score.score(score.request(asked))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


KILLED = """
import os, signal, sys
from src import score
from src.scoring import receipts

write = receipts.write

def fatal(file, receipt):
    write(file, receipt)
    if receipt.part == 2:
        os.kill(os.getpid(), signal.SIGKILL)

receipts.write = fatal
score.score(score.request(sys.argv[1:]))
"""


def killed(*words: str) -> None:
    """Run the command until the receipt of its third part is written, and the part is not."""
    asked = ["dataset=stones", "source=data/stones.csv", "processes=1", *words]
    environment = {**os.environ, "PYTHONPATH": str(commands.ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, *asked], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("to", ["scored", "scored.csv"])
def test_killed_and_started_again_it_gives_the_same_bytes(
    home: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    (home / "whole").mkdir()
    run(f"to={home / 'whole' / to}", "rows=40")
    killed(f"to={home / to}", "rows=40")
    (home / (to if to == "scored" else f".{to}.parts") / ".part-00002.parquet.x1").touch()
    run(f"to={home / to}", "rows=40")
    assert "2 of 4 parts were there already and are kept." in capsys.readouterr().out
    if to == "scored":
        assert content(home / to) == content(home / "whole" / to)
        assert len(content(home / to)) == 8, "four parts, each with a receipt"
    else:
        assert sorted(path.name for path in home.iterdir()) == [to, f"{to}.receipt.json", "whole"]
        assert {name: (home / name).read_bytes() for name in (to, f"{to}.receipt.json")} == content(
            home / "whole"
        )


@pytest.mark.slow
def test_neither_processes_nor_the_size_of_parts_change_an_answer(home: Path) -> None:
    run(f"to={home / 'one.csv'}")
    run(f"to={home / 'many.csv'}", "rows=41")
    assert (home / "one.csv").read_bytes() == (home / "many.csv").read_bytes()
    run(f"to={home / 'alone'}", "rows=41")
    words = ["dataset=stones", "source=data/stones.csv", f"to={home / 'two'}", "rows=41"]
    done = commands.run(Path.cwd(), "src.score", *words, "processes=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert content(home / "two") == content(home / "alone")


def test_what_is_there_is_kept_and_never_mixed(home: Path) -> None:
    to = home / "scored"
    run(f"to={to}", "rows=40")
    before = content(to)
    fewer = home / "fewer.csv"
    fewer.write_text("".join(Path("data/stones.csv").read_text().splitlines(keepends=True)[:90]))
    with pytest.raises(UserError, match="another input") as caught:
        run(f"to={to}", "rows=40", source=fewer)
    assert "source data/stones.csv, and now" in str(caught.value)
    assert "replace=true" in str(caught.value)
    with pytest.raises(UserError, match="another input"):
        run(f"to={to}", "rows=50")
    assert content(to) == before
    run(f"to={to}", "rows=40", "replace=true", source=fewer)
    assert len(content(to)) == 6
    replaced = content(to)
    with pytest.raises(UserError, match="does not exist"):
        run(f"to={to}", "rows=50", "replace=true", source=home / "fewr.csv")
    with pytest.raises(UserError, match="source's own files"):
        run(f"to={to}", "replace=true", source=to)
    assert content(to) == replaced
    (to / "notes.txt").touch()
    with pytest.raises(UserError, match="something already"):
        run(f"to={to}", "rows=40", "replace=true", source=fewer)
    (home / "mine.csv").write_text("mine")
    with pytest.raises(UserError, match="replace=true"):
        run(f"to={home / 'mine.csv'}")
    assert (home / "mine.csv").read_text() == "mine"
    run(f"to={home / 'mine.csv'}", "replace=true")
    assert (home / "mine.csv").read_text().startswith("carat,")


def test_parts_that_are_complete_are_kept_where_those_of_another_job_are_replaced(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(f"to={home / 'whole'}", "rows=40")
    run(f"to={home / 'scored'}", "rows=50", "format=csv")
    killed(f"to={home / 'scored'}", "rows=40", "replace=true")
    assert (home / "scored" / "part-00002.csv").is_file()
    run(f"to={home / 'scored'}", "rows=40", "replace=true")
    assert "2 of 4 parts were there already and are kept." in capsys.readouterr().out
    assert content(home / "scored") == content(home / "whole")


def test_a_file_that_is_complete_is_told_to_be_there(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(f"to={home / 'scored.csv'}", "rows=40")
    first, before = capsys.readouterr().out, content(home)
    run(f"to={home / 'scored.csv'}", "rows=40")
    said = capsys.readouterr().out
    assert "is there already" in said
    assert said.endswith(first)
    assert content(home) == before


def test_a_folder_may_have_signs_of_a_pattern_in_its_name(home: Path) -> None:
    folder = home / "q[1]"
    folder.mkdir()
    (folder / "rows.csv").write_bytes(Path("data/stones.csv").read_bytes())
    run(f"to={home / 'scored.csv'}", source=folder)
    assert len((home / "scored.csv").read_text().splitlines()) == 151


def test_a_part_that_was_damaged_is_scored_anew(home: Path) -> None:
    run(f"to={home / 'scored'}", "rows=40")
    before = content(home / "scored")
    (home / "scored" / "part-00001.parquet").write_bytes(b"")
    run(f"to={home / 'scored'}", "rows=40")
    assert content(home / "scored") == before


def test_every_kind_of_source_has_the_same_answers(home: Path) -> None:
    rows = pd.read_csv("data/stones.csv", dtype=str, keep_default_na=False)
    folder = home / "folder"
    folder.mkdir()
    half = len(rows) // 2
    rows[:half].to_csv(folder / "a.csv", index=False)
    rows[half:].to_csv(folder / "b.csv", index=False)
    (home / "rows.csv.gz").write_bytes(gzip.compress(Path("data/stones.csv").read_bytes()))
    rows.to_parquet(home / "rows.parquet")
    rows.to_json(home / "rows.jsonl", orient="records", lines=True)
    rows.to_csv(home / "semicolons.txt", index=False, sep=";")
    with contextlib.closing(sqlite3.connect(home / "rows.db")) as connection:
        rows.to_sql("sold", connection, index=False)
    database = f"sqlite:///{home / 'rows.db'}"
    query = ["query=SELECT * FROM sold ORDER BY rowid"]
    more: dict[str, list[str]] = {
        str(folder): [],
        f"{folder}/*.csv": [],
        str(home / "rows.csv.gz"): [],
        str(home / "rows.parquet"): [],
        str(home / "rows.jsonl"): [],
        str(home / "semicolons.txt"): ["separator=;"],
        database: query,
    }
    run(f"to={home / 'plain.csv'}")
    expected = pd.read_csv(home / "plain.csv", dtype=str)
    for at, (source, words) in enumerate(more.items()):
        run(f"to={home / f'{at}.csv'}", "rows=60", *words, source=source)
        found = pd.read_csv(home / f"{at}.csv", dtype=str)
        pd.testing.assert_frame_equal(found[expected.columns], expected)


def test_parts_of_rows_that_are_gone_are_told(home: Path) -> None:
    rows = pd.read_csv("data/stones.csv", dtype=str, keep_default_na=False)
    words = [f"to={home / 'scored'}", "rows=50", "table=sold"]
    with contextlib.closing(sqlite3.connect(home / "rows.db")) as connection:
        rows.to_sql("sold", connection, index=False)
        run(*words, source=f"sqlite:///{home / 'rows.db'}")
        rows[:100].to_sql("sold", connection, index=False, if_exists="replace")
    with pytest.raises(UserError, match="the source has no more") as caught:
        run(*words, source=f"sqlite:///{home / 'rows.db'}")
    assert str(caught.value.given).endswith("scored: part-00002.parquet")
    with contextlib.closing(sqlite3.connect(home / "rows.db")) as connection:
        rows[::-1].to_sql("sold", connection, index=False, if_exists="replace")
    with pytest.raises(UserError, match="scored from other rows"):
        run(*words, source=f"sqlite:///{home / 'rows.db'}")


def test_parts_of_refused_rows_have_the_types_of_all_others(home: Path) -> None:
    source = home / "rows.csv"
    source.write_text("carat,facets,cut,depth\n-1,57,Ideal,\n1,57,Ideal,\n-2,57,Ideal,\n")
    words = ["rows=1", "max_rejected=1", "explain=true"]
    run(f"to={home / 'one.parquet'}", *words, source=source)
    run(f"to={home / 'parts'}", *words, source=source)
    whole = parquet.read_table(home / "one.parquet")
    assert [row is None for row in whole["predicted_price"].to_pylist()] == [True, False, True]
    schemas = [parquet.read_schema(path) for path in (home / "parts").glob("*.parquet")]
    assert schemas == [whole.schema] * 3
    assert {str(whole.schema.field(name).type) for name in ("predicted_price", "low")} == {"double"}


def test_a_receipt_tells_of_what_and_by_what(home: Path) -> None:
    run(f"to={home / 'scored.csv'}", "rows=40")
    told = json.loads((home / "scored.csv.receipt.json").read_text())
    assert told["sha256"] == receipts.sha256(home / "scored.csv")
    source = Path("data/stones.csv")
    assert told["job"]["files"] == {str(source): receipts.sha256(source)}
    assert told["job"]["bundle"]["digest"] == bundle.seal(paths.BUNDLES / "stones" / "xgboost")
    assert (told["told"]["rows"], told["told"]["refused"]) == (150, 0)


def test_too_many_refused_rows_end_it_with_one_and_are_there(home: Path) -> None:
    source = home / "rows.csv"
    source.write_text("carat,facets,cut,depth\n1,57,Ideal,\n-1,57,Ideal,\n")
    words = ["dataset=stones", f"source={source}", f"to={home / 'scored.csv'}", "processes=1"]
    done = commands.run(Path.cwd(), "src.score", *words)
    assert done.returncode == 1
    assert "1 of 2 rows were refused, more than max_rejected (5.0%) allows" in done.stderr
    assert "2 rows of stones, 1 scored" in done.stdout
    _, good, bad = (home / "scored.csv").read_text().splitlines()
    assert good.startswith("1,57,Ideal,,")
    assert bad == "-1,57,Ideal,,,,,,carat is not above 0 and at most 20: '-1'"
    done = commands.run(Path.cwd(), "src.score", *words, "replace=true", "max_rejected=0.5")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dataset=stoness"], "did you mean 'stones'"),
        (["dataset=debts"], "'debts' has no champion"),
        (["model=linear"], "Unknown model 'linear'"),
        (["bundle=conf"], "There is no bundle here"),
        (["model=xgboost", "bundle=conf"], "A model is named, and a bundle, too"),
        (["to=scored.xlsx"], "a CSV, a Parquet file or a folder"),
        (["to=scored/", "format=xml"], "There is no such format"),
        (["source="], "No source is named"),
        (["source=data/debts.csv"], "The source lacks columns 'carat', 'facets', 'cut', 'depth'"),
        (["source=data/none.csv"], "The source does not exist"),
        (["rows=0"], "rows"),
        (["colour=red"], "Unknown key"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    pairs = {"dataset": "stones", "source": "data/stones.csv", "to": str(home / "scored.csv")}
    pairs |= dict(word.split("=", 1) for word in words)
    if not pairs["to"].startswith("/"):
        pairs["to"] = f"{home}/{pairs['to']}"
    with pytest.raises(UserError) as caught:
        score.score(score.request([f"{key}={value}" for key, value in pairs.items()]))
    assert says in str(caught.value)
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_a_bundle_that_nobody_judged_scores_where_it_is_asked_for(home: Path) -> None:
    found = json.loads(paths.VERDICTS.read_text())
    other = {"stones": {**found["stones"], "bundles": {"xgboost": "0" * 64}}}
    place = paths.BUNDLES / "stones" / "xgboost"
    try:
        paths.VERDICTS.write_text(json.dumps(other))
        with pytest.raises(UserError, match="not the one that the pipeline judged"):
            run(f"to={home / 'scored.csv'}")
        run(f"to={home / 'scored.csv'}", f"bundle={place}")
        paths.VERDICTS.unlink()
        with pytest.raises(UserError, match="has no champion") as caught:
            run(f"to={home / 'other.csv'}")
        assert "dvc repro" in str(caught.value)
    finally:
        files.write_json(paths.VERDICTS, found)
    assert (home / "scored.csv").is_file()


PAGE = (commands.ROOT / "docs/how-to/score.md").read_text(encoding="utf-8")
TYPED = re.findall(r"^python -m src\.score (.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("line", TYPED)
def test_what_the_page_says_can_be_typed(
    home: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    pairs = dict(word.split("=", 1) for word in shlex.split(line))
    for key in ("table", "query", "separator"):  # its sources are the reader's own
        pairs.pop(key, None)
    pairs |= {"dataset": "stones", "source": "data/stones.csv", "to": f"{home}/{pairs['to']}"}
    pairs |= {key: "xgboost" for key in ("model",) if key in pairs}
    pairs |= {key: str(paths.BUNDLES / "stones/xgboost") for key in ("bundle",) if key in pairs}
    score.score(score.request([f"{key}={value}" for key, value in pairs.items()]))
    said = capsys.readouterr().out.splitlines()
    assert "150 rows of stones, 150 scored by xgboost" in said[0]
    assert Path(pairs["to"]).exists()
    text = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0].splitlines()
    shown = {one.split()[0] for one in text}
    assert {one.split()[0] for one in said[1:]} <= shown


def test_no_error_tells_a_secret(home: Path) -> None:
    source = "ftp://me:secret@nowhere.invalid/rows.csv?token=secret"
    with pytest.raises(UserError) as caught:
        run(f"to={home / 'scored.csv'}", source=source)
    assert "secret" not in str(caught.value)
    assert "ftp://nowhere.invalid/rows.csv" in str(caught.value)


def test_numbers_of_a_program_are_not_read_as_those_of_a_text(
    make_dataset: Callable[..., Dataset],
) -> None:
    version: Any = SimpleNamespace(dataset=make_dataset(decimal=",", thousands="."))
    typed: Any = [SimpleNamespace(kind="parquet")]
    with pytest.raises(UserError, match="as programs write them"):
        list(score._of_one_spelling(typed, version))
    text: Any = [SimpleNamespace(kind="csv")]
    assert list(score._of_one_spelling(text, version)) == text
