"""What a record's columns add to scores, put together by what they are of."""

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

    A text has one more part, other words, for those that a record has not.
    """

    name: str
    scores: np.ndarray
    word: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class Added:
    """What scores start from, and the parts that make them a record's."""

    base: np.ndarray
    parts: list[Part]


def of_columns(columns: Columns, dense: np.ndarray) -> list[Part]:
    """Add up the columns of each part but text; `dense` has the shape (columns, scores)."""
    return [
        Part(part.name, dense[part.first : part.first + part.width].sum(axis=0))
        for part in columns.parts
    ]


def of_text(text: Words, record: Record, rows: Rows, total: np.ndarray) -> list[Part]:
    """Part what a text adds: each word in it, and the rest, of the words that it has not.

    `rows` returns what some columns add, (columns, scores); `total` is what all of the text's do.
    """
    counted = sorted(text.count(record[text.at]).items())
    places = np.array([place for place, _ in counted], dtype=np.int64)
    found = rows(places + text.first)
    parts = [
        Part(text.name, scores, text.spellings[place], count)
        for scores, (place, count) in zip(found, counted, strict=True)
    ]
    return [*parts, Part(text.name, total - found.sum(axis=0), OTHER_WORDS)]
