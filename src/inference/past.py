"""The past of records, from the last rows of each series that a bundle keeps."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src.data.features import written_by
from src.data.kinds.spelling import spelt
from src.data.past.series import NAME, Track
from src.data.past.steps import TOLERANCE, Step
from src.data.schema import Dataset
from src.inference import bundle
from src.inference.scalar_expressions import Record
from src.support.errors import UserError


@dataclass(frozen=True)
class _Series:
    """The last rows of a series: from where to where they go, in steps, and what they have."""

    first: float  # the series' first row of all
    start: float
    end: float
    tracks: Mapping[str, Track]


class Past:
    """What windows of the past come to, by the rows that a version was trained on; thread-safe."""

    def __init__(self, dataset: Dataset, document: Mapping[str, Any]) -> None:
        """Take what `src.data.past.rows.kept` wrote."""
        names = list(dataset.features)
        self._time = str(dataset.split.column)
        self._when = names.index(self._time)
        self._of = [(name, names.index(name)) for name in dataset.series]
        self._windows = dataset.windows()
        self._places = [(names.index(name), name) for name in self._windows]
        self._write = written_by(dataset.features[self._time], lambda value: f"{value:.15g}")
        self.step = Step.of(document["step"])
        self._series = {tuple(one["of"]): self._read(one) for one in document["series"]}

    @classmethod
    def load(cls, path: Path, manifest: Mapping[str, Any], dataset: Dataset) -> Past | None:
        """Load the past of a bundle; None where its dataset has no windows.

        Raises UserError if the file is not the one that was trained.
        """
        if not dataset.windows():
            return None
        return cls(dataset, json.loads(bundle.verified(path, NAME, manifest)))

    def value(self, name: str, record: Record) -> float | None:
        """Return what a window of a record comes to; None where there was nothing.

        Raises UserError where it lies beyond the rows that are kept.
        """
        series, window = self._of_record(name, record), self._windows[name]
        (at,) = positions = self.step.positions(np.array([record[self._when]], dtype=np.float64))
        nearest, farthest = at - window.first, at - window.last
        is_whole = series.start == series.first  # there is nothing before it
        is_early = farthest < series.start - TOLERANCE and not is_whole
        if nearest > series.end + TOLERANCE or is_early:
            raise self._beyond(name, record, (farthest, nearest), series)
        (value,) = series.tracks[window.column].look(window, positions).tolist()
        return None if math.isnan(value) else value

    def completed(self, record: Record) -> Record:
        """Return a record with all that is missing of its past; raise UserError as `value` does."""
        values = list(record)
        for at, name in self._places:
            if values[at] is None:
                values[at] = self.value(name, record)
        return tuple(values)

    def until(self, record: Record) -> str:
        """Return when the last row was of a record's series, whose past is kept."""
        return self.step.moment(self._series[self._key(record)].end, self._write)

    def _read(self, series: Mapping[str, Any]) -> _Series:
        positions = self.step.positions(np.array(series["when"], dtype=np.float64))
        (first,) = self.step.positions(np.array([series["first"]], dtype=np.float64)).tolist()
        tracks = {
            name: Track.of(positions, np.array(values, dtype=np.float64))
            for name, values in series["values"].items()
        }
        return _Series(first, float(positions[0]), float(positions[-1]), tracks)

    def _key(self, record: Record) -> tuple[str, ...]:
        return tuple(str(record[at]) for _, at in self._of)

    def _of_record(self, name: str, record: Record) -> _Series:
        series = self._series.get(self._key(record))
        if series is None:
            # Which ones there are is not said: they may be persons.
            raise UserError(
                f"{name} is missing, and the service has no past of this series.",
                given=self._said(record),
                choices=_sent(name),
                fix=f"send {name}, or train a version on rows of the series",
            )
        return series

    def _beyond(
        self, name: str, record: Record, looked: Sequence[float], series: _Series
    ) -> UserError:
        window = self._windows[name]
        farthest, nearest, start, end = (
            self.step.moment(one, self._write) for one in (*looked, series.start, series.end)
        )
        span = nearest if farthest == nearest else f"{farthest} to {nearest}"
        return UserError(
            f"{name} is missing, and the past that the service has of this series does not reach "
            "so far.",
            given=f"{self._said(record)}: it looks at {window.column} of {span}, and there is "
            f"{start} to {end}",
            choices=_sent(name),
            fix=f"send {name}, or train a version on rows that reach so far",
        )

    def _said(self, record: Record) -> str:
        of = "".join(f", {name} {_word(record[at])}" for name, at in self._of)
        return f"{self._time} {self._write(record[self._when])}{of}"


def _word(value: str | float) -> str:
    return value if isinstance(value, str) else spelt(value)


def _sent(name: str) -> list[str]:
    return [f"{name}: a number", f"{name}: null, where nothing was before"]
