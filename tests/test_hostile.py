"""Files that are made to do harm are refused in words, in little memory, with nothing written."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

MOST = 500 * 2**20  # bytes that a refusal may hold
SECONDS = 600.0
ROWS = b"1.5,a,yes\n2.5,b,no\n" * 50_000
YAML = """\
name: hostile
task: binary
source: data/hostile.csv
target: {name: t, values: ["no", "yes"], positive: "yes"}
features:
  x: {type: number}
  y: {type: category}
metric: roc_auc
"""
# Measures the child alone: what the tests themselves hold is no part of it.
MEASURED = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-m", *sys.argv[1:]], stderr=subprocess.STDOUT)
_, status, usage = os.wait4(child.pid, 0)
print("PEAK", usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def packed(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("rows.csv", "w", force_zip64=True) as file,
    ):
        file.write(b"x,y,t\n")
        for _ in range(300):
            file.write(ROWS)


def zipped(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(b"x,y,t\n")
        for _ in range(300):
            file.write(ROWS)


def laughs(path: Path) -> None:
    """Write a workbook whose entities are each ten of the one before."""
    entities = "".join(
        f'<!ENTITY a{at} "{f"&a{at - 1};" * 10 if at else "ha" * 50}">' for at in range(10)
    )
    sheet = f"<?xml version='1.0'?><!DOCTYPE a [{entities}]><worksheet><sheetData><row>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", sheet)
        archive.writestr("xl/worksheets/sheet1.xml", f"{sheet}<c><v>&a9;</v></c></row>")


def parquet(path: Path) -> None:
    path.write_bytes(b"PAR1" + b"\x15\x04" * 4000 + b"\xff\xff\xff\x7fPAR1")


def one_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"x,y,t\n")
        for _ in range(1000):
            file.write(b"a" * 1_000_000)


def one_header(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(1000):
            file.write(b"abc," * 250_000)


def open_quote(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'x,y,t\n1.5,a,yes\n2.5,"')
        for _ in range(1000):
            file.write(b"a\n" * 500_000)


def wide(path: Path) -> None:
    names = [f"c{at}" for at in range(100_000)]
    path.write_text("\n".join([",".join([*names, "x", "y", "t"]), *[",".join("1" * 100_003)] * 20]))


def nuls(path: Path) -> None:
    path.write_bytes(b"x,y,t\n" + ROWS + b"\0" * 1_000_000)


def mixed(path: Path) -> None:
    """Write rows in one encoding after another."""
    row = "1.5,Köln,yes\n"
    path.write_bytes(
        b"x,y,t\n" + row.encode() * 99 + row.encode("latin-1") * 99 + row.encode("utf-16") * 99
    )


FILES: dict[str, Callable[[Path], None]] = {
    "bomb.zip": packed,
    "bomb.csv.gz": zipped,
    "laughs.xlsx": laughs,
    "footer.parquet": parquet,
    "one_line.csv": one_line,
    "one_header.csv": one_header,
    "open_quote.csv": open_quote,
    "wide.csv": wide,
    "nuls.csv": nuls,
    "mixed.csv": mixed,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_in_little_memory(project: Path, root: Path, name: str) -> None:
    (project / "conf/dataset/hostile.yaml").write_text(YAML)
    FILES[name](project / name)
    before = written(project)
    for words in (
        ["src.describe", f"source={name}", "target=t", "name=fresh"],
        ["src.ingest", "dataset=hostile", f"source={name}", "mode=replace"],
    ):
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *words],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        said, _, peak = done.stdout.rpartition("PEAK ")
        assert done.returncode == 1, (words, said)
        assert "Error: " in said
        assert "Traceback" not in said
        assert int(peak) < MOST, words
    assert written(project) == before


def written(project: Path) -> set[tuple[Path, int]]:
    """List the files, without the locks of who looked."""
    return {
        (path, path.stat().st_size)
        for path in project.rglob("*")
        if path.is_file() and path.suffix != ".lock" and "__pycache__" not in path.parts
    }
