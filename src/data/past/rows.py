"""The past of typed rows: each window of `derived`, and the last rows of each series, to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.data import groups, moments
from src.data.features import Date, Datetime, written_by
from src.data.kinds.spelling import spelt
from src.data.past.series import Track
from src.data.past.steps import REGULAR, TOLERANCE, Step, find
from src.data.schema import Dataset
from src.support.errors import UserError

MOST = 500_000  # numbers that a bundle keeps: some ten megabytes


class _Series(NamedTuple):
    """The positions of a series' rows in a table, in order of time, and when each was."""

    rows: np.ndarray
    when: np.ndarray


def added(rows: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return cleaned rows with a column for each window of the past, if the dataset has any."""
    return Past.of(rows, dataset).added() if dataset.windows() else rows


@dataclass(frozen=True)
class Past:
    """Cleaned rows of a dataset with windows, in their series, and the step between two of them."""

    dataset: Dataset
    rows: pd.DataFrame
    series: list[_Series]
    step: Step

    @classmethod
    def of(cls, rows: pd.DataFrame, dataset: Dataset) -> Past:
        """Order the rows; raise UserError where two have one time, or the step varies."""
        series = list(_series(rows, dataset))
        return cls(dataset, rows, series, _step(series, rows, dataset))

    def added(self) -> pd.DataFrame:
        """Return the rows with a column for each window, in the order of features.

        A row's past are rows of its own series before it in time, on whichever side of the split:
        when a later row is asked about, their values are there. Raises UserError where two rows of
        a series are in one step.
        """
        windows = self.dataset.windows()
        looked_at = {window.column for window in windows.values()}
        cells = {column: self.rows[column].to_numpy(dtype=np.float64) for column in looked_at}
        columns = {name: np.full(len(self.rows), np.nan) for name in windows}
        for one in self.series:
            positions = self.step.positions(one.when)
            # Two days of a month are one step.
            _check_apart(positions, one, self.rows, self.dataset)
            tracks = {name: Track.of(positions, values[one.rows]) for name, values in cells.items()}
            for name, window in windows.items():
                columns[name][one.rows] = tracks[window.column].look(window, positions)
        return self.rows.assign(**columns)

    def notes(self) -> list[str]:
        """Say by which step windows look back, and which see what split.gap says nobody can."""
        windows = self.dataset.windows()
        gap = self.dataset.split.gap
        near = [
            f"{name} looks at {window.column} {window.first} steps back, and by split.gap: {gap} "
            f"the last {gap} are not there yet when a row is asked about: begin at {gap + 1}"
            for name, window in windows.items()
            if window.column == self.dataset.target.name and window.first <= gap
        ]
        return [f"{', '.join(windows)}: a step is {self.step.words()}", *near]

    def kept(self) -> bytes:
        """Write the last rows of each series, as far as a window looks.

        {"step": ..., "series": [{"of": its values of group, "first": its first time, "when": [...],
        "values": {column: [...]}}, ...]}; times and values are numbers. Raises UserError where
        these are more than a bundle keeps.
        """
        windows = self.dataset.windows().values()
        names = list(dict.fromkeys(window.column for window in windows))
        longest = max(window.last for window in windows)
        series: list[dict[str, Any]] = []
        count = 0
        for one in self.series:
            positions = self.step.positions(one.when)
            last = positions > positions[-1] - longest + TOLERANCE
            count += int(last.sum()) * (1 + len(names))
            _check_size(count, len(self.series), longest, self.dataset)
            series.append(self._plain(one, last, names))
        document = {"step": self.step.plain(), "series": series}
        return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()

    def _plain(self, one: _Series, last: np.ndarray, names: list[str]) -> dict[str, Any]:
        at = one.rows[last]
        return {
            "of": [str(self.rows[name].iloc[at[0]]) for name in self.dataset.series],
            "first": float(one.when[0]),
            "when": one.when[last].tolist(),
            "values": {name: _numbers(self.rows[name].iloc[at]) for name in names},
        }


def _numbers(cells: pd.Series) -> list[float | None]:
    return [None if np.isnan(value) else value for value in cells.astype(np.float64).tolist()]


def _series(rows: pd.DataFrame, dataset: Dataset) -> Iterator[_Series]:
    """Yield the rows of each series in order of time; raise UserError where two have one time."""
    when = moments.of(rows, dataset)
    assert when is not None  # the schema asks for a split by time
    names = dataset.series
    codes = groups.number(rows, names) if names else np.zeros(len(rows), dtype=np.int64)
    order = np.lexsort((when, codes))
    borders = np.flatnonzero(np.diff(codes[order])) + 1
    for part in np.split(order, borders) if len(order) else []:
        one = _Series(part, when[part])
        _check_apart(one.when, one, rows, dataset)
        yield one


def _step(every: list[_Series], rows: pd.DataFrame, dataset: Dataset) -> Step:
    feature = dataset.features[str(dataset.split.column)]
    step, share = find([one.when for one in every], are_days=isinstance(feature, Date | Datetime))
    if step is None:
        raise UserError(
            f"The rows of '{dataset.name}' are no fixed step apart, so nobody can say which row is "
            "so many steps before another.",
            given=f"{share:.0%} of {len(rows):,} rows follow the one before after whole steps; "
            f"{REGULAR:.0%} have to",
            fix=f"round '{dataset.split.column}' to hours, days or months, or take the windows out "
            "of derived",
        )
    return step


def _check_apart(positions: np.ndarray, one: _Series, rows: pd.DataFrame, dataset: Dataset) -> None:
    """Raise UserError where two rows of a series have one position, which ascend."""
    same = np.flatnonzero(np.diff(positions) == 0)
    if not len(same):
        return
    at = same[0] + 1
    feature = dataset.features[str(dataset.split.column)]
    moment = written_by(feature, lambda value: f"{value:.15g}")(float(one.when[at]))
    row = rows.iloc[one.rows[at]]
    of = "".join(f", {name} {_word(row[name])}" for name in dataset.series)
    raise UserError(
        f"Several rows of '{dataset.name}' have one time, so nobody can say which of them a later "
        "row looks back to.",
        given=f"{dataset.split.column} {moment}{of}; {len(same):,} of its rows",
        choices=["group: <the columns that tell one series from another>", "one row of each time"],
        fix="name what tells them apart in group, or leave one of them in the data",
    )


def _word(value: Any) -> str:
    return spelt(value) if isinstance(value, float) else str(value)


def _check_size(count: int, series: int, longest: int, dataset: Dataset) -> None:
    if count > MOST:
        raise UserError(
            f"The past that a service needs of '{dataset.name}' is too large to keep in a bundle.",
            given=f"the last {longest:,} rows of {series:,} series are more than {MOST:,} numbers",
            fix="look less far back, name fewer columns, or train on fewer series",
        )
