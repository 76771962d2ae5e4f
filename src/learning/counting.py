"""Count the words of each text once in a training, however many fits ask for them.

The folds of a cross-validation share most of their texts, and to take a text apart and to look up
its words takes as long as to fit a linear model on them. What comes out is what scikit-learn's own
vectorizers give, to the order of the cells of a row, in which sums are made.
"""

from __future__ import annotations

import copy
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

MOST = 100_000_000  # characters of the texts whose counts are kept; more are counted anew each time


@dataclass(frozen=True)
class Counted:
    """Words of texts by their number, text after text, each text's in order of first appearance."""

    words: np.ndarray
    counts: np.ndarray
    starts: np.ndarray  # of each text, and the end


class Counts:
    """The words of all texts so far, numbered in order of first appearance; thread-safe."""

    def __init__(self, analyze: Callable[[str], Iterable[str]]) -> None:
        """Take what makes words of a text."""
        self._analyze = analyze
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._texts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._characters = 0
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> Counted | None:
        """Count the words of texts; None where there are too many of them to be kept."""
        with self._lock:
            new = {text for text in texts if text not in self._texts}
            characters = self._characters + sum(map(len, new))
            if not texts or characters > MOST:
                return None
            self._characters = characters
            parts = [self._texts.get(text) or self._count(text) for text in texts]
        words, counts = (np.concatenate(side) for side in zip(*parts, strict=True))
        starts = np.cumsum([0, *(len(part) for part, _ in parts)])
        return Counted(words, counts, starts)

    def _count(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        counter = Counter(map(self._numbers.__getitem__, self._analyze(text)))
        size = len(counter)
        words = np.fromiter(counter.keys(), dtype=np.int32, count=size)
        counts = np.fromiter(counter.values(), dtype=np.intc, count=size)
        self._texts[text] = words, counts
        return words, counts

    def learn(self, counted: Counted) -> tuple[dict[str, int], np.ndarray]:
        """Return a vocabulary in order of first appearance, and the column of each counted word."""
        with self._lock:
            names = list(self._numbers)
        size = len(counted.words)
        first = np.full(len(names), size)
        first[counted.words[::-1]] = np.arange(size)[::-1]  # of equal ones the last counts
        there = np.flatnonzero(first < size)
        order = there[np.argsort(first[there])]
        column = np.empty(len(names), dtype=np.int32)
        column[order] = np.arange(len(order), dtype=np.int32)
        vocabulary = {names[number]: at for at, number in enumerate(order.tolist())}
        return vocabulary, column[counted.words]

    def find(self, counted: Counted, vocabulary: dict[str, int]) -> np.ndarray:
        """Return the column of each counted word, -1 where the vocabulary lacks it."""
        with self._lock:
            column = np.full(len(self._numbers), -1, dtype=np.int32)
            numbers = [self._numbers.get(word, -1) for word in vocabulary]
        at = np.array(numbers, dtype=np.int64)
        columns = np.fromiter(vocabulary.values(), dtype=np.int32, count=len(vocabulary))
        column[at[at >= 0]] = columns[at >= 0]
        found: np.ndarray = column[counted.words]
        return found


_shared: dict[Any, Counts] = {}
_users = 0
_lock = threading.Lock()


@contextmanager
def shared() -> Iterator[None]:
    """Keep what vectorizers of this module count until the end, for all of them."""
    global _users
    with _lock:
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _shared.clear()


def _counts(vectorizer: CountVectorizer) -> Counts | None:
    """Return the counts that vectorizers share which split texts alike; None if none are kept."""
    stop = vectorizer.stop_words
    key = (
        tuple(vectorizer.ngram_range),
        stop if stop is None or isinstance(stop, str) else (*stop,),
    )
    with _lock:
        if not _users:
            return None
        if key not in _shared:
            _shared[key] = Counts(vectorizer.build_analyzer())
        return _shared[key]


class _Counting:
    """What makes a vectorizer of scikit-learn's look up what was counted before.

    Should scikit-learn ask it no more, it counts by itself.
    """

    PLAIN: ClassVar[Any]

    def _count_vocab(
        self: Any, raw_documents: Any, fixed_vocab: bool
    ) -> tuple[dict[str, int], Any]:
        texts, counts = list(raw_documents), _counts(self)
        counted = None if counts is None else counts.of(texts)
        if counts is None or counted is None or not len(counted.words):
            found: tuple[dict[str, int], Any] = super()._count_vocab(texts, fixed_vocab)  # type: ignore[misc]
            return found
        if fixed_vocab:
            vocabulary, columns = self.vocabulary_, counts.find(counted, self.vocabulary_)
        else:
            vocabulary, columns = counts.learn(counted)
        is_there = columns >= 0
        starts = np.concatenate([[0], np.cumsum(is_there)])[counted.starts].astype(np.int32)
        matrix = sparse.csr_matrix(
            (counted.counts[is_there], columns[is_there], starts),
            shape=(len(texts), len(vocabulary)),
            dtype=self.dtype,
        )
        matrix.sort_indices()
        return vocabulary, matrix

    def plain(self) -> Any:
        """Return the same vectorizer as scikit-learn's own class."""
        own = self.PLAIN.__new__(self.PLAIN)
        own.__dict__.update(self.__dict__)
        return own


class WordCounts(_Counting, CountVectorizer):
    """Counts of words."""

    PLAIN = CountVectorizer


class WordWeights(_Counting, TfidfVectorizer):
    """Counts of words, weighed by how rare each of them is."""

    PLAIN = TfidfVectorizer


def with_plain(transformer: Any) -> Any:
    """Return a column transformer whose vectorizers are scikit-learn's own."""
    own = copy.copy(transformer)
    for name in ("transformers", "transformers_"):
        parts = [
            (at, part.plain() if isinstance(part, _Counting) else part, columns)
            for at, part, columns in getattr(transformer, name, [])
        ]
        if parts:
            setattr(own, name, parts)
    return own
