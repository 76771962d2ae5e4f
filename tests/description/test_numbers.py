from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from src.data.kinds.number_format import NumberFormat
from src.description import numbers
from tests.description import tables


@pytest.mark.parametrize(
    ("words", "how", "first"),
    [
        (["1.5", "2", "-3e2"], NumberFormat(), 1.5),
        (["$42,939.00", "$74,767.00"], NumberFormat(thousands=",", prefix="$"), 42939),
        (["48%", "7%", "100%"], NumberFormat(suffix="%"), 48),
        (["1,322", "2,085", "950"], NumberFormat(thousands=","), 1322),
        (["1.234,50", "7,25"], NumberFormat(decimal=",", thousands="."), 1234.5),
        (["3,5", "12,25", "0,1"], NumberFormat(decimal=","), 3.5),
        (["€ 48.43", "€ 5.10"], NumberFormat(prefix="€"), 48.43),
        (["18.6 km", "7 km"], NumberFormat(suffix="km"), 18.6),
    ],
)
def test_numbers_are_read_as_they_are_written(
    words: list[str], how: NumberFormat, first: float
) -> None:
    told = numbers.of(tables.of(words))
    assert told is not None
    assert told[0] == how
    assert told[1][0] == first
    assert np.isfinite(told[1]).all()


@pytest.mark.parametrize("words", [["12A", "13B", "7C"], ["1_yes", "0_no"], ["10-20", "20-30"]])
def test_codes_and_ranges_are_no_numbers(words: list[str]) -> None:
    assert numbers.of(tables.of(words)) is None


def test_a_frequent_word_among_numbers_means_missing() -> None:
    told = numbers.of(tables.of([*range(90), *["unknown"] * 5, *["T"] * 5]))
    assert told is not None
    assert told[2] == {"unknown", "T"}


def test_a_word_that_most_rows_have_among_many_numbers_means_missing() -> None:
    told = numbers.of(tables.of([*[f"{at},5%" for at in range(40)], *["k. A."] * 100]))
    assert told is not None
    assert told[0] == NumberFormat(decimal=",", suffix="%")
    assert told[2] == {"k. A."}
    assert told[1][0] == 0.5
    assert np.isnan(told[1]).sum() == 1


def test_words_among_few_numbers_are_answers() -> None:
    assert numbers.of(tables.of([*["1", "2", "3"] * 10, *["many"] * 20])) is None


def test_a_rare_word_among_numbers_is_a_slip() -> None:
    told = numbers.of(tables.of([*range(999), "x"]))
    assert told is not None
    assert told[2] == set()
    assert np.isnan(told[1]).sum() == 1


def test_numbers_that_stand_for_nothing_stay_numbers() -> None:
    told = numbers.of(tables.of([*range(90), *[999] * 10]))
    assert told is not None
    assert told[2] == set()


def test_all_at_once_reads_what_one_by_one_does() -> None:
    draw = np.random.default_rng(1)
    for how in (NumberFormat(thousands=",", prefix="$"), NumberFormat(",", " ", suffix="kg")):
        parts = [
            how.prefix,
            how.suffix,
            how.thousands,
            how.decimal,
            "-",
            " ",
            "1",
            "23",
            "456",
            "e",
        ]
        words = ["".join(draw.choice(parts, draw.integers(1, 7))) or "x" for _ in range(3000)]
        read = numbers._read(np.array(words, dtype=object), how)
        alone = pd.to_numeric(pd.Series([how.plain(word) for word in words]), errors="coerce")
        np.testing.assert_allclose(read, alone.to_numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("words", "how", "first"),
    [
        (
            ["(1,234)", "2,345", "3,456", "5"],
            NumberFormat(thousands=",", negative="brackets"),
            -1234,
        ),
        (
            ["$(5.5)", "$7", "$1,000"],
            NumberFormat(prefix="$", thousands=",", negative="brackets"),
            -5.5,
        ),
        (["1234-", *range(1000, 1020)], NumberFormat(negative="after"), -1234),
        (["7-EUR", "5EUR", "4EUR"], NumberFormat(suffix="EUR", negative="after"), -7),
    ],
)
def test_what_bookkeepers_write_below_zero_is_found(
    words: list[object], how: NumberFormat, first: float
) -> None:
    told = numbers.of(tables.of(words))
    assert told is not None
    assert told[0] == how
    assert told[1][0] == first


@pytest.mark.parametrize("words", [["5-pack", "12-pack", "3 pack"], ["2-room", "4 room", "3-room"]])
def test_a_hyphen_before_a_word_is_no_minus(words: list[str]) -> None:
    told = numbers.of(tables.of(words))
    assert told is None or (told[1] > 0).all()
