"""What a record's columns add to scores, summed by feature and word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from src.inference.columns import Columns
from src.inference.scalar_expressions import Record
from src.inference.text_columns import Words

OTHER_WORDS = "other words"
Rows = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Part:
    """What one feature, derived column or word adds; `count` is how often the word occurs.

    A text has one more part, OTHER_WORDS, for the words that the record lacks.
    """

    name: str
    scores: np.ndarray
    word: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class Added:
    """The base of the scores, and the parts that add up to a record's."""

    base: np.ndarray
    parts: list[Part]


def of_columns(columns: Columns, dense: np.ndarray) -> list[Part]:
    """Sum the columns of each part but text; `dense` has the shape (columns, scores)."""
    return [
        Part(part.name, dense[part.first : part.first + part.width].sum(axis=0))
        for part in columns.parts
    ]


def of_text(text: Words, record: Record, rows: Rows, total: np.ndarray) -> list[Part]:
    """Split what a text adds into a part for each of its words, and one for all others.

    `rows` returns what some columns add, with shape (columns, scores); `total` is the sum over all
    columns of the text.
    """
    counted = sorted(text.count(record[text.at]).items())
    places = np.array([place for place, _ in counted], dtype=np.int64)
    amounts = rows(places + text.first)
    parts = [
        Part(text.name, scores, text.spellings[place], count)
        for scores, (place, count) in zip(amounts, counted, strict=True)
    ]
    return [*parts, Part(text.name, total - amounts.sum(axis=0), OTHER_WORDS)]
