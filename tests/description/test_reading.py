"""What is read of a source of any kind stands in the YAML, and is read again by it."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from src.data import sources
from src.data.schema import Dataset
from src.description import analysis, document, reading
from src.description.analysis import Wish
from src.support.structs import convert
from tests.description import tables


def _csv(text: str, encoding: str = "utf-8") -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        path = folder / "things.csv"
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def _text(separator: str = ",", *, header: bool = True) -> str:
    frame = tables.things().drop(columns="rownames")
    return frame.to_csv(index=False, sep=separator, header=header, lineterminator="\n")


def _gzip(folder: Path) -> str:
    path = folder / "things.csv.gz"
    path.write_bytes(gzip.compress(_text().encode()))
    return str(path)


def _parquet(folder: Path) -> str:
    tables.things().to_parquet(folder / "things.parquet")
    return str(folder / "things.parquet")


def _lines(folder: Path) -> str:
    tables.things().to_json(folder / "things.jsonl", orient="records", lines=True)
    return str(folder / "things.jsonl")


def _database(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "things.db")) as connection:
        tables.things().to_sql("things", connection, index=False)
    return f"sqlite:///{folder}/things.db"


def _several(folder: Path) -> str:
    tables.things().iloc[:99].to_csv(folder / "part1.csv", index=False, sep=";")
    tables.things().iloc[99:].to_csv(folder / "part2.csv", index=False, sep=";")
    return f"{folder}/part*.csv"


def _book(folder: Path) -> str:
    pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    path = folder / "things.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"Export of things": []}).to_excel(book, sheet_name="all", index=False)
        tables.things().to_excel(book, sheet_name="all", index=False, startrow=2)
    return str(path)


@pytest.mark.filterwarnings("ignore:.*ignoring the extra column")
@pytest.mark.parametrize(
    ("write", "asked", "said"),
    [
        (_csv(_text()), {}, {}),
        (_csv("sep=;\n" + _text(";")), {}, {"separator": ";"}),
        (_csv("Export\n\n" + _text(";")), {}, {"separator": ";", "skip": 2}),
        (_csv(_text("\t"), "utf-16"), {}, {"separator": "\t", "encoding": "utf-16"}),
        (_gzip, {}, {}),
        (_parquet, {}, {}),
        (_lines, {}, {}),
        (_database, {"table": "things"}, {"table": "things"}),
        (_database, {"query": "SELECT * FROM things"}, {"query": "SELECT * FROM things"}),
        (_several, {}, {"separator": ";"}),
        (_book, {}, {"skip": 1}),
    ],
)
def test_a_source_of_any_kind_is_read_again_by_its_yaml(
    tmp_path: Path, write: Callable[[Path], str], asked: dict[str, str], said: dict[str, Any]
) -> None:
    source = write(tmp_path)
    made = analysis.describe(reading.read(source, **asked), Wish(target="back"))
    assert made.reading == said
    values = document.values(made)
    assert values["source"] == ("data/things.csv" if made.is_plain else source)
    dataset: Dataset = convert(values, Dataset, "dataset")
    raw = sources.read(source, columns=dataset.source_columns(), **dataset.reading())
    assert len(raw.frame) == tables.ROWS
    assert {"weight (kg)", "size", "shop"} == set(dataset.features)


def test_only_a_csv_as_a_file_is_copied_as_it_is(tmp_path: Path) -> None:
    assert reading.read(_csv(_text())(tmp_path)).is_plain
    assert not reading.read(_gzip(tmp_path)).is_plain
    assert not reading.read(_parquet(tmp_path)).is_plain
    assert not reading.read(_several(tmp_path)).is_plain


def test_columns_without_a_header_are_numbered(tmp_path: Path) -> None:
    table = reading.read(_csv("\n".join(f"{at}.5,{at % 7}" for at in range(9)))(tmp_path))
    assert table.options == {"header": False}
    assert list(table.frame) == ["column_1", "column_2"]
    assert not table.nameless


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    rows = "\n".join(f"{'ham' if at % 2 else 'spam'},text {at},,x" for at in range(40))
    made = analysis.describe(reading.read(_csv(f"v1,v2,,\n{rows}\n")(tmp_path)), Wish(target="v1"))
    assert {one.column.name for one in made.left_out} >= {"column_3", "column_4"}
    assert "column_3: {" not in document.text(made)


def test_names_that_stand_twice_are_not_read(tmp_path: Path) -> None:
    rows = "\n".join(f"{at % 7},{at % 3},{at % 2},{at % 5}" for at in range(60))
    made = analysis.describe(reading.read(_csv(f"a,b,b,c\n{rows}\n")(tmp_path)), Wish(target="a"))
    assert [one.name for one in made.features] == ["c"]
    assert any("b stands in the header twice" in doubt for doubt in made.unsure)
