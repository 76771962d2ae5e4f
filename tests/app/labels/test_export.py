from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from app.labels import export
from src.data.schema import Dataset
from src.support.structs import convert
from tests.app import project

STONES, DEBTS, NOTES = (
    convert(given, Dataset) for given in (project.STONES, project.DEBTS, project.NOTES)
)


def row(value: str = "1", record: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Make a stored label."""
    return {
        "id": "i",
        "at": "t",
        "source": "me",
        "value": value,
        "record": memoryview(msgspec.json.encode(project.DEBT if record is None else record)),
        "upload": "u",
        "prediction": None,
        "deleted": None,
        "deleted_by": None,
        "review": None,
        **more,
    }


@pytest.mark.parametrize(
    ("known", "value", "expected"),
    [
        (STONES, "4500", 4500.0),
        (STONES, "0.1", 0.1),
        (STONES, "garden", "garden"),
        (DEBTS, "1", 1),
        (DEBTS, "2", "2"),
        (NOTES, "garden", "garden"),
        (NOTES, "1", "1"),
    ],
)
def test_a_target_is_told_as_the_dataset_has_it(known: Dataset, value: str, expected: Any) -> None:
    found = export.typed(value, known)
    assert found == expected
    assert type(found) is type(expected)


def test_a_label_tells_what_it_is_linked_to_and_when_it_was_deleted() -> None:
    plain = {"id": "i", "at": "t", "source": "me", "record": project.DEBT, "late": 1, "upload": "u"}
    linked = {"prediction": "p", "version": 3, "predicted_at": "s"}
    gone = {"deleted": "d", "deleted_by": "you"}

    def shown(**more: Any) -> Any:
        return msgspec.json.decode(msgspec.json.encode(export.stored_label(row(**more), DEBTS)))

    assert shown() == plain
    assert shown(**linked) == {**plain, "prediction": {"id": "p", "at": "s", "version": 3}}
    assert shown(**gone) == {**plain, "deleted": {"at": "d", "by": "you"}}


def test_rows_of_a_csv_stand_under_one_header() -> None:
    given = row(record={**project.DEBT, "owner": "a\rb", "days": None}, prediction="p")
    data = export.csv_rows([given], DEBTS, is_first=True) + export.csv_rows(
        [row()], DEBTS, is_first=False
    )
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == ["amount", "owner", "days", "late", *export.BESIDE]
    assert rows == [
        ["250.0", "a\rb", "", "1", "i", "t", "me", "p"],
        ["250.0", "north", "12", "1", "i", "t", "me", ""],
    ]


def test_a_source_is_no_formula_and_a_record_is_as_it_came() -> None:
    given = row(record={**project.DEBT, "owner": "=1+1"}, source="=2+2")
    (cells,) = csv.reader(io.StringIO(export.csv_rows([given], DEBTS, is_first=False).decode()))
    assert (cells[1], cells[6]) == ("=1+1", "'=2+2")


def test_what_is_missing_is_written_as_the_dataset_writes_it() -> None:
    known = msgspec.structs.replace(DEBTS, missing=("-", "?"), separator=";")
    given = row(record={"amount": 1.0, "owner": "x"})
    assert export.csv_rows([given], known, is_first=False) == b"1.0;x;-;1;i;t;me;\r\n"


def test_lines_of_json_are_labels_as_they_are_posted() -> None:
    data = export.ndjson_rows([row(), row("0")], DEBTS, is_first=True)
    assert [msgspec.json.decode(line) for line in data.splitlines()] == [
        {**project.DEBT, "late": 1},
        {**project.DEBT, "late": 0},
    ]
    assert export.ndjson_rows([], DEBTS, is_first=True) == b""


def test_whose_a_label_is_stands_in_both_files() -> None:
    known = msgspec.structs.replace(DEBTS, key=["shop"], weight="sold", missing=("-",))
    told = row(record={**project.DEBT, "shop": "7", "sold": 2.0})
    data = export.csv_rows([told, row()], known, is_first=True)
    header, first, second = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == ["amount", "owner", "days", "shop", "sold", "late", *export.BESIDE]
    assert (first[3:6], second[3:6]) == (["7", "2.0", "1"], ["-", "-", "1"])
    lines = export.ndjson_rows([told, row()], known, is_first=True).splitlines()
    assert [msgspec.json.decode(line) for line in lines] == [
        {**project.DEBT, "shop": "7", "sold": 2.0, "late": 1},
        {**project.DEBT, "late": 1},
    ]
