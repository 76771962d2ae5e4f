"""Convert raw text to typed rows, and set aside every row that breaks a rule, with its reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_string_dtype

from src.data import diagnosis, moments, multilabel
from src.data.features import Boolean, Bounds, Category, Id, Integer, Number, Temporal, Text
from src.data.kinds.number_format import NumberFormat
from src.data.kinds.spelling import canonical
from src.data.schema import Dataset
from src.data.sources import FIRST_LINE, LINE, OF_SOURCE, Fault, Raw, named
from src.support.errors import UserError

SHOWN, MOST_COLUMNS = 5, 10  # rejected rows, and columns, in an error
DUPLICATE, RARE = "duplicate", "rare_class"
RULES = (
    "missing",
    "not_a_number",
    "not_an_integer",
    "out_of_range",
    "unknown_category",
    "unknown_split",
    "not_a_time",
    DUPLICATE,
    RARE,
    *OF_SOURCE,
)


@dataclass(frozen=True)
class Cleaned:
    """Typed rows, and the rejected rows as text, after the line of each and its reasons.

    `skipped` are, as text, the rows without a target, which are neither; `alike` counts accepted
    rows that say the same as an earlier one. `notes` are sentences on both, and on odd columns.
    """

    rows: pd.DataFrame
    rejected: pd.DataFrame
    counts: dict[str, int]
    total: int
    skipped: pd.DataFrame
    alike: int = 0
    notes: tuple[str, ...] = ()

    @property
    def unlabelled(self) -> int:
        """Count the rows without a target."""
        return len(self.skipped)

    def rejected_csv(self) -> bytes:
        """Return the rejected rows as a CSV, with line and reasons."""
        text: str = self.rejected.to_csv(index=False, lineterminator="\n")
        return text.encode()

    def words(self) -> str:
        """Write the rejected rows by rule: "out_of_range 35, duplicate 145"."""
        return ", ".join(f"{rule} {count}" for rule, count in self.counts.items())

    def without(self, raw: pd.DataFrame, dropped: pd.Series, rule: str, note: str) -> Cleaned:
        """Return this with accepted rows rejected, each for its reason, and a note more.

        `raw` is what was cleaned; `dropped` has reasons by the rows' positions in it.
        """
        notes = (*self.notes, *([note] if note else []))
        if dropped.empty:
            return replace(self, notes=notes)
        rows, counts = self.rows.drop(dropped.index), {**self.counts, rule: len(dropped)}
        more = _as_rejected(_by_line(raw), dropped.index.to_numpy(), dropped.tolist())
        rejected = pd.concat([self.rejected, more]).sort_index(kind="stable")
        return replace(self, rows=rows, counts=counts, rejected=rejected, notes=notes)

    def quality(self) -> dict[str, object]:
        """Return the counts for metrics/<dataset>/quality.json; what there is none of is left out.

        That holds for rows without a target and for those that are alike.
        """
        some = {"unlabelled": self.unlabelled, "alike": self.alike}
        return {
            "rows": self.total,
            "accepted": len(self.rows),
            "rejected": len(self.rejected),
            "rejected_share": round(len(self.rejected) / self.total, 6),
            "by_rule": self.counts,
            **{name: count for name, count in some.items() if count},
        }


@dataclass
class _Faults:
    """Collect the rules that each row breaks; `column` is the one that is looked at."""

    rows: int
    column: str = ""
    reasons: dict[int, list[str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    columns: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    unread: np.ndarray | None = None  # the rows that the source got wrong: their cells say nothing

    def add_of_source(self, places: pd.Index, of_source: Mapping[object, Fault]) -> None:
        """Add what is wrong with rows before any column is looked at."""
        self.unread = np.asarray(places.isin(list(of_source)))
        for position in np.flatnonzero(self.unread):
            fault = of_source[places[position]]
            self.counts[fault.rule] += 1
            self.reasons[int(position)] = [fault.words]

    def add(
        self, rule: str, broken: np.ndarray, words: str, cells: pd.Series | None = None
    ) -> None:
        positions = np.flatnonzero(broken if self.unread is None else broken & ~self.unread)
        self.counts[rule] += len(positions)
        if len(positions):
            self.columns[self.column, rule] = positions
        for position in positions:
            cell = "" if cells is None else f": {str(cells.iloc[position])[:60]!r}"
            self.reasons.setdefault(int(position), []).append(f"{words}{cell}")

    def ok(self) -> np.ndarray:
        mask = np.ones(self.rows, dtype=bool)
        mask[list(self.reasons)] = False
        return mask


def clean(
    raw: pd.DataFrame, dataset: Dataset, of_source: Mapping[object, Fault] | None = None
) -> Cleaned:
    """Apply the schema's rules and the rule on duplicates to rows of text.

    `of_source` says by place which rows the source itself got wrong.

    Numbers and integers become float64, categories and text str; the index is the row's position
    in the source. Columns that the dataset does not name tell with `duplicates: whole` which rows
    are one. Raises UserError if more than `max_rejected` of the rows with a target are faulty
    (duplicates are dropped, but are not faults) or none is left.
    """
    raw = _by_line(raw)
    truths = raw[dataset.target.name].str.strip()
    multilabel.check_cells(truths, dataset)
    places = _labelled(truths, dataset, of_source or {})
    some = raw.iloc[places]
    rows, faults = _typed(some, dataset.columns(), dataset, of_source)
    faulty = ~faults.ok()
    diagnoses = diagnosis.diagnose(some, faults.columns, dataset)
    _check_share(some, faults, faulty, diagnoses, dataset)
    _check_weights(rows[~faulty], dataset)
    alike = _mark_duplicates(some, rows, faulty, dataset, faults)
    notes = [*_notes(raw, len(some), alike, dataset), *diagnoses]
    accepted = rows.set_axis(pd.Index(places))[faults.ok()]
    rejected = _rejected(some, faults)
    counts = {rule: count for rule, count in faults.counts.items() if count}
    skipped = raw.iloc[np.setdiff1d(np.arange(len(raw)), places)]
    return Cleaned(accepted, rejected, counts, len(raw), skipped, alike, tuple(notes))


def _by_line(raw: pd.DataFrame) -> pd.DataFrame:
    """Return rows by the line on which each begins in its source; by its number without one."""
    if raw.index.name == LINE:
        return raw
    return raw.set_axis(pd.RangeIndex(FIRST_LINE, FIRST_LINE + len(raw), name=LINE))


def _notes(raw: pd.DataFrame, labelled: int, alike: int, dataset: Dataset) -> Iterator[str]:
    """Say how many rows have no target, and how many are kept though they say the same."""
    target, missing = dataset.target.name, len(raw) - labelled
    if missing:
        yield f"{missing:,} of {len(raw):,} rows have no {target} and are skipped"
        yield from diagnosis.taken_as_missing(target, raw[target], dataset)
    if alike:
        rows = "1 row says" if alike == 1 else f"{alike:,} rows say"
        yield (
            f"{rows} the same as an earlier one in all that the YAML names: kept, and left out "
            "with duplicates: drop"
        )


def _labelled(truths: pd.Series, dataset: Dataset, of_source: Mapping[object, Fault]) -> np.ndarray:
    """Return the positions of the rows that have a target; raise UserError if none has.

    Rows that the source got wrong are among them: they are rejected, whatever their cells say.
    """
    target = dataset.target
    is_missing = _missing(target.name, truths, dataset, target.listed())
    places = np.flatnonzero(~is_missing | truths.index.isin(list(of_source)))
    if not len(places):
        raise UserError(
            f"No row of '{dataset.name}' has a {target.name}.",
            given=f"{len(truths):,} rows without one",
            fix="check that target.name is the right column; without a target nothing is learnt",
        )
    return places


def with_others(raw: Raw, dataset: Dataset) -> pd.DataFrame:
    """Return the dataset's columns, then those that it does not name, which tell rows apart."""
    others = raw.whole.drop(columns=names_in(raw.whole, dataset))
    others = others[named(others)]
    # No column of a dataset begins with a blank.
    names = [f" {name}" if name in raw.frame else name for name in others]
    return pd.concat([raw.frame, others.set_axis(names, axis="columns")], axis=1)


def names_in(whole: pd.DataFrame, dataset: Dataset) -> list[str]:
    """List what a source calls the dataset's columns; blanks around a name do not count."""
    names = dict.fromkeys(dataset.source_columns().values())
    return [name if name in whole else name.strip() for name in names]


def typed(
    raw: pd.DataFrame, names: Sequence[str], dataset: Dataset
) -> tuple[pd.DataFrame, np.ndarray]:
    """Type some columns of rows of text; return them, and which rows break no rule of theirs."""
    rows, faults = _typed(raw.reset_index(drop=True), names, dataset)
    return rows, faults.ok()


def _typed(
    raw: pd.DataFrame,
    names: Sequence[str],
    dataset: Dataset,
    of_source: Mapping[object, Fault] | None = None,
) -> tuple[pd.DataFrame, _Faults]:
    faults, columns = _Faults(len(raw)), {}
    if of_source:
        faults.add_of_source(raw.index, of_source)
    for name in names:
        faults.column = name
        typed_cells = _column(name, raw[name].str.strip(), dataset, faults)
        columns[name] = _canonical(typed_cells) if _is_open(name, dataset) else typed_cells
    return pd.DataFrame(columns, index=raw.index).reset_index(drop=True), faults


def _is_open(name: str, dataset: Dataset) -> bool:
    """Tell whether a column has words that nobody lists: of a category, a key, an id, a class."""
    if name == dataset.target.name:
        return dataset.task != "regression" and dataset.target.values is None
    if name in dataset.features:
        feature = dataset.features[name]
        return isinstance(feature, Id) or (
            isinstance(feature, Category) and feature.listed() is None
        )
    return name in {*dataset.key, *dataset.group_columns}


def _canonical(cells: pd.Series) -> pd.Series:
    """Write each cell in the one spelling of its value; what is missing stays missing."""
    if not is_string_dtype(cells) and cells.dtype != object:
        return cells
    written = [cell for cell in cells.unique() if isinstance(cell, str)]
    other = {cell: text for cell in written if (text := canonical(cell)) != cell}
    return cells.map(lambda cell: other.get(cell, cell)).astype(cells.dtype) if other else cells


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
            return _as_listed(cells, listed).mask(missing, None)
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
    listed = target.listed()
    missing = _missing(target.name, cells, dataset, listed)
    faults.add("missing", missing, f"{target.name} is missing")
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
    values = _as_listed(cells, listed)
    unknown = ~missing & ~np.asarray(values.isin(listed))
    faults.add("unknown_category", unknown, f"{name} is not one of its values", cells)
    return values.mask(missing, None)


def _as_listed(cells: pd.Series, listed: list[str]) -> pd.Series:
    """Write cells as the values are listed: 1.0 as 1, and 01 as well if all values are numbers."""
    numbers = {}
    for value in listed:
        try:
            numbers[float(value)] = value
        except ValueError:
            return cells.where(cells.isin(listed), _canonical(cells))
    parsed = pd.to_numeric(cells, errors="coerce")
    spelt_otherwise = parsed.isin(list(numbers)) & ~cells.isin(listed)
    return parsed.map(numbers).where(spelt_otherwise, cells).astype(cells.dtype)


def _check_share(
    raw: pd.DataFrame,
    faults: _Faults,
    faulty: np.ndarray,
    diagnoses: Sequence[str],
    dataset: Dataset,
) -> None:
    count, total = int(faulty.sum()), len(raw)
    if count < total and count <= dataset.max_rejected * total:
        return
    rejected = _rejected(raw, faults).head(SHOWN)
    columns = "".join(f"\n  {said}" for said in diagnoses[:MOST_COLUMNS])
    shown = "".join(f"\n  {said}" for said in reasons(rejected))
    raised = math.ceil(count / total * 100) / 100
    raise UserError(
        f"{count} of {total} rows of '{dataset.name}' break the rules, more than max_rejected "
        f"({dataset.max_rejected:.1%}) allows.{columns}\nThe first {len(rejected)}:{shown}",
        given=", ".join(f"{rule} {count}" for rule, count in faults.counts.items() if count),
        fix="where the rows are right, see what the YAML should say "
        f"(python -m src.describe update=true name={dataset.name} source=<the file>); "
        "mend the data where they are not"
        + (f", or leave them out: dataset.max_rejected={raised:g}" if count < total else ""),
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
    raw: pd.DataFrame, rows: pd.DataFrame, faulty: np.ndarray, dataset: Dataset, faults: _Faults
) -> int:
    """Mark the rows that are one with an earlier one; count those that say the same and stay."""
    rule, good = dataset.duplicates, rows[~faulty]
    alike = np.zeros(len(rows), dtype=bool)
    alike[~faulty] = good.duplicated(dataset.identity()).to_numpy()
    dropped = np.zeros_like(alike) if rule == "keep" else alike
    if rule == "whole" and alike.any() and raw.shape[1] > len(dataset.columns()):
        dropped = np.zeros_like(alike)
        dropped[~faulty] = whole(good, raw[~faulty], dataset).duplicated().to_numpy()
    words = "the same key as" if rule == "first" else "the same as"
    faults.column = ""
    faults.add(DUPLICATE, dropped, f"{words} an earlier row")
    return int((alike & ~dropped).sum())


def whole(rows: pd.DataFrame, raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return all that typed rows say, with what their text says in columns without a type."""
    others = raw.drop(columns=dataset.columns()).apply(lambda cells: cells.str.strip())
    return pd.concat([rows[dataset.identity()], others.set_axis(rows.index)], axis=1)


def reasons(rejected: pd.DataFrame) -> list[str]:
    """Return each rejected row's line and why it was rejected."""
    pairs = zip(rejected.iloc[:, 0], rejected.iloc[:, 1], strict=True)
    return [f"line {line}: {why}" for line, why in pairs]


def _rejected(raw: pd.DataFrame, faults: _Faults) -> pd.DataFrame:
    positions = sorted(faults.reasons)
    return _as_rejected(raw, positions, ["; ".join(faults.reasons[at]) for at in positions])


def _as_rejected(
    raw: pd.DataFrame, positions: Sequence[int] | np.ndarray, reasons: list[str]
) -> pd.DataFrame:
    rejected = raw.iloc[positions].copy()
    for at, (name, values) in enumerate((("line", raw.index[positions]), ("reasons", reasons))):
        while name in rejected.columns:  # a feature may have one of these names too
            name = f"rejected_{name}"
        rejected.insert(at, name, values)
    return rejected
