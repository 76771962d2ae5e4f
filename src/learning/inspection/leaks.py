"""Features that give the target away: copies of it, what exists only with it, names of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from src.data.cleaning import Cleaned
from src.data.coded import Rows
from src.data.features import Category, Integer, Number, Temporal, Text
from src.data.findings import Finding
from src.data.schema import Dataset
from src.evaluation.bootstrap import LEAST
from src.learning.inspection import clues, telling
from src.learning.inspection.clues import Clue
from src.learning.inspection.samples import FOLDS, some
from src.learning.inspection.telling import Truth
from src.learning.sampling import Fold, Sampling

# A measurement is hardly ever within a seventh of the target's spread (its square is 0.02) of it
# for all rows, and a copy, whatever its unit, always is.
SURE = 0.98
PURE = 0.95  # of the rows that are of another class in general, the share that is not among these
BY_ABSENCE = 0.9  # of the errors of always naming one class, the share that "is it 0?" settles
CHANCE = 1e-6  # that so many rows, or groups of rows, are of one class by luck
MOST_LEVELS = 50  # of a feature that the target may decide
USUAL = 0.05  # the share of a number from which on it is a state of its own, as 0 is of a claim
UNIQUE, DENSE = 0.999, 2  # values by rows; how wide a range of numbers may be that count rows
NAMES = re.compile(
    r"(^|.* )(id|ids|uuid|guid)( |$)|(^|.* )(key|index|rownames?|number|nr|no|serial)$"
)

TAKE_OUT = (
    "if it is known only with or after {target}, or made from it, take it out of features: whoever "
    "asks for a prediction does not have it"
)
NAME_IT = (
    "take it out of features, and name it in key if it tells which row is which: a model can only "
    "learn it by heart"
)


@dataclass(frozen=True)
class _Rows:
    """The rows that are looked at, their target as it may be told, and the folds."""

    dataset: Dataset
    frame: pd.DataFrame
    groups: np.ndarray | None
    folds: list[Fold]
    truth: Truth
    target: Clue
    states: tuple[np.ndarray, list[str]] | None  # the class of each row, in words

    def units(self, at: np.ndarray) -> int:
        """Count rows, or their groups where they belong together."""
        return int(at.sum()) if self.groups is None else len(np.unique(self.groups[at]))


def find(dataset: Dataset, train: pd.DataFrame | Rows, seed: int) -> list[Finding]:
    """Look at each feature alone; rows of one group never tell each other."""
    if len(train) < LEAST:
        return []
    rows = _rows(dataset, some(train, len(dataset.features), seed), seed)
    found = []
    for name in dataset.learnt():
        clue = clues.of(rows.frame[name])
        leak = _exclusive(rows, name, clue) or _by_zero(rows, name) or _told(rows, name, clue)
        named = _naming(dataset, name, train)
        found += [one for one in (leak, named) if one is not None]
    return found


def lost(dataset: Dataset, cleaned: Cleaned) -> Iterator[Finding]:
    """Find features that are missing where the target is, and hardly anywhere else."""
    target = dataset.target.name
    if cleaned.unlabelled < LEAST:
        return
    without = cleaned.skipped
    for name in dataset.learnt():
        alone = float(without[name].str.strip().isin(dataset.markers(name)).mean())
        others = float(clues.missing(cleaned.accepted[name]).mean())
        if alone >= PURE and others <= 1 - PURE:
            yield Finding(
                "leaks",
                "exists_with_target",
                f"{name} is missing in {alone:.1%} of the {len(without):,} rows without {target}, "
                f"and in {others:.1%} of the others: it exists only when {target} does",
                TAKE_OUT.format(target=target),
                [name],
                {"missing_without": round(alone, 4), "missing_with": round(others, 4)},
            )


def _rows(dataset: Dataset, frame: pd.DataFrame, seed: int) -> _Rows:
    sampling = Sampling.of(frame, dataset)
    column = frame[dataset.target.name]
    is_number = dataset.task == "regression"
    return _Rows(
        dataset,
        frame,
        sampling.groups,
        sampling.partition("regression", np.zeros(len(frame)), FOLDS, seed),
        telling.ranks(column) if is_number else telling.classes(column),
        clues.of(column),
        _states(column, is_number=is_number),
    )


def _states(column: pd.Series, *, is_number: bool) -> tuple[np.ndarray, list[str]] | None:
    """Return the classes; of numbers whether it is the usual one, such as 0, if there is one."""
    if not is_number:
        codes, names = pd.factorize(column.astype(object))
        return codes, [f"is {name}" for name in names]
    counts = column.value_counts(normalize=True).sort_index(kind="stable")
    usual, share = counts.idxmax(), counts.max()
    if not USUAL <= share <= 1 - USUAL:
        return None
    codes = (column != usual).to_numpy().astype(np.int64)
    return codes, [f"is {usual:g}", f"is not {usual:g}"]


def _exclusive(rows: _Rows, name: str, clue: Clue) -> Finding | None:
    """Find a column that has a value, or has none, in rows of one class alone."""
    for at, words in ((~clue.missing, "has a value"), (clue.missing, "has no value")):
        pure = _pure(rows, at)
        if pure is not None:
            return _existing(rows, name, words, at, *pure)
    return None


def _by_zero(rows: _Rows, name: str) -> Finding | None:
    """Find a number that is 0 in one class, and another number in the other."""
    column = rows.frame[name]
    if rows.states is None or not is_numeric_dtype(column):
        return None
    codes, _ = rows.states
    is_zero = column.to_numpy(dtype=np.float64) == 0
    if not is_zero.any() or is_zero.all() or column.nunique() <= 2:
        return None
    left = sum(int(at.sum() - np.bincount(codes[at]).max()) for at in (is_zero, ~is_zero))
    nothing = len(codes) - int(np.bincount(codes).max())
    if not nothing or 1 - left / nothing < BY_ABSENCE:
        return None
    for at, words in ((~is_zero, "is not 0"), (is_zero, "is 0")):
        pure = _pure(rows, at)
        if pure is not None:
            return _existing(rows, name, words, at, *pure)
    return None


def _pure(rows: _Rows, at: np.ndarray) -> tuple[str, float, float] | None:
    """Return the class that these rows have almost alone, its share of them and of all rows."""
    if rows.states is None or rows.units(at) < LEAST or at.all():
        return None
    codes, names = rows.states
    here = np.bincount(codes[at])
    of, share = int(here.argmax()), float(here.max() / here.sum())
    base = float((codes == of).mean())
    if base == 1 or 1 - (1 - share) / (1 - base) < PURE:
        return None
    is_luck = rows.units(at) * np.log(base) > np.log(CHANCE)
    return None if is_luck else (names[of], share, base)


def _existing(
    rows: _Rows, name: str, words: str, at: np.ndarray, state: str, share: float, base: float
) -> Finding:
    target = rows.dataset.target.name
    return Finding(
        "leaks",
        "exists_with_target",
        f"{name} {words} in {int(at.sum()):,} rows, and in {share:.1%} of them {target} {state}; "
        f"of all rows in {base:.1%}",
        TAKE_OUT.format(target=target),
        [name],
        {"rows": int(at.sum()), "share": round(share, 4), "of_all": round(base, 4)},
    )


def _told(rows: _Rows, name: str, clue: Clue) -> Finding | None:
    """Find a column that tells the target, or a coarser one that the target tells."""
    target, is_number = rows.dataset.target.name, rows.dataset.task == "regression"
    tells = telling.strength(clue, rows.truth, rows.folds)
    told = _told_by_target(rows, clue) if is_number else 0.0
    if max(tells, told) < SURE:
        return None
    if min(tells, told) >= SURE:
        code, says = "target_copy", f"{name} is {target} by another name: each tells the other"
    elif tells < SURE:
        code = "told_by_target"
        says = f"{name} is {target} in coarser steps: {told:.1%} of it follow from {target}"
    elif is_number:
        code = "tells_target"
        says = f"{name} alone tells {tells:.1%} of the variance of {target}, by rank"
    else:
        code = "tells_target"
        says = (
            f"{name} alone tells {target}: of the errors of always naming the most frequent class "
            f"it settles {tells:.1%}"
        )
    figures = {"tells": round(tells, 4), **({"told": round(told, 4)} if is_number else {})}
    return Finding("leaks", code, says, TAKE_OUT.format(target=target), [name], figures)


def _told_by_target(rows: _Rows, clue: Clue) -> float:
    """Return how well a column of few values follows from the target."""
    codes = np.unique(clue.codes[0], return_inverse=True)[1]
    sizes = np.bincount(codes)
    if clue.places is not None or not 1 < len(sizes) <= MOST_LEVELS:
        return 0.0
    if rows.units(codes != sizes.argmax()) < LEAST:
        return 0.0
    return telling.strength(rows.target, Truth(codes, len(sizes)), rows.folds)


def _naming(dataset: Dataset, name: str, train: pd.DataFrame | Rows) -> Finding | None:
    """Find a column that names the rows: another value in each, that means nothing else.

    A date is none, nor is the column of a split by time: their order means something.
    """
    feature = dataset.features[name]
    if name == dataset.split.column or isinstance(feature, Temporal):
        return None
    if isinstance(train, Rows) and train.most_different(name) < UNIQUE * len(train) / 2:
        return None  # without a look at each row
    column = train[name]
    if isinstance(feature, Number | Integer) and not _are_whole(column):
        return None
    values = column[~clues.missing(column)]
    if len(values) < max(LEAST, len(column) / 2) or values.nunique() < UNIQUE * len(values):
        return None
    if isinstance(feature, Category | Text):
        is_name = feature.listed() is None if isinstance(feature, Category) else _is_word(values)
    else:
        is_name = _counts_rows(name, values)
    if not is_name:
        return None
    says = f"{name} has another value in each of {len(values):,} rows: it names the row"
    return Finding("leaks", "id", says, NAME_IT, [name], {"rows": len(values)})


def _is_word(texts: pd.Series) -> bool:
    """Tell whether texts are single words, as codes are and sentences are not."""
    return bool((~texts.str.contains(r"\s", regex=True)).mean() >= PURE)


def _are_whole(numbers: pd.Series) -> bool:
    values = numbers.to_numpy(dtype=np.float64)
    return bool((values[np.isfinite(values)] % 1 == 0).all())


def _counts_rows(name: str, values: pd.Series) -> bool:
    """Tell whether whole numbers count the rows, or are called what ids are called."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", name).lower().strip()
    return bool(values.max() - values.min() < DENSE * len(values) or NAMES.match(spaced))
