"""Convert raw text to typed rows, and set aside every row that breaks a rule, with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from src.data import moments
from src.data.features import Boolean, Bounds, Category, Integer, Number, Temporal, Text
from src.data.kinds.number_format import NumberFormat
from src.data.schema import Dataset
from src.data.sources import FIRST_LINE, LINE
from src.support.errors import UserError

SHOWN = 5  # rejected rows in an error
DUPLICATE = "duplicate"
RULES = (
    "missing_target",
    "missing",
    "not_a_number",
    "not_an_integer",
    "out_of_range",
    "unknown_category",
    "unknown_split",
    "not_a_time",
    DUPLICATE,
)


@dataclass(frozen=True)
class Cleaned:
    """Typed rows, and the rejected rows as text after their `line` and `reasons`."""

    rows: pd.DataFrame
    rejected: pd.DataFrame
    counts: dict[str, int]
    total: int

    def rejected_csv(self) -> bytes:
        """Return the rejected rows as a CSV, with line and reasons."""
        text: str = self.rejected.to_csv(index=False, lineterminator="\n")
        return text.encode()

    def words(self) -> str:
        """Write the rejected rows by rule: "out_of_range 35, duplicate 145"."""
        return ", ".join(f"{rule} {count}" for rule, count in self.counts.items())

    def quality(self) -> dict[str, object]:
        """Return the counts for metrics/<dataset>/quality.json."""
        return {
            "rows": self.total,
            "accepted": len(self.rows),
            "rejected": len(self.rejected),
            "rejected_share": round(len(self.rejected) / self.total, 6),
            "by_rule": self.counts,
        }


@dataclass
class _Faults:
    """Collect the rules that each row breaks."""

    rows: int
    reasons: dict[int, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))

    def add(
        self, rule: str, broken: np.ndarray, words: str, cells: pd.Series | None = None
    ) -> None:
        positions = np.flatnonzero(broken)
        self.counts[rule] += len(positions)
        for position in positions:
            cell = "" if cells is None else f": {str(cells.iloc[position])[:60]!r}"
            self.reasons.setdefault(int(position), []).append(f"{words}{cell}")

    def ok(self) -> np.ndarray:
        mask = np.ones(self.rows, dtype=bool)
        mask[list(self.reasons)] = False
        return mask


def clean(raw: pd.DataFrame, dataset: Dataset) -> Cleaned:
    """Apply the schema's rules and the rule on duplicates to rows of text.

    Numbers and integers become float64, categories and text str; the index is the row's position
    in the source. Raises UserError if more than `max_rejected` of the rows are faulty (duplicates
    are dropped, but are not faults) or none is left.
    """
    if raw.index.name != LINE:
        raw = raw.set_axis(pd.RangeIndex(FIRST_LINE, FIRST_LINE + len(raw), name=LINE))
    rows, faults = _typed(raw, dataset.columns(), dataset)
    faulty = ~faults.ok()
    _check_share(raw, faults, faulty, dataset)
    _check_weights(rows[~faulty], dataset)
    _mark_duplicates(rows, faulty, dataset, faults)
    accepted = faults.ok()
    rejected = _rejected(raw, faults)
    counts = {rule: count for rule, count in faults.counts.items() if count}
    return Cleaned(rows[accepted], rejected, counts, len(raw))


def typed(
    raw: pd.DataFrame, names: Sequence[str], dataset: Dataset
) -> tuple[pd.DataFrame, np.ndarray]:
    """Type some columns of rows of text; return them, and which rows break no rule of theirs."""
    rows, faults = _typed(raw.reset_index(drop=True), names, dataset)
    return rows, faults.ok()


def _typed(
    raw: pd.DataFrame, names: Sequence[str], dataset: Dataset
) -> tuple[pd.DataFrame, _Faults]:
    faults = _Faults(len(raw))
    columns = {name: _column(name, raw[name].str.strip(), dataset, faults) for name in names}
    return pd.DataFrame(columns, index=raw.index).reset_index(drop=True), faults


def _column(name: str, cells: pd.Series, dataset: Dataset, faults: _Faults) -> pd.Series:
    target = dataset.target
    if name == target.name:
        return _target(cells, dataset, faults)
    feature = dataset.features.get(name)
    if feature is None:
        return _other(name, cells, dataset, faults)
    listed = feature.listed() if isinstance(feature, Category) else None
    missing = _missing(name, cells, dataset, listed)
    if not feature.optional or name in _required(dataset):
        faults.add("missing", missing, f"{name} is missing")
    if isinstance(feature, Temporal):
        return _moments(name, cells, missing, feature, faults)
    if isinstance(feature, Number | Integer):
        whole = isinstance(feature, Integer)
        written = dataset.written(name)
        return _numbers(name, cells, missing, feature, whole, faults, written)
    if isinstance(feature, Text):
        return cells.mask(missing, "")
    if isinstance(feature, Boolean):
        return _booleans(name, cells, missing, feature, faults)
    if listed is not None:
        if isinstance(feature, Category) and feature.others:
            return _canonical(cells, listed).mask(missing, None)
        return _categories(name, cells, missing, listed, faults)
    return cells.mask(missing, None)


def _required(dataset: Dataset) -> set[str]:
    """Name the columns that every row needs, whatever else they are."""
    time = dataset.split.column if dataset.split.method == "time" else None
    single = {name for name in (dataset.weight, time) if name is not None}
    return {*dataset.key, *dataset.group_columns, *single}


def _other(name: str, cells: pd.Series, dataset: Dataset, faults: _Faults) -> pd.Series:
    """Check a column that is neither a feature nor the target."""
    missing = _missing(name, cells, dataset, None)
    if name in _required(dataset):
        faults.add("missing", missing, f"{name} is missing")
    if name == dataset.split.column:
        _check_side(name, cells, missing, dataset, faults)
    if name == dataset.weight:
        written = dataset.written(name)
        return _numbers(name, cells, missing, Bounds(), False, faults, written)
    return cells


def _check_side(
    name: str, cells: pd.Series, missing: np.ndarray, dataset: Dataset, faults: _Faults
) -> None:
    if dataset.split.method == "column":
        unknown = ~cells.isin(["train", "test"]).to_numpy()
        faults.add("unknown_split", unknown, f"{name} is not train or test", cells)
    else:
        unread = ~missing & ~np.isfinite(moments.read(cells.mask(missing, "")))
        faults.add("not_a_time", unread, f"{name} is not a number or an ISO date", cells)


def _missing(name: str, cells: pd.Series, dataset: Dataset, listed: list[str] | None) -> np.ndarray:
    markers = [marker for marker in dataset.markers(name) if marker not in (listed or ())]
    return np.asarray(cells.isin(markers))


def _target(cells: pd.Series, dataset: Dataset, faults: _Faults) -> pd.Series:
    target = dataset.target
    listed = None if target.values is None else [str(value) for value in target.values]
    missing = _missing(target.name, cells, dataset, listed)
    faults.add("missing_target", missing, f"{target.name} is missing")
    if dataset.task == "regression":
        bounds = Bounds(min=target.min, max=target.max, above=target.above, below=target.below)
        written = dataset.written(target.name)
        return _numbers(target.name, cells, missing, bounds, False, faults, written)
    if listed is not None:
        return _categories(target.name, cells, missing, listed, faults)
    return cells


def _numbers(
    name: str,
    cells: pd.Series,
    missing: np.ndarray,
    bounds: Bounds,
    whole: bool,
    faults: _Faults,
    written: NumberFormat,
) -> pd.Series:
    plain = cells if written.is_plain else _each(cells, written.plain)
    present = plain.mask(missing, "nan")
    values = pd.to_numeric(present, errors="coerce").to_numpy(dtype=np.float64)
    unparsed = ~missing & ~np.isfinite(values)
    faults.add("not_a_number", unparsed, f"{name} is not a number", cells)
    valid = np.isfinite(values)
    if whole:
        broken = valid & (np.floor(values) != values)
        faults.add("not_an_integer", broken, f"{name} is not a whole number", cells)
        valid &= ~broken
    faults.add(
        "out_of_range",
        valid & outside(values, bounds),
        f"{name} is not {bounds.words()}",
        cells,
    )
    return pd.Series(values, index=cells.index)


def _each(cells: pd.Series, convert: Callable[[str], Any]) -> pd.Series:
    """Convert cells, each different one once."""
    codes, texts = pd.factorize(cells)
    values = pd.Series([convert(text) for text in texts])
    return pd.Series(values.to_numpy()[codes], index=cells.index)


def _moments(
    name: str, cells: pd.Series, missing: np.ndarray, feature: Temporal, faults: _Faults
) -> pd.Series:
    values = _each(cells, feature.value).to_numpy(dtype=np.float64)
    values = np.where(missing, np.nan, values)
    unread = ~missing & ~np.isfinite(values)
    faults.add("not_a_time", unread, f"{name} is not {feature.allowed}", cells)
    broken = np.isfinite(values) & outside(values, feature)
    faults.add("out_of_range", broken, f"{name} is not {feature.words()}", cells)
    return pd.Series(values, index=cells.index)


def _booleans(
    name: str, cells: pd.Series, missing: np.ndarray, feature: Boolean, faults: _Faults
) -> pd.Series:
    spellings = feature.spellings()
    values = _each(cells, lambda text: spellings.get(text))
    unknown = ~missing & values.isna().to_numpy()
    faults.add("unknown_category", unknown, f"{name} is neither true nor false", cells)
    return values.astype(cells.dtype).mask(missing, None)


def outside(values: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return which numbers are out of bounds; NaN never is."""
    broken = np.zeros(len(values), dtype=bool)
    if bounds.min is not None:
        broken |= values < bounds.min
    if bounds.max is not None:
        broken |= values > bounds.max
    if bounds.above is not None:
        broken |= values <= bounds.above
    if bounds.below is not None:
        broken |= values >= bounds.below
    return broken


def _categories(
    name: str, cells: pd.Series, missing: np.ndarray, listed: list[str], faults: _Faults
) -> pd.Series:
    canonical = _canonical(cells, listed)
    unknown = ~missing & ~np.asarray(canonical.isin(listed))
    faults.add("unknown_category", unknown, f"{name} is not one of its values", cells)
    return canonical.mask(missing, None)


def _canonical(cells: pd.Series, listed: list[str]) -> pd.Series:
    """Write "1.0" as "1" if all values are numbers, since some tools export codes that way."""
    numbers = {}
    for value in listed:
        try:
            numbers[float(value)] = value
        except ValueError:
            return cells
    parsed = pd.to_numeric(cells, errors="coerce")
    spelt_otherwise = parsed.isin(list(numbers)) & ~cells.isin(listed)
    return parsed.map(numbers).where(spelt_otherwise, cells).astype(cells.dtype)


def _check_share(raw: pd.DataFrame, faults: _Faults, faulty: np.ndarray, dataset: Dataset) -> None:
    count, total = int(faulty.sum()), len(raw)
    if count < total and count <= dataset.max_rejected * total:
        return
    rejected = _rejected(raw, faults).head(SHOWN)
    shown = "".join(f"\n  {said}" for said in reasons(rejected))
    raise UserError(
        f"{count} of {total} rows of '{dataset.name}' break the rules, more than max_rejected "
        f"({dataset.max_rejected:.1%}) allows; the first {len(rejected)}:{shown}",
        given=", ".join(f"{rule} {count}" for rule, count in faults.counts.items() if count),
        fix="mend the data, correct the dataset's YAML, or raise dataset.max_rejected",
    )


def _check_weights(rows: pd.DataFrame, dataset: Dataset) -> None:
    if dataset.weight is None:
        return
    weights = rows[dataset.weight]
    if (weights < 0).any() or not (weights > 0).any():
        is_negative = bool((weights < 0).any())
        raise UserError(
            f"The weights of '{dataset.name}' "
            + ("must not be negative." if is_negative else "are all zero."),
            given=f"{dataset.weight}: {weights.min():g} to {weights.max():g}",
            choices=["numbers of at least 0, not all of them 0"],
            fix="mend the column, or take weight out of the dataset's YAML",
        )


def _mark_duplicates(
    rows: pd.DataFrame, faulty: np.ndarray, dataset: Dataset, faults: _Faults
) -> None:
    if dataset.duplicates == "keep":
        return
    good = rows[~faulty]
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[~faulty] = good.duplicated(dataset.identity()).to_numpy()
    words = "the same key as" if dataset.duplicates == "first" else "the same as"
    faults.add(DUPLICATE, repeated, f"{words} an earlier row")


def reasons(rejected: pd.DataFrame) -> list[str]:
    """Return each rejected row's line and why it was rejected."""
    pairs = zip(rejected.iloc[:, 0], rejected.iloc[:, 1], strict=True)
    return [f"line {line}: {why}" for line, why in pairs]


def _rejected(raw: pd.DataFrame, faults: _Faults) -> pd.DataFrame:
    positions = sorted(faults.reasons)
    rejected = raw.iloc[positions].copy()
    # A feature may have one of these names too; then the table has it twice.
    rejected.insert(0, "line", raw.index[positions], allow_duplicates=True)
    reasons = ["; ".join(faults.reasons[at]) for at in positions]
    rejected.insert(1, "reasons", reasons, allow_duplicates=True)
    return rejected
