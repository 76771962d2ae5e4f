"""Encode records as numbers for an estimator, by the schema and the model's encoding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from src.config.configuration import Encoding, Words
from src.data.expressions import Expression
from src.data.features import Category, Feature, Integer, Number, Text
from src.data.schema import Dataset
from src.learning import counting
from src.learning.counting import WordCounts, WordWeights
from src.learning.sampling import Sampling
from src.learning.scaling import Numbers
from src.support.errors import UserError

MISSING = "(missing)"  # the level of an optional category that was left out
# How scikit-learn's vectorizers say it; they raise no type of their own.
NO_WORDS = ("vocabulary", "no terms remain", "max_df corresponds to")
TARGET_FOLDS = 5
MOST_LEVELS = 100  # columns of a category; of more values the target's mean tells more than they do


@dataclass(frozen=True)
class _Layout:
    """Where columns stand in a fitted transformer and in the matrix."""

    parts: dict[str, tuple[int, int]]  # each column's part of the transformer, its place in it
    slices: dict[str, slice]  # of the matrix
    order: np.ndarray  # of the transformer's columns, as the matrix has them

    @classmethod
    def of(cls, transformer: Any, names: Sequence[str]) -> _Layout:
        """Read a column transformer, of whose matrix the columns shall stand in another order."""
        parts, slices, sources = {}, {}, {}
        for number, (key, _, columns) in enumerate(transformer.transformers_):
            here, alike = transformer.output_indices_[key], _listed(columns)
            width = (here.stop - here.start) // len(alike)
            for at, name in enumerate(alike):
                start = here.start + at * width
                parts[name], sources[name] = (number, at), range(start, start + width)
        end = 0
        for name in names:
            slices[name] = slice(end, end := end + len(sources[name]))
        order = [source for name in names for source in sources[name]]
        return cls(parts, slices, np.array(order, dtype=np.int64))


def _listed(columns: Any) -> list[str]:
    return [columns] if isinstance(columns, str) else list(columns)


class Encoder:
    """Compute derived columns, then encode each column by its kind; sparse only with text.

    The columns of text come last.
    """

    def __init__(
        self, dataset: Dataset, encoding: Encoding, drop: tuple[str, ...], seed: int
    ) -> None:
        self.features: dict[str, Feature] = dict(dataset.features)
        self.derived = {name: Expression(text) for name, text in dataset.computed().items()}
        drop = (*drop, *dataset.ids())
        self.has_text = any(
            isinstance(feature, Text) and name not in drop
            for name, feature in self.features.items()
        )
        self._how = (encoding, tuple(drop), dataset.task, seed)  # no set: its order is chance
        self._empty: set[str] = set()
        self._order: list[str] = []  # of the columns that are encoded
        self._transformer: Any = None
        self._layout = _Layout({}, {}, np.array([]))

    def fit_transform(
        self, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling | None = None
    ) -> Any:
        """Learn levels, words and scales; return a matrix of shape (rows, columns)."""
        used = [name for name in [*self.features, *self.derived] if name not in self._how[1]]
        empty = {name for name in used if self._is_empty(frame, name)}
        self._empty = empty if len(empty) < len(used) else set()  # else there is nothing to learn
        self._transformer = self._build(frame, target, sampling or Sampling())
        columns = self._columns(frame)
        try:
            encoded = self._transformer.fit_transform(columns, target)
            self._layout = _Layout.of(self._transformer, self._order)
            return self._matrix(encoded)
        except ValueError as error:
            if any(words in str(error).lower() for words in NO_WORDS):
                named = ", ".join(f"'{name}'" for name in self._wordless(columns))
                raise UserError(
                    f"No words are left to learn from in {named}.",
                    given=str(error),
                    fix="lower model.encoding.text.min_df, bring more text, or leave the column "
                    "out: model.drop",
                ) from None
            raise

    def _is_empty(self, frame: pd.DataFrame, name: str) -> bool:
        """Tell whether a column of text holds nothing at all, of which no word can be learnt."""
        return self._is_text(name) and bool((frame[name].isna() | (frame[name] == "")).all())

    def _wordless(self, columns: pd.DataFrame) -> list[str]:
        """Name the columns of text of which no word is left to learn."""
        names = []
        for name in filter(self._is_text, self._order):
            try:
                _words(self._how[0].text).fit(columns[name])
            except ValueError:
                names.append(name)
        return names

    def transform(self, frame: pd.DataFrame) -> Any:
        """Encode records; return a matrix of shape (rows, columns)."""
        return self._matrix(self._transformer.transform(self._columns(frame)))

    def renew(
        self, matrix: np.ndarray, frame: pd.DataFrame, places: np.ndarray, values: Mapping[str, Any]
    ) -> None:
        """Encode into a matrix of the rows at these places other values of some features.

        The rows are encoded already, and what does not depend on these features stays. The matrix
        is of the columns that are none of text, and so are the features.
        """
        derived = [name for name in self.derived if self._uses(name) & set(values)]
        moved = [name for name in (*values, *derived) if name in self._layout.slices]
        used = sorted(set().union(*(self._uses(name) for name in moved)))
        rows = {
            name: values[name] if name in values else frame[name].array.take(places)
            for name in used
        }
        cells = self._columns(pd.DataFrame(rows), moved)
        for name in moved:
            encoded = self._part(name).transform(cells[[name]])
            dense = encoded.toarray() if sparse.issparse(encoded) else encoded
            matrix[:, self._layout.slices[name]] = dense

    def split(self, matrix: Any) -> tuple[np.ndarray, sparse.csr_matrix | None]:
        """Return the encoded columns that are none of text, and those of text, if there are."""
        if not self.has_text:
            return matrix, None
        names = [name for name in self._order if not self._is_text(name)]
        width = self._layout.slices[names[-1]].stop if names else 0
        return matrix[:, :width].toarray(), matrix[:, width:]

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield each encoded column, in order, and the fitted transformer of it alone."""
        return ((name, self._part(name)) for name in self._order)

    def columns(self) -> dict[str, list[int]]:
        """Return the places in the matrix of what each feature makes, derived columns included."""
        found: dict[str, list[int]] = {}
        for name in self._order:
            here = self._layout.slices[name]
            for feature in self._uses(name):
                found.setdefault(feature, []).extend(range(here.start, here.stop))
        return found

    def _part(self, name: str) -> Any:
        number, at = self._layout.parts[name]
        part = self._transformer.transformers_[number][1]
        return part.one(at) if isinstance(part, Numbers) else part

    def _uses(self, name: str) -> set[str]:
        """Return the features that make a column."""
        return {name} if name in self.features else set(self.derived[name].names)

    def names(self) -> list[str]:
        """Name the columns of the matrix: "feature" or "feature=level" or "feature:word"."""
        return [
            self._column_name(name, str(column))
            for name, part in self.parts()
            for column in part.get_feature_names_out([name])
        ]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a bundle keeps: it needs this module, and no other way to count words."""
        state = dict(self.__dict__)
        if self.has_text and self._transformer is not None:
            state["_transformer"] = counting.with_plain(self._transformer)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what a bundle keeps; an earlier one has a part for each column, and no layout."""
        self.__dict__.update(state)
        if "_layout" not in state:
            self._layout = _Layout.of(self._transformer, self._order)

    def _column_name(self, name: str, column: str) -> str:
        """Name an encoded column; scikit-learn joins levels by "_", which names may contain."""
        if self._is_text(name):
            return f"{name}:{column}"
        return name if column == name else f"{name}={column.removeprefix(f'{name}_')}"

    def _matrix(self, encoded: Any) -> Any:
        """Put the transformer's columns into their order; those of text are last in both."""
        order = self._layout.order
        if self.has_text:
            texts = [self._layout.slices[name] for name in self._order if self._is_text(name)]
            before = order[: texts[0].start] if texts else order  # all texts may be empty
            return _explicit(sparse.csr_matrix(encoded), before)
        return np.take(np.asarray(encoded, dtype=np.float64), order, axis=1)

    def _is_text(self, name: str) -> bool:
        return isinstance(self.features.get(name), Text)

    def _columns(self, frame: pd.DataFrame, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Compute the columns that are not dropped, each in the form that its encoder expects.

        Categories and text stay objects: pandas' own strings would be converted to and fro.
        """
        order = self._order if names is None else names
        numbers = [name for name in order if isinstance(self.features.get(name), Number | Integer)]
        columns: dict[str, Any] = {}
        for name in order:
            feature = self.features.get(name)
            if isinstance(feature, Category):
                cells = frame[name].astype(object)
                columns[name] = cells.where(cells.notna(), MISSING)
            elif isinstance(feature, Text):
                cells = frame[name].astype(object)
                columns[name] = cells.where(cells.notna(), "")
            elif feature is None:
                columns[name] = self._derive(frame, name)
        others = pd.DataFrame(columns, index=frame.index)
        if not numbers:
            return others
        block = frame[numbers].astype(np.float64)  # at once: a thousand may be numbers
        return pd.concat([block, others], axis=1) if columns else block

    def _derive(self, frame: pd.DataFrame, name: str) -> np.ndarray:
        expression = self.derived[name]
        used = {column: self._numeric(frame, column) for column in expression.names}
        return np.broadcast_to(expression(used), (len(frame),))

    def _numeric(self, frame: pd.DataFrame, name: str) -> np.ndarray:
        """Return a numeric feature, or the rank, from 0, of an ordered category."""
        feature = self.features[name]
        if isinstance(feature, Category):
            return frame[name].astype(object).map(feature.ranks()).to_numpy(dtype=np.float64)
        return frame[name].to_numpy(dtype=np.float64)

    def _build(
        self, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling
    ) -> ColumnTransformer:
        encoding, drop, task, seed = self._how
        folds = _target_folds(task, target, seed, sampling)
        every = (*self.features, *self.derived)
        names = [name for name in every if name not in drop and name not in self._empty]
        self._order = sorted(names, key=self._is_text)
        numbers: dict[bool, list[str]] = {}
        parts: list[tuple[Any, str | list[str]]] = []
        for name in self._order:
            feature = self.features.get(name)  # None of a derived column, which may be missing
            if isinstance(feature, Category):
                is_mean = _is_mean(feature, encoding, frame[name])
                part = (
                    _means(task, folds) if is_mean else _category(feature, encoding, self.has_text)
                )
                parts.append((part, [name]))
            elif isinstance(feature, Text):
                parts.append((_words(encoding.text), name))  # a vectorizer takes one column
            else:
                numbers.setdefault(feature is None or feature.optional, []).append(name)
        blocks = [(_numbers(encoding, filled), names) for filled, names in numbers.items()]
        return ColumnTransformer(
            # Numbered, for scikit-learn forbids some names, and a column may have any.
            [(str(at), part, names) for at, (part, names) in enumerate([*blocks, *parts])],
            sparse_threshold=1.0 if self.has_text else 0.0,
        )


def _explicit(matrix: sparse.csr_matrix, order: np.ndarray) -> sparse.csr_matrix:
    """Put the first columns into their order, and store their zeros.

    Some trees take unstored cells as missing.
    """
    dense = len(order)
    if dense == 0:
        return matrix
    return beside(np.take(matrix[:, :dense].toarray(), order, axis=1), matrix[:, dense:])


def beside(block: np.ndarray, texts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Put columns before those of text, and store their zeros."""
    rows, dense = block.shape
    indices = np.tile(np.arange(dense, dtype=np.int32), rows)
    starts = np.arange(0, rows * dense + 1, max(dense, 1), dtype=np.int32)
    stored = sparse.csr_matrix((block.ravel(), indices, starts), shape=(rows, dense))
    return sparse.hstack([stored, texts], format="csr")


def _numbers(encoding: Encoding, is_filled: bool) -> Numbers:
    is_kept = encoding.numbers == "keep"
    return Numbers(is_kept=is_kept, is_filled=is_filled and not is_kept)


def _target_folds(task: str, target: np.ndarray, seed: int, sampling: Sampling) -> Any:
    """Return the folds of a target encoder; fewer for few rows or a small class."""
    rarest = len(target) if task == "regression" else int(np.bincount(target).min())
    kind = KFold if task == "regression" or rarest < 2 else StratifiedKFold
    most = len(target) if kind is KFold else rarest
    count = max(2, min(TARGET_FOLDS, most))
    if not sampling.is_plain:
        return sampling.partition("regression" if kind is KFold else task, target, count, seed)
    return kind(count, shuffle=True, random_state=seed)


def _is_mean(feature: Category, encoding: Encoding, cells: pd.Series) -> bool:
    """Tell whether a category's values become the mean of the target over the rows with each.

    An order says more than a mean: such a category keeps it.
    """
    if feature.order is not None or encoding.categories != "auto":
        return feature.order is None and encoding.categories == "target"
    return max(len(feature.listed() or ()), cells.nunique()) > MOST_LEVELS


def _means(task: str, folds: Any) -> TargetEncoder:
    """Return an encoder by means, which of each row it learnt from are those of other folds."""
    target_type = {"regression": "continuous"}.get(task, task)
    return TargetEncoder(target_type=target_type, cv=folds)


def _category(feature: Category, encoding: Encoding, in_sparse: bool) -> Any:
    if feature.order is not None and encoding.ordered == "rank":
        rank = OrdinalEncoder(
            categories=[[str(value) for value in feature.order]],
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
        )
        return make_pipeline(rank, _numbers(encoding, is_filled=True))
    listed = feature.listed()
    if listed is None:
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=MOST_LEVELS,
            sparse_output=in_sparse,
        )
    if feature.others:  # all of them, and what is missing, have a zero in each column
        return OneHotEncoder(categories=[listed], handle_unknown="ignore", sparse_output=in_sparse)
    # The first level is the one that the others are measured against.
    levels = [*listed, *([MISSING] if feature.optional else [])]
    return OneHotEncoder(categories=[levels], drop="first", sparse_output=in_sparse)


def _words(words: Words) -> Any:
    shared: dict[str, Any] = {
        "ngram_range": words.ngrams,
        "min_df": words.min_df,
        "max_features": words.max_features,
        "stop_words": words.stop_words,
    }
    if words.weight == "count":
        return WordCounts(**shared)
    return WordWeights(sublinear_tf=words.sublinear, **shared)
