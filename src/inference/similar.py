"""Find the training rows most similar to a record: equal in some columns, nearest in another.

similar.json       the columns, their levels, and the groups of equal rows with their positions
similar_keys.npy   the column to be near in, group by group, ascending within a group
similar_rows.npy   the rows in the same order, with their positions in training

The arrays are memory-mapped: what a look-up does not touch stays on disk, and workers share what
they touch.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from src.data.features import Category, Integer, Number, Text
from src.data.kinds.spelling import canonical
from src.data.schema import Dataset
from src.inference import bundle
from src.support import files

if TYPE_CHECKING:  # a service does without it, and it takes half a second to import
    import pandas as pd

HEADER, KEYS, ROWS = "similar.json", "similar_keys.npy", "similar_rows.npy"
PLACE = "place"  # of a row in training, which breaks ties


@dataclass(frozen=True)
class Found:
    """The nearest rows, nearest first, and how many rows are equal in the required columns.

    An item has `features`, `target` and `distance` (in ranks for an ordered category).
    """

    items: list[dict[str, Any]]
    available: int


def build(rows: pd.DataFrame, dataset: Dataset) -> dict[str, bytes]:
    """Return the files of a look-up among these rows; none if the dataset configures none.

    Rows without a value in the column to be near in are left out.
    """
    if dataset.similar is None:
        return {}
    nearest, same = dataset.similar.nearest, dataset.similar.same
    texts = [name for name in dataset.features if isinstance(dataset.features[name], Text)]
    names = [name for name in dataset.features if name not in texts or name in same]
    cells = {name: _cells(rows, name, dataset) for name in [*names, dataset.target.name]}
    near = _near(rows, nearest, dataset)
    group = _group([cells[name] for name in same], len(rows))
    order = np.lexsort((near, group))  # stable: ties keep the order of the rows
    order = order[np.isfinite(near[order])]
    kinds = [(f"f{at}", cell.codes.dtype) for at, cell in enumerate(cells.values())]
    table = np.empty(len(order), dtype=[*kinds, (PLACE, "<u4")])
    for (field, _), cell in zip(kinds, cells.values(), strict=True):
        table[field] = cell.codes[order]
    table[PLACE] = order
    header = {
        "columns": [{"name": name, **cell.described()} for name, cell in cells.items()],
        "nearest": nearest,
        "ranks": _ranks(nearest, dataset),
        "same": same,
        "groups": _groups(group[order], [cells[name] for name in same], order),
    }
    return {
        HEADER: files.json_bytes(header),
        KEYS: _npy(near[order]),
        ROWS: _npy(table),
    }


@dataclass(frozen=True)
class _Cells:
    """A column as numbers: its own, or positions in `levels`, whose last is None."""

    codes: np.ndarray
    levels: list[str | None] | None
    whole: bool = False

    def described(self) -> dict[str, Any]:
        return {"levels": self.levels, "whole": self.whole}

    def value(self, at: int) -> Any:
        return _value(self.codes[at].item(), self.levels, self.whole)


def _cells(rows: pd.DataFrame, name: str, dataset: Dataset) -> _Cells:
    feature = dataset.features.get(name)
    is_target = feature is None
    if isinstance(feature, Number | Integer) or (is_target and dataset.task == "regression"):
        numbers = rows[name].to_numpy(dtype="<f8")
        return _Cells(numbers, None, isinstance(feature, Integer))
    codes, levels = rows[name].factorize()
    kind = np.min_scalar_type(len(levels)).newbyteorder("<")
    last = np.where(codes < 0, len(levels), codes)
    return _Cells(last.astype(kind), [*map(str, levels), None])


def _near(rows: pd.DataFrame, name: str, dataset: Dataset) -> np.ndarray:
    """Return the column to be near in as numbers, NaN where it is missing."""
    ranks = _ranks(name, dataset)
    if ranks is None:
        return rows[name].to_numpy(dtype="<f8")
    return rows[name].astype(object).map(ranks).to_numpy(dtype="<f8")


def _ranks(name: str, dataset: Dataset) -> dict[str, float] | None:
    feature = dataset.features[name]
    return feature.ranks() if isinstance(feature, Category) else None


def _group(columns: list[_Cells], count: int) -> np.ndarray:
    """Assign each row the number, from 0, of its group of rows equal in the columns."""
    group = np.zeros(count, dtype=np.int64)
    for cells in columns:
        _, codes = np.unique(cells.codes, return_inverse=True)
        _, group = np.unique(group * (codes.max(initial=0) + 1) + codes, return_inverse=True)
    return group


def _groups(group: np.ndarray, columns: list[_Cells], order: np.ndarray) -> list[list[Any]]:
    """List each group's values and its slice of the rows: [[...], start, stop]."""
    edges = [*np.flatnonzero(np.diff(group, prepend=-1)).tolist(), len(group)]
    return [
        [[cells.value(order[start]) for cells in columns], start, stop]
        for start, stop in itertools.pairwise(edges)
    ]


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _value(code: float, levels: list[str | None] | None, whole: bool) -> Any:
    if levels is not None:
        return levels[int(code)]
    if code != code:
        return None
    return int(code) if whole else code


class Similar:
    """Look up similar rows in a bundle's files; thread-safe."""

    def __init__(self, header: Mapping[str, Any], keys: np.ndarray, rows: np.ndarray) -> None:
        self._same: list[str] = header["same"]
        self._nearest: str = header["nearest"]
        self._ranks: dict[str, float] | None = header["ranks"]
        self._groups = {tuple(values): (start, stop) for values, start, stop in header["groups"]}
        for values, place in list(self._groups.items()):  # as other spellings are looked up
            known = tuple(canonical(one) if isinstance(one, str) else one for one in values)
            self._groups.setdefault(known, place)
        columns = [(one["name"], one["levels"], one["whole"]) for one in header["columns"]]
        *self._features, self._target = columns
        self._keys = keys
        self._rows = rows

    @classmethod
    def load(cls, path: Path, manifest: Mapping[str, Any]) -> Similar:
        """Memory-map a bundle's files after checking each against the manifest.

        Raises UserError if a file is missing or has changed.
        """
        header = json.loads(bundle.verified(path, HEADER, manifest))
        keys, rows = (_mapped(path, name, manifest) for name in (KEYS, ROWS))
        return cls(header, keys, rows)

    def find(self, values: Mapping[str, Any], n: int) -> Found:
        """Find the n rows nearest to a record, or as many as there are.

        `values` has at least the columns to be equal and near in, as the model sees them. Ties are
        in training order.
        """
        wanted = values[self._nearest]
        wanted = wanted if self._ranks is None else self._ranks.get(wanted)
        start, stop = self._groups.get(tuple(values[name] for name in self._same), (0, 0))
        if wanted is None:
            return Found([], stop - start)
        at = _candidates(self._keys[start:stop], wanted, n) + start
        distance = np.abs(self._keys[at] - wanted)
        rows = self._rows[at]
        chosen = np.lexsort((rows[PLACE], distance))[:n]
        pairs = zip(rows[chosen].tolist(), distance[chosen].tolist(), strict=True)
        return Found([self._item(row, far) for row, far in pairs], stop - start)

    def _item(self, row: tuple[Any, ...], distance: float) -> dict[str, Any]:
        *codes, target, _ = row
        features = {
            name: _value(code, levels, whole)
            for (name, levels, whole), code in zip(self._features, codes, strict=True)
        }
        _, levels, whole = self._target
        return {
            "features": features,
            "target": _value(target, levels, whole),
            "distance": float(f"{distance:.12g}"),  # not 0.2999999999999545
        }


def _candidates(keys: np.ndarray, wanted: float, n: int) -> np.ndarray:
    """Return positions among which the n nearest are: some 3 n, however many keys there are.

    To the right equal keys come in the order of training, and so the first n will do. To the left
    they come last to first: of the outermost key there may be earlier rows than the ones at hand.
    """
    middle = int(np.searchsorted(keys, wanted))
    left = max(0, middle - n)
    right = min(len(keys), middle + n)
    first = int(np.searchsorted(keys, keys[left])) if left < middle else left
    return np.concatenate([np.arange(first, min(first + n, left)), np.arange(left, right)])


def _mapped(path: Path, name: str, manifest: Mapping[str, Any]) -> np.ndarray:
    """Memory-map an array after checking its file against the manifest."""
    try:
        with (path / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        digest = None
    if digest is None or digest != manifest["files"].get(name):
        bundle.verified(path, name, manifest)  # raises UserError
    # As a plain array: slices of a memmap take longer to make than to search.
    return np.asarray(np.load(path / name, mmap_mode="r", allow_pickle=False))
