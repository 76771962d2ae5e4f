from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.http import problems
from app.predictions import answers, csv_answers
from app.registry.loaded import LoadedVersion
from app.store import ids
from src.support.errors import UserError
from tests.app import project

Load = Callable[..., LoadedVersion]
HEADER = "carat,facets,cut,depth"
ROW = "1.5,57,Ideal,3.25"
TOLD = ["predicted_price", "low", "high", "warnings"]


def read(
    serving: LoadedVersion, text: str, most: int = 10, *, is_partial: bool = False
) -> csv_answers.Table:
    return csv_answers.read(
        serving, text.encode(), most=most, longest_text=100, is_partial=is_partial
    )


def written(
    serving: LoadedVersion, text: str, *, is_partial: bool = False, **words: Any
) -> list[list[str]]:
    """Score a CSV, and return the header and the rows that come back."""
    table = read(serving, text, is_partial=is_partial)
    found = answers.answer(serving, table.values, ids.new(), **words)
    also = ["why"] if words.get("is_explained") else []
    whole = csv_answers.write(serving, table, found, also).decode()
    return list(csv.reader(io.StringIO(whole, newline=""), delimiter=serving.dataset.separator))


def refused(serving: LoadedVersion, text: str, most: int = 10) -> tuple[int, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        read(serving, text, most)
    return problems.status(caught.value), msgspec.to_builtins(problems.document(caught.value))


def test_a_csv_comes_back_with_what_was_predicted_beside(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    text = "shop,cut,carat,depth,facets\nA1,Ideal,1.5,3.25,57\n\nB2,Fair,0.5,,3\n"
    header, first, second = written(serving, text)
    assert header == ["shop", "cut", "carat", "depth", "facets", *TOLD, "id"]
    assert first[:5] == ["A1", "Ideal", "1.5", "3.25", "57"]
    assert second[:5] == ["B2", "Fair", "0.5", "", "3"]
    record = tuple(project.STONE[name] for name in serving.records.names)
    (alone,) = answers.answer(serving, [record], ids.new())
    assert float(first[5]) == pytest.approx(alone["price"])
    assert float(first[6]) < float(first[5]) < float(first[7])
    assert ids.is_one(first[9])
    assert first[9] != second[9]


def test_of_classes_the_likely_ones_are_told(load_serving: Load) -> None:
    serving = load_serving("notes", "naive_bayes")
    header, row = written(serving, 'text\n"the rose, by\nthe hedge"\n')
    assert header == ["text", "predicted_room", "probability", "likely", "warnings", "id"]
    assert row[0] == "the rose, by\nthe hedge"
    assert row[1] == "garden"
    assert 0 < float(row[2]) <= 1
    assert "garden" in row[3].split(" | ")


def test_reasons_are_a_sentence(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    header, row = written(serving, f"{HEADER}\n{ROW}\n", is_explained=True)
    assert "typical stone" in row[header.index("why")]


def test_a_name_that_is_taken_gets_another(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    taken = f"{HEADER},predicted_price,id,predicted_id\n{ROW},1234,7,8\n"
    header, row = written(serving, taken)
    new = ["predicted_predicted_price", "low", "high", "warnings", "predicted_predicted_id"]
    assert header == [*HEADER.split(","), "predicted_price", "id", "predicted_id", *new]
    assert row[4:7] == ["1234", "7", "8"]


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", " =", "\t=", "\uff1d"])
def test_what_a_spreadsheet_would_run_is_text(load_serving: Load, mark: str) -> None:
    serving = load_serving("notes", "linear_svc")
    cell = f"{mark}HYPERLINK(1)"
    header, row = written(serving, f'text,"{cell}"\nrose,"{cell}"\n')
    assert (header[1], row[1]) == (f"'{cell.strip()}", f"'{cell}")


def test_each_fault_names_its_line_and_its_field(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    rows = [HEADER, ROW, "", "1.5,57,Idael,3.25", ROW, "-1,x,Ideal,"]
    status, document = refused(serving, "\n".join(rows))
    assert status == 422
    errors = [(one["line"], one["field"]) for one in document["errors"]]
    assert errors == [(4, "cut"), (6, "carat"), (6, "facets")]
    assert "did you mean 'Ideal'?" in document["errors"][0]["fix"]
    assert document["errors"][0]["see"] == "/v1/stones#cut"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header"),
        (f"{HEADER}\n", "no record"),
        ("carat,facets,cut\n1,1,Ideal\n", "lacks a column: depth"),
        (f"{HEADER},cut\n{ROW},Fair\n", "Duplicate column"),
        (f"{HEADER}\n1.5,57\n", "2 cells"),
        (f'{HEADER}\n1.5,57,"Ideal,3.25\n', "quote"),
        (f"{HEADER}\n{ROW}\n\x00\n", "not UTF-8"),
    ],
)
def test_what_is_no_such_csv_is_refused(load_serving: Load, text: str, words: str) -> None:
    status, document = refused(load_serving("stones", "linear"), text)
    assert status == 422
    assert words in document["detail"]


def test_in_part_the_good_rows_are_answered_and_the_others_told_why(load_serving: Load) -> None:
    text = f"{HEADER}\n{ROW}\n-1,57,Ideal,x\n1,2\n1,2,Fair,,5\n{ROW}\n"
    header, *rows = written(load_serving("stones", "linear"), text, is_partial=True)
    assert header == [*HEADER.split(","), *TOLD, "id", "refused"]
    assert all(len(row) == len(header) for row in rows)
    assert [bool(row[-1]) for row in rows] == [False, True, True, True, False]
    assert [bool(row[4] and row[8]) for row in rows] == [True, False, False, False, True]
    assert rows[0][4:7] == rows[4][4:7]
    assert rows[1][:4] == ["-1", "57", "Ideal", "x"]
    assert rows[1][-1] == ('carat is not above 0 and at most 20: "-1"; depth is not a number: "x"')
    assert rows[2][:4] == ["1", "2", "", ""]
    assert "2 cells" in rows[2][-1]
    assert "5 cells" in rows[3][-1]


def test_in_part_no_row_need_be_good(load_serving: Load) -> None:
    header, row = written(load_serving("notes", "naive_bayes"), "text\nx,y\n", is_partial=True)
    assert header == [
        "text",
        "predicted_room",
        "probability",
        "likely",
        "warnings",
        "id",
        "refused",
    ]
    assert row[1:6] == [""] * 5
    assert "2 cells" in row[6]


def test_in_part_what_is_no_such_csv_is_refused_all_the_same(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    for text in ("carat\n1\n", HEADER):
        with pytest.raises(UserError):
            read(serving, text, is_partial=True)


def test_there_may_not_be_too_many_rows(load_serving: Load) -> None:
    serving = load_serving("stones", "linear")
    text = "\n".join([HEADER, *[ROW] * 3])
    assert len(read(serving, text, most=3).rows) == 3
    status, document = refused(serving, text, most=2)
    assert status == 413
    assert document["allowed"] == ["1 to 2 records"]


def test_warnings_are_their_codes(load_serving: Load) -> None:
    text = f"{HEADER}\n{ROW}\n19,57,Ideal,3.25\n"
    header, plain, far = written(load_serving("stones", "linear"), text)
    at = header.index("warnings")
    assert plain[at] == ""
    assert far[at] == "outside_learnt_range;answer_unlike_similar"
