from __future__ import annotations

from collections.abc import Sequence

import pytest

from src.description import types
from tests.description import tables

FEW = [f"word {at}" for at in range(3)] * 20


def kind(name: str, cells: Sequence[object]) -> str:
    return types.of(name, tables.of(cells)).kind


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("weight", [f"{at}.5" for at in range(50)], "number"),
        ("rooms", [at % 7 for at in range(50)], "integer"),
        ("colour", FEW, "category"),
        ("note", [f"a sentence of five words {at}" for at in range(50)], "text"),
        ("day", [f"2024-01-{1 + at % 28:02}" for at in range(50)], "date"),
        ("is_new", ["Yes", "no", "YES"] * 9, "boolean"),
        ("rownames", range(1, 51), "index"),
        ("Unnamed: 0", range(50), "index"),
        ("order_id", range(5000, 5050), "id"),
        ("parcel", [f"{at:010}" for at in range(50)], "id"),
        ("code", [f"Q{at:03}" for at in range(50)], "id"),
        ("created_at", [1_700_000_000 + 7 * at for at in range(50)], "datetime"),
        ("epoch_ms", [1_700_000_000_000 + 7 * at for at in range(50)], "datetime"),
        ("account", [1_700_000_000 + 7 * at for at in range(50)], "id"),
        ("phone", [f"+49 170 {at:07}" for at in range(50)], "id"),
        ("last name", [f"Name{at % 20}" for at in range(60)], "id"),
        ("kind", ["same"] * 50, "constant"),
        ("nothing", [""] * 50, "empty"),
        ("prefix", ["020", "030"] * 9, "category"),
        ("zip code", [10115, 80331, 10115] * 9, "category"),
        ("model", [f"X{at % 9}" for at in range(50)], "category"),
    ],
)
def test_a_column_has_a_type(name: str, cells: Sequence[object], expected: str) -> None:
    assert kind(name, cells) == expected


def test_numbers_that_repeat_are_no_id_whatever_their_size() -> None:
    assert kind("income", [10**9 * (1 + at % 9) for at in range(50)]) == "integer"


def test_bounds_leave_room() -> None:
    column = types.of("weight", tables.of([3, 70, 12]))
    assert (column.minimum, column.maximum) == (0, 150)


def test_what_may_be_negative_has_no_zero_below_it() -> None:
    column = types.of("temperature", tables.of([3, 28, 12]))
    assert column.minimum is not None
    assert column.minimum < 0


@pytest.mark.parametrize(
    ("name", "cells", "bounds"),
    [("share", ["5%", "7%"], (0, 100)), ("built_year", [1950, 2004], (1900, 2100)),
     ("month", [1, 12], (1, 12))],
)  # fmt: skip
def test_what_has_limits_of_its_own_gets_those(
    name: str, cells: list[object], bounds: tuple[float, float]
) -> None:
    column = types.of(name, tables.of(cells))
    assert (column.minimum, column.maximum) == bounds


def test_missing_cells_make_a_column_optional() -> None:
    column = types.of("weight", tables.of([1, 2, "?", "", "NA", 5, 6, 7, 8]))
    assert column.is_optional
    assert column.missing == ["?", "NA"]


def test_words_for_missing_are_an_answer_among_words() -> None:
    assert not types.of("job", tables.of(["unknown", "clerk", "nurse"] * 9)).is_optional


def test_words_of_several_spellings_are_one_boolean() -> None:
    assert kind("paid", ["TRUE", "false", "t", "0"] * 9) == "boolean"


def test_codes_of_two_letters_have_na_among_them() -> None:
    column = types.of("country", tables.of(["NA", "NL", "IT"] * 9))
    assert not column.is_optional
    assert column.missing == [""]
    assert "NA" in column.says


def test_spaces_around_cells_make_no_other_value() -> None:
    assert types.of("type", tables.of(["WD ", "WD", "New"] * 9)).different == 2
