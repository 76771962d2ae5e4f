from __future__ import annotations

from operator import itemgetter

import numpy as np

from src.inference.columns import Columns, Levels, Numeric
from src.inference.linear import Linear
from src.inference.reasons.contributions import OTHER_WORDS
from src.inference.text_columns import Words


def made() -> Linear:
    number = Numeric("n", 0, itemgetter(0), lambda cells: cells.numbers(0))
    table = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    level = Levels("c", 1, 1, {"a": 0, "b": 1, "d": 2}, 0, table)
    spellings = ["red", "blue", "green"]
    places = {word: place for place, word in enumerate(spellings)}
    text = Words("t", 3, 2, spellings, places, (1, 1), frozenset(), sublinear=False, idf=None)
    return Linear(
        Columns([number, level], [text]),
        weights=np.array([[2.0], [10.0], [20.0], [1.0], [3.0], [5.0]]),
        bias=np.array([100.0]),
        means=np.array([4.0, 0.25, 0.5, 2.0, 0.5, 1.0]),
    )


def test_scores_are_the_bias_and_coefficients_times_numbers() -> None:
    found = made().scores([(3.0, "d", "red red blue"), (0.0, "a", None)])
    assert found.tolist() == [[100 + 6 + 20 + 2 + 3], [100.0]]


def test_a_record_has_the_same_scores_alone_as_among_others() -> None:
    records = [(3.0, "d", "red red blue"), (0.0, "a", None), (-1.5, "unknown", "green")]
    alone = np.vstack([made().scores([record]) for record in records])
    assert alone.tolist() == made().scores(records).tolist()
    assert made().columns.row(records[0]) == [3.0, 0.0, 1.0]


def test_scores_are_the_same_to_the_last_digit_however_many_records_there_are() -> None:
    draw = np.random.default_rng(1)
    width = 37
    numbers = [
        Numeric(f"n{at}", at, itemgetter(at), lambda cells, at=at: cells.numbers(at))
        for at in range(width)
    ]
    many = Linear(Columns(numbers), draw.normal(size=(width, 2)), draw.normal(size=2), np.empty(0))
    records = list(map(tuple, draw.normal(size=(50, width)).tolist()))
    whole = many.scores(records)
    for size in (1, 3, 32):
        parts = [many.scores(records[at : at + size]) for at in range(0, len(records), size)]
        assert np.vstack(parts).tolist() == whole.tolist(), size


def test_adds_coefficient_times_the_distance_from_the_mean() -> None:
    added = made().added((3.0, "d", "red red blue"))
    assert added.base.tolist() == [100 + 2 * 4 + 10 * 0.25 + 20 * 0.5 + 1 * 2 + 3 * 0.5 + 5]
    parts = {(part.name, part.word, part.count): part.scores.tolist() for part in added.parts}
    assert parts == {
        ("n", None, None): [2.0 * (3 - 4)],
        ("c", None, None): [10 * (0 - 0.25) + 20 * (1 - 0.5)],  # its columns together
        ("t", "red", 2): [1.0 * (2 - 2)],
        ("t", "blue", 1): [3.0 * (1 - 0.5)],
        ("t", OTHER_WORDS, None): [5.0 * (0 - 1)],  # green, which is not there
    }


def test_a_model_without_columns_is_its_bias() -> None:
    constant = Linear(Columns(), np.empty((0, 2)), np.array([0.25, 0.75]), np.empty(0))
    assert constant.scores([(1,), (2,)]).tolist() == [[0.25, 0.75]] * 2
    assert constant.added((1,)).parts == []
