"""Encode records as numbers for an estimator, by the schema and the model's encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from src.config.configuration import Encoding, Words
from src.data.expressions import Expression
from src.data.features import Category, Feature, Text
from src.data.schema import Dataset
from src.learning import counting
from src.learning.counting import WordCounts, WordWeights
from src.learning.sampling import Sampling
from src.support.errors import UserError

MISSING = "(missing)"  # the level of an optional category that was left out
# How scikit-learn's vectorizers say it; they raise no type of their own.
NO_WORDS = ("vocabulary", "no terms remain", "max_df corresponds to")
TARGET_FOLDS = 5
MOST_LEVELS = 100  # columns of a category; of more values the target's mean tells more than they do


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
        self._transformer: Any = None

    def fit_transform(
        self, frame: pd.DataFrame, target: np.ndarray, sampling: Sampling | None = None
    ) -> Any:
        """Learn levels, words and scales; return a matrix of shape (rows, columns)."""
        self._transformer = self._build(frame, target, sampling or Sampling())
        try:
            return self._matrix(self._transformer.fit_transform(self._columns(frame), target))
        except ValueError as error:
            if any(words in str(error).lower() for words in NO_WORDS):
                raise UserError(
                    "No words are left to learn from.",
                    given=str(error),
                    fix="lower model.encoding.text.min_df, or bring more text",
                ) from None
            raise

    def transform(self, frame: pd.DataFrame) -> Any:
        """Encode records; return a matrix of shape (rows, columns)."""
        return self._matrix(self._transformer.transform(self._columns(frame)))

    def renew(
        self, matrix: np.ndarray, frame: pd.DataFrame, places: np.ndarray, values: Mapping[str, Any]
    ) -> None:
        """Encode into a matrix of the rows at these places other values of some features.

        The rows are encoded already, and what does not depend on these features stays. Not for
        encoders of text.
        """
        moved = [
            (at, name) for at, name in enumerate(self._order) if self._uses(name) & set(values)
        ]
        used = sorted(set().union(*(self._uses(name) for _, name in moved)))
        rows = (
            frame[used]
            .iloc[places]
            .assign(**{name: values[name] for name in used if name in values})
        )
        cells = self._columns(rows, [name for _, name in moved])
        for at, _ in moved:
            _, part, columns = self._transformer.transformers_[at]
            matrix[:, self._transformer.output_indices_[str(at)]] = part.transform(cells[columns])

    def _uses(self, name: str) -> set[str]:
        """Return the features that make a column."""
        return {name} if name in self.features else set(self.derived[name].names)

    def names(self) -> list[str]:
        """Name the columns of the matrix: "feature" or "feature=level" or "feature:word"."""
        return [str(name) for name in self._transformer.get_feature_names_out()]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a bundle keeps: it needs this module, and no other way to count words."""
        state = dict(self.__dict__)
        if self.has_text and self._transformer is not None:
            state["_transformer"] = counting.with_plain(self._transformer)
        return state

    def _column_name(self, part: str, column: str) -> str:
        """Name an encoded column; scikit-learn joins levels by "_", which names may contain."""
        name = self._order[int(part)]
        if self._is_text(name):
            return f"{name}:{column}"
        return name if column == name else f"{name}={column.removeprefix(f'{name}_')}"

    def _matrix(self, encoded: Any) -> Any:
        if self.has_text:
            return _explicit(sparse.csr_matrix(encoded), self._dense_columns())
        return np.asarray(encoded, dtype=np.float64)

    def _dense_columns(self) -> int:
        """Return the number of columns before those of text."""
        texts = {str(at) for at, name in enumerate(self._order) if self._is_text(name)}
        slices = self._transformer.output_indices_
        return max((slices[part].stop for part in slices if part not in texts), default=0)

    def _is_text(self, name: str) -> bool:
        return isinstance(self.features.get(name), Text)

    def _columns(self, frame: pd.DataFrame, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Compute the columns that are not dropped, each in the form that its encoder expects.

        Categories and text stay objects: pandas' own strings would be converted to and fro.
        """
        columns: dict[str, pd.Series] = {}
        for name in self._order if names is None else names:
            feature = self.features.get(name)
            if isinstance(feature, Category):
                cells = frame[name].astype(object)
                columns[name] = cells.where(cells.notna(), MISSING)
            elif isinstance(feature, Text):
                cells = frame[name].astype(object)
                columns[name] = cells.where(cells.notna(), "")
            else:
                numbers = (
                    self._derive(frame, name) if feature is None else self._numeric(frame, name)
                )
                columns[name] = pd.Series(numbers, index=frame.index)
        return pd.DataFrame(columns)

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
        parts: list[tuple[str, Any]] = []
        for name, feature in self.features.items():
            if name in drop:
                continue
            if isinstance(feature, Category):
                if _is_mean(feature, encoding, frame[name]):
                    parts.append((name, _means(task, folds)))
                else:
                    parts.append((name, _category(feature, encoding, self.has_text)))
            elif isinstance(feature, Text):
                parts.append((name, _words(encoding.text)))
            else:
                parts.append((name, _number(encoding, feature.optional)))
        computed = [name for name in self.derived if name not in drop]
        parts += [(name, _number(encoding, optional=True)) for name in computed]
        parts.sort(key=lambda part: self._is_text(part[0]))
        self._order = [name for name, _ in parts]
        return ColumnTransformer(
            # Numbered, for scikit-learn forbids some names, and a column may have any. A vectorizer
            # takes one column, the others a table of one.
            [
                (str(at), part, name if self._is_text(name) else [name])
                for at, (name, part) in enumerate(parts)
            ],
            sparse_threshold=1.0 if self.has_text else 0.0,
            verbose_feature_names_out=self._column_name,
        )


def _explicit(matrix: sparse.csr_matrix, dense: int) -> sparse.csr_matrix:
    """Store the zeros of the first columns, since some trees take unstored cells as missing."""
    if dense == 0:
        return matrix
    rows = matrix.shape[0]
    block = matrix[:, :dense].toarray()
    indices = np.tile(np.arange(dense, dtype=np.int32), rows)
    starts = np.arange(0, rows * dense + 1, dense, dtype=np.int32)
    stored = sparse.csr_matrix((block.ravel(), indices, starts), shape=(rows, dense))
    return sparse.hstack([stored, matrix[:, dense:]], format="csr")


def _number(encoding: Encoding, optional: bool) -> Any:
    if encoding.numbers == "keep":  # trees take NaN as it is
        return "passthrough"
    if optional:
        return make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        )
    return StandardScaler()


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
        keep = encoding.numbers == "keep"
        return rank if keep else make_pipeline(rank, _number(encoding, optional=True))
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
