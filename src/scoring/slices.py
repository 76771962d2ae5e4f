"""The rows of a source in slices of the same size, wherever its batches end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from src.data.sources import Raw

TEXT = pa.large_string()


@dataclass(frozen=True)
class Slice:
    """Rows as text under the source's names, and by position what the source got wrong in words.

    `first` and `last` are the places of its rows at the ends.
    """

    number: int
    names: list[str]
    table: pa.Table
    faults: Mapping[int, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def sha256(self) -> str:
        """Return the hash of the names and of all cells."""
        digest = hashlib.sha256("\0".join(self.names).encode())
        for column in self.table.columns:
            for chunk in column.chunks:
                _, offsets, letters = chunk.buffers()
                places = np.frombuffer(offsets, np.int64)[chunk.offset :][: len(chunk) + 1]
                digest.update(np.diff(places).tobytes())
                if letters is not None:
                    digest.update(memoryview(letters)[places[0] : places[-1]])
        return digest.hexdigest()


def of(batches: Iterable[Raw], rows: int) -> Iterator[Slice]:
    """Yield slices of so many rows; the last one has what is left."""
    waiting: list[_Part] = []
    number = held = 0
    for raw in batches:
        waiting.append(_Part.of(raw))
        held += len(waiting[-1])
        while held >= rows:
            taken, waiting = _taken(waiting, rows)
            yield _joined(number, taken)
            number, held = number + 1, held - rows
    if held:
        yield _joined(number, waiting)


@dataclass(frozen=True)
class _Part:
    """Rows of a batch."""

    names: list[str]
    table: pa.Table
    faults: Mapping[int, str]
    places: object

    @classmethod
    def of(cls, raw: Raw) -> _Part:
        whole = raw.whole
        columns = [
            pa.chunked_array(whole.iloc[:, at].array.__arrow_array__()).cast(TEXT)
            for at in range(whole.shape[1])
        ]
        at = whole.index.get_indexer(list(raw.faults)) if raw.faults else []
        faults = {
            int(place): fault.words for place, fault in zip(at, raw.faults.values(), strict=True)
        }
        table = pa.table(columns, names=[f"{at}" for at in range(len(columns))])
        return cls(list(whole.columns), table, faults, whole.index)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def cut(self, start: int, stop: int) -> _Part:
        faults = {at - start: words for at, words in self.faults.items() if start <= at < stop}
        table = self.table.slice(start, stop - start)
        return _Part(self.names, table, faults, self.places[start:stop])  # type: ignore[index]


def _taken(waiting: list[_Part], rows: int) -> tuple[list[_Part], list[_Part]]:
    """Take so many rows from the parts, and return what is left."""
    taken: list[_Part] = []
    for at, part in enumerate(waiting):
        if len(part) > rows:
            return [*taken, part.cut(0, rows)], [part.cut(rows, len(part)), *waiting[at + 1 :]]
        taken.append(part)
        rows -= len(part)
        if not rows:
            return taken, waiting[at + 1 :]
    return taken, []


def _joined(number: int, parts: list[_Part]) -> Slice:
    faults: dict[int, str] = {}
    start = 0
    for part in parts:
        faults.update({start + at: words for at, words in part.faults.items()})
        start += len(part)
    table = pa.concat_tables([part.table for part in parts]).combine_chunks()
    first, last = parts[0].places[0], parts[-1].places[-1]  # type: ignore[index]
    return Slice(number, parts[0].names, table, faults, str(first), str(last))
