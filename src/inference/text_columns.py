"""Weigh the words of a text as the model's vectorizer does."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TOKEN = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's: two letters or digits, or more


@dataclass(frozen=True)
class Words:
    """The columns of a text, one for each word or n-gram."""

    name: str
    first: int
    at: int  # in the record
    spellings: list[str]
    vocabulary: dict[str, int]
    ngrams: tuple[int, int]
    stop: frozenset[str]
    sublinear: bool
    idf: np.ndarray | None

    @classmethod
    def build(
        cls, part: Mapping[str, Any], arrays: Mapping[str, np.ndarray], at: int, first: int
    ) -> Words:
        """Build the columns that a description names."""
        return cls(
            name=part["name"],
            first=first,
            at=at,
            spellings=part["vocabulary"],
            vocabulary={word: column for column, word in enumerate(part["vocabulary"])},
            ngrams=tuple(part["ngrams"]),
            stop=frozenset(part["stop"]),
            sublinear=part["sublinear"],
            idf=None if part["idf"] is None else arrays[part["idf"]],
        )

    @property
    def width(self) -> int:
        """Count the columns."""
        return len(self.vocabulary)

    def count(self, text: str | None) -> Counter[int]:
        """Count the words of a text that are in the vocabulary, by their position there."""
        words = [word for word in TOKEN.findall((text or "").lower()) if word not in self.stop]
        low, high = self.ngrams
        vocabulary = self.vocabulary
        grams = itertools.chain.from_iterable(
            _joined(words, length) for length in range(low, high + 1)
        )
        return Counter([vocabulary[gram] for gram in grams if gram in vocabulary])

    def weigh(self, record: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return the columns of a record's words, in their order, and their weights."""
        counted = sorted(self.count(record[self.at]).items())
        columns = np.array([column for column, _ in counted], dtype=np.int64)
        weights = np.array([count for _, count in counted], dtype=np.float64)
        if self.idf is None or not counted:
            return columns + self.first, weights
        if self.sublinear:
            weights = np.log(weights) + 1.0
        weights *= self.idf[columns]
        length = np.sqrt(np.add.accumulate(weights * weights)[-1])  # summed in one order
        return columns + self.first, weights / length


def _joined(words: list[str], length: int) -> Iterable[str]:
    """Return the n-grams of a given length."""
    return (
        words
        if length == 1
        else map(" ".join, zip(*(words[at:] for at in range(length)), strict=False))
    )
