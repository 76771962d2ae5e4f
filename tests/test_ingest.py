from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from src.support import files
from tests import commands

HEADER = "carat,facets,cut,price"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an empty repository with git and DVC, once: DVC takes a second to start."""
    path = tmp_path_factory.mktemp("template")
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, check=True, cwd=path, capture_output=True)
    return path


@pytest.fixture
def tracked(project: Path, template: Path) -> Path:
    """Stand in a project whose data DVC may track."""
    shutil.copytree(template, project, dirs_exist_ok=True)
    return project


def ingest(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return commands.run(project, "src.ingest", "dataset=stones", *words)


def write(project: Path, *rows: str) -> str:
    (project / "fresh.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    return "source=fresh.csv"


def state(project: Path) -> tuple[bytes, bytes | None]:
    recorded = project / "data.dvc"
    data = (project / "data/stones.csv").read_bytes()
    return data, recorded.read_bytes() if recorded.exists() else None


def test_good_rows_are_added_as_they_were_written(tracked: Path) -> None:
    data, recorded = state(tracked)
    done = ingest(tracked, write(tracked, "7.10,3,Ideal,900", "7.2,4,Fair,910.0"))
    assert done.returncode == 0, done.stderr
    after, recorded_after = state(tracked)
    assert after == data + b"7.10,3,Ideal,900\n7.2,4,Fair,910.0\n"
    assert recorded_after != recorded, "DVC knows the new data"
    assert "2 rows added to data/stones.csv, which now has 42" in done.stdout
    assert "dvc repro" in done.stdout
    status = [sys.executable, "-m", "dvc", "status", "--quiet"]
    assert subprocess.run(status, cwd=tracked, check=False).returncode == 0


def test_rejected_rows_are_shown_and_kept_with_their_reasons(tracked: Path) -> None:
    good = [f"{8 + at / 100},1,Good,{500 + at}" for at in range(30)]
    done = ingest(tracked, write(tracked, *good, "heavy,1,Good,500"))
    assert done.returncode == 0, done.stderr
    assert "30 of 31 rows accepted, 1 rejected" in done.stdout
    assert "line 32: carat is not a number: 'heavy'" in done.stdout
    (kept,) = (tracked / "runs/stones").glob("*-rejected.csv")
    assert "32,carat is not a number: 'heavy',heavy,Good,1,500" in kept.read_text()
    assert "heavy" not in (tracked / "data/stones.csv").read_text()


def test_the_same_file_twice_adds_nothing_the_second_time(tracked: Path) -> None:
    source = write(tracked, "7.1,3,Ideal,900")
    ingest(tracked, source)
    before = state(tracked)
    done = ingest(tracked, source)
    assert done.returncode == 0, done.stderr
    assert "Nothing new" in done.stdout
    assert state(tracked) == before


def test_a_row_spelt_otherwise_is_the_same_row(tracked: Path) -> None:
    first = (tracked / "data/stones.csv").read_text().splitlines()[1].split(",")
    first[0] = f"{float(first[0]):.4f}"
    done = ingest(tracked, write(tracked, ",".join(first), "7.1,3,Ideal,900"))
    assert "1 rows are already in data/stones.csv" in done.stdout
    assert "1 rows added" in done.stdout


def test_what_the_file_holds_besides_the_schema_stays(tracked: Path) -> None:
    text = "\ufeffnote,carat,facets,cut,price\r\nold,1,1,Good,500"
    (tracked / "data/stones.csv").write_bytes(text.encode())
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"))
    assert done.returncode == 0, done.stderr
    expected = f"{text}\r\n,7.1,3,Ideal,900\r\n"
    assert (tracked / "data/stones.csv").read_bytes() == expected.encode()


def test_columns_in_another_order_and_extra_ones_are_put_right(tracked: Path) -> None:
    (tracked / "fresh.csv").write_text("note,price,cut,facets,carat\nhello,900,Ideal,3,7.1\n")
    done = ingest(tracked, "source=fresh.csv")
    assert done.returncode == 0, done.stderr
    assert "ignoring the extra column(s) note" in done.stderr
    assert (tracked / "data/stones.csv").read_text().endswith("\n7.1,3,Ideal,900\n")
    assert "Left out, since data/stones.csv has no such column: note" in done.stdout


OTHERS = "note,price,cut,facets,carat\na,900,Ideal,3,7.1\nb,900,Ideal,3,7.1\nb,900,Ideal,3,7.1\n"


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_a_column_that_the_yaml_does_not_name_is_kept_and_tells_rows_apart(
    tracked: Path, mode: str
) -> None:
    if mode == "append":
        (tracked / "data/stones.csv").unlink()
    (tracked / "fresh.csv").write_text(OTHERS)
    done = ingest(tracked, "source=fresh.csv", f"mode={mode}")
    assert done.returncode == 0, done.stderr
    assert "1 row says the same as an earlier one in all that the YAML names: kept" in done.stdout
    expected = "carat,cut,facets,price,note\n7.1,Ideal,3,900,a\n7.1,Ideal,3,900,b\n"
    assert (tracked / "data/stones.csv").read_text() == expected
    again = ingest(tracked, "source=fresh.csv")
    assert "Nothing new" in again.stdout


def test_a_row_is_new_where_only_the_other_columns_say_so(tracked: Path) -> None:
    (tracked / "fresh.csv").write_text(OTHERS)
    ingest(tracked, "source=fresh.csv", "mode=replace")
    (tracked / "fresh.csv").write_text("price,cut,facets,carat,note\n900,Ideal,3,7.10,c\n")
    done = ingest(tracked, "source=fresh.csv")
    assert "1 rows added to data/stones.csv" in done.stdout
    assert (tracked / "data/stones.csv").read_text().endswith("\n7.10,Ideal,3,900,c\n")


def test_a_feature_can_be_named_when_its_column_is_there_already(tracked: Path) -> None:
    (tracked / "fresh.csv").write_text(OTHERS)
    ingest(tracked, "source=fresh.csv", "mode=replace")
    done = ingest(tracked, "source=fresh.csv", "dataset.features.note.type=category")
    assert done.returncode == 0, done.stderr
    assert "Nothing new" in done.stdout


def test_a_column_that_was_left_out_is_told_how_to_get_back(tracked: Path) -> None:
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"), "dataset.features.lab.type=category")
    assert done.returncode == 1
    assert "comes back by src.ingest with mode=replace from a file that has it" in done.stderr


def test_rows_without_a_target_are_skipped_and_counted(tracked: Path) -> None:
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,", "7.1,3,Ideal,900"))
    assert done.returncode == 0, done.stderr
    assert "1 of 2 rows accepted, 0 rejected, 1 without a target" in done.stdout
    assert "1 rows added" in done.stdout


def test_what_comes_next_is_of_use_whether_the_pipeline_tracks_the_dataset_or_not(
    tracked: Path,
) -> None:
    params = yaml.safe_load((tracked / "params.yaml").read_text())
    (tracked / "params.yaml").write_text(yaml.safe_dump({**params, "datasets": ["stones"]}))
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"))
    assert "  dvc repro\n" in done.stdout
    (tracked / "params.yaml").write_text(yaml.safe_dump({**params, "datasets": []}))
    done = ingest(tracked, write(tracked, "7.2,3,Ideal,900"))
    assert "  dvc repro\n" not in done.stdout
    assert "  python -m src.track dataset=stones models=dummy\n" in done.stdout


def test_replace_leaves_the_fresh_rows_only(tracked: Path) -> None:
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"), "mode=replace")
    assert done.returncode == 0, done.stderr
    assert (tracked / "data/stones.csv").read_text() == "carat,cut,facets,price\n7.1,Ideal,3,900\n"


def test_a_dataset_without_data_gets_its_first(tracked: Path) -> None:
    (tracked / "data/stones.csv").unlink()
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"))
    assert done.returncode == 0, done.stderr
    assert (tracked / "data/stones.csv").read_text() == "carat,cut,facets,price\n7.1,Ideal,3,900\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["source=absent.csv"], "does not exist"),
        (["source=data/stones.csv"], "own file"),
        ([], "No source is given"),
        (["source=bad.csv"], "break the rules"),
        (["source=other.csv"], "separated"),
        (["source=fresh.csv", "mode=merge"], "append, replace"),
        (["source=fresh.csv", "sorce=fresh.csv"], "did you mean 'source'?"),
        (["source=fresh.csv", "dataset.source=https://example.com/a.csv"], "not kept in data/"),
    ],
)
def test_a_bad_source_changes_nothing(tracked: Path, words: list[str], said: str) -> None:
    write(tracked, "7.1,3,Ideal,900")
    (tracked / "bad.csv").write_text(f"{HEADER}\n-1,1,Good,500\n1,1,Good,-500\n")
    (tracked / "other.csv").write_text("carat;facets;cut;price\n1;1;Good;500\n")
    before = state(tracked)
    done = ingest(tracked, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert state(tracked) == before


def test_where_dvc_refuses_the_old_data_comes_back(project: Path) -> None:
    before = (project / "data/stones.csv").read_bytes()  # DVC was never set up here
    done = ingest(project, write(project, "7.1,3,Ideal,900"))
    assert done.returncode == 1
    assert "the old data was put back" in done.stderr
    assert (project / "data/stones.csv").read_bytes() == before
    assert sorted(path.name for path in (project / "data").iterdir()) == ["stones.csv"]


def test_what_a_killed_run_wrote_is_recorded_by_the_next(tracked: Path) -> None:
    row = "7.1,3,Ideal,900"
    _, recorded = state(tracked)
    with (tracked / "data/stones.csv").open("a") as file:
        file.write(f"{row}\n")  # and here it was killed, before dvc add
    (tracked / "runs").mkdir(exist_ok=True)
    (tracked / "runs/.ingest.pending").touch()
    done = ingest(tracked, write(tracked, row))
    assert done.returncode == 0, done.stderr
    assert "An earlier run was stopped before DVC had recorded data/" in done.stdout
    assert "Nothing new" in done.stdout
    after = state(tracked)[1]
    assert after is not None
    assert after != recorded
    assert "An earlier run" not in ingest(tracked, write(tracked, row)).stdout
    status = [sys.executable, "-m", "dvc", "status", "data.dvc"]
    said = subprocess.run(status, cwd=tracked, capture_output=True, text=True, check=True)
    assert "up to date" in said.stdout


def test_blank_lines_before_the_header_cost_no_row(tracked: Path) -> None:
    text = (tracked / "data/stones.csv").read_text()
    (tracked / "data/stones.csv").write_text(f"\n{text}")
    done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"))
    assert done.returncode == 0, done.stderr
    assert (tracked / "data/stones.csv").read_text() == f"\n{text}7.1,3,Ideal,900\n"


def test_a_column_that_only_the_files_know_is_carried_over(tracked: Path) -> None:
    text = "note,carat,facets,cut,price\nold,1,1,Good,500\n"
    (tracked / "data/stones.csv").write_text(text)
    (tracked / "fresh.csv").write_text("carat,note,facets,cut,price\n7.1,new,3,Ideal,900\n")
    done = ingest(tracked, "source=fresh.csv")
    assert done.returncode == 0, done.stderr
    assert (tracked / "data/stones.csv").read_text() == f"{text}new,7.1,3,Ideal,900\n"


def test_two_at_once_do_not_mix(tracked: Path) -> None:
    before = state(tracked)
    with files.held(tracked / "runs/.ingest.lock", "The data"):
        done = ingest(tracked, write(tracked, "7.1,3,Ideal,900"))
    assert done.returncode == 1
    assert "in use by another process" in done.stderr
    assert state(tracked) == before


def test_a_row_that_changed_its_side_is_no_new_row(tracked: Path) -> None:
    (tracked / "data/stones.csv").write_text("carat,facets,cut,price,part\n1,1,Good,500,train\n")
    (tracked / "fresh.csv").write_text("carat,facets,cut,price,part\n1,1,Good,500,test\n")
    split = ["dataset.split.method=column", "dataset.split.column=part"]
    done = ingest(tracked, "source=fresh.csv", *split)
    assert done.returncode == 0, done.stderr
    assert "Nothing new" in done.stdout


def test_a_database_is_snapshotted_and_replaced_as_a_whole(tracked: Path) -> None:
    database = sqlite3.connect(tracked / "stones.db")
    database.execute("CREATE TABLE stones (carat REAL, facets INT, cut TEXT, price REAL, note)")
    rows = [(1.0, 3, "Ideal", 900.5, "x"), (2.5, 4, "Fair", 910, None), (-1, 4, "Fair", 9, None)]
    database.executemany("INSERT INTO stones VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    words = ["dataset.source=sqlite:///stones.db", "dataset.table=stones"]
    refused = ingest(tracked, *words)
    assert "mode=replace, which takes a snapshot of it" in refused.stderr
    assert not (tracked / "data/stones.parquet").exists()
    done = ingest(tracked, *words, "mode=replace", "dataset.max_rejected=0.5")
    assert done.returncode == 0, done.stderr
    assert "line 3: carat is not" in done.stdout
    written = pd.read_parquet(tracked / "data/stones.parquet")
    assert written.to_dict("list") == {
        "carat": ["1", "2.5"],
        "facets": ["3", "4"],
        "cut": ["Ideal", "Fair"],
        "price": ["900.5", "910"],
        "note": ["x", ""],
    }
    status = [sys.executable, "-m", "dvc", "status", "--quiet"]
    assert subprocess.run(status, cwd=tracked, check=False).returncode == 0


def test_rows_are_added_to_parquet(tracked: Path) -> None:
    path = tracked / "data/stones.parquet"
    had = {"note": ["old"], "carat": [1.5], "facets": [1], "cut": ["Good"], "price": [500.0]}
    pd.DataFrame(had).to_parquet(path)
    words = ["dataset.source=data/stones.parquet", write(tracked, "7.10,3,Ideal,900")]
    done = ingest(tracked, *words)
    assert done.returncode == 0, done.stderr
    after = pd.read_parquet(path)
    assert after.to_numpy().tolist() == [
        ["old", 1.5, 1, "Good", 500.0],
        ["", 7.1, 3, "Ideal", 900.0],
    ]
    assert [str(kind) for kind in after.dtypes[["carat", "facets", "price"]]] == [
        "float64",
        "int64",
        "float64",
    ]


def test_what_is_said_of_a_file_that_comes_in_is_not_true_of_the_own(tracked: Path) -> None:
    before = (tracked / "data/stones.csv").read_bytes()
    text = "sep=;\nStones of 2026\n\ncarat;facets;cut;price\n7.1;3;Ideal;900\n7.2;3;Good\n"
    (tracked / "fresh.csv").write_bytes(text.encode("utf-16"))
    words = ["dataset.encoding=utf-16", 'dataset.separator=";"', "dataset.skip=1"]
    done = ingest(tracked, "source=fresh.csv", *words, "dataset.max_rejected=0.5")
    assert done.returncode == 0, done.stderr
    assert "line 6: the row has 3 cells where the header has 4" in done.stdout
    assert (tracked / "data/stones.csv").read_bytes() == before + b"7.1,3,Ideal,900\n"


def test_a_file_of_a_kind_that_is_not_written_is_told(tracked: Path) -> None:
    done = ingest(tracked, "dataset.source=data/stones.xlsx", write(tracked, "1,1,Good,5"))
    assert done.returncode == 1
    assert "is an Excel workbook, and such is read only" in done.stderr
