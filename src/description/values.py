"""The different cells of a column and how often each stands there; which words mean none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from msgspec.structs import fields

from src.data.schema import Dataset

DEFAULT: tuple[str, ...] = next(
    field.default for field in fields(Dataset) if field.name == "missing"
)
# Words that mean nothing else, whatever the column.
SIGNS = frozenset(("?", "-", "--", "---", ".", "..", "n/a", "#N/A", "#NA", "<NA>", "\\N", "(null)"))
# In a column of numbers or dates they mean that there is none; among words they may be an answer.
WORDS = frozenset(
    (
        "unknown",
        "missing",
        "none",
        "na",
        "n.a.",
        "not available",
        "not applicable",
        "nil",
        "tbd",
        "undefined",
        "not known",
        "unbekannt",
        "inconnu",
        "desconocido",
    )
)


GLANCED = 2000  # words that tell a column of long texts from one of numbers
HARDLY = 0.3  # of them are numbers


@dataclass(frozen=True)
class Values:
    """The different cells, without those that are missing, and their rows.

    `codes` number the rows by their cell, -1 where it is missing; shape (rows,). `missing` are the
    words for missing that stand in the column, and how often; "" of an empty cell.
    """

    words: np.ndarray
    counts: np.ndarray
    codes: np.ndarray
    missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Count all rows."""
        return len(self.codes)

    @cached_property
    def present(self) -> int:
        """Count the rows with a value."""
        return int(self.counts.sum())

    @property
    def is_optional(self) -> bool:
        """Tell whether a row has no value."""
        return self.present < self.rows

    def share(self, matches: np.ndarray) -> float:
        """Return the share of the rows with a value whose word is among these."""
        return float(self.counts[matches].sum() / self.present) if self.present else 0.0

    def commonest(self, most: int) -> list[str]:
        """List the most frequent words."""
        return [str(self.words[at]) for at in np.argsort(-self.counts, kind="stable")[:most]]

    @cached_property
    def numbers(self) -> np.ndarray:
        """Read the words as numbers, as programs write them; NaN for what is none."""
        words = self.words
        if len(words) > GLANCED and 2 * len(words) > self.present:
            glance = _as_numbers(words[:: len(words) // GLANCED])
            if np.isfinite(glance).mean() < HARDLY:  # most rows are none: it is no column of them
                return np.full(len(words), np.nan)
        return _as_numbers(words)

    def among(self, words: set[str]) -> np.ndarray:
        """Tell which of the different words are among these."""
        return np.asarray(pd.Series(self.words, dtype=object).isin(words))

    def without(self, words: set[str]) -> Values:
        """Return the values with some words taken for missing."""
        gone = self.among(words)
        if not gone.any():
            return self
        places = np.where(gone, -1, np.cumsum(~gone) - 1).astype(np.int32)
        codes = np.where(self.codes < 0, np.int32(-1), places[self.codes])
        pairs = zip(self.words[gone], self.counts[gone], strict=True)
        taken = {**self.missing, **{str(word): int(count) for word, count in pairs}}
        return Values(self.words[~gone], self.counts[~gone], codes, taken)

    @property
    def said_missing(self) -> list[str]:
        """List the words for missing, without the empty cell."""
        return sorted(word for word in self.missing if word)


def _as_numbers(words: np.ndarray) -> np.ndarray:
    read = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce")
    numbers = read.to_numpy(dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def of(cells: pd.Series) -> Values:
    """Count a column of text; the usual words for missing, and signs such as "?", are missing."""
    codes, raw = pd.factorize(cells)
    codes = codes.astype(np.int32)
    words = pd.Series(raw).str.strip()  # while it is still of arrow
    if not words.equals(pd.Series(raw)):
        again, words = pd.factorize(words)
        codes = again.astype(np.int32)[codes]
    words = np.asarray(words, dtype=object)
    every = Values(words, np.bincount(codes, minlength=len(words)), codes)
    return every.without({*DEFAULT, *SIGNS})
