"""What became of the rows of a source: those that were accepted, and why the others were not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from src.data.coded import TEXT, Batch, Column, Rows
from src.data.sources import OF_SOURCE

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


_COMMA, _END = pa.scalar(",", TEXT), (pa.scalar("", TEXT), pa.scalar("\n", TEXT))


@dataclass(frozen=True)
class Cleaned:
    """Typed rows, and the rejected rows as text, after the line of each and its reasons.

    `without_target` are, as text, the rows that are neither; `alike` counts accepted rows that say
    the same as an earlier one. `notes` are sentences on both, and on odd columns. `texts` are the
    accepted rows as text, of classes that may turn out to be too rare; their index is the line.
    `past` are the last rows of each series, which a service looks back to, if the dataset does.
    """

    accepted: Rows
    refused: Rows
    counts: dict[str, int]
    total: int
    without_target: Rows
    alike: int = 0
    notes: tuple[str, ...] = ()
    texts: Rows | None = None
    past: bytes | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The accepted rows; their index is the position in the source."""
        return self.accepted.frame()

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """The rejected rows."""
        return self.refused.frame()

    @cached_property
    def skipped(self) -> pd.DataFrame:
        """The rows without a target."""
        return self.without_target.frame()

    @property
    def unlabelled(self) -> int:
        """Count the rows without a target."""
        return len(self.without_target)

    def rejected_csv(self) -> bytes:
        """Return the rejected rows as a CSV, with line and reasons."""
        return b"".join(self.csv_blocks())

    def csv_blocks(self) -> Iterator[bytes]:
        """Yield the same a batch of rows at a time."""
        head = io.StringIO()
        csv.writer(head, lineterminator="\n").writerow(self.refused.columns)
        yield head.getvalue().encode()
        for batch in self.refused.batches:
            if len(batch):
                yield _lines(batch)

    def words(self) -> str:
        """Write the rejected rows by rule: "out_of_range 35, duplicate 145"."""
        return ", ".join(f"{rule} {count}" for rule, count in self.counts.items())

    def without(self, dropped: pd.Series, rule: str, note: str) -> Cleaned:
        """Return this with accepted rows rejected, each for its reason, and a note more.

        `dropped` has reasons by the rows' positions in the source.
        """
        notes = (*self.notes, *([note] if note else []))
        if dropped.empty:
            return replace(self, notes=notes)
        assert self.texts is not None
        is_dropped = self.accepted.index.isin(dropped.index)
        reasons = dropped[self.accepted.index[is_dropped]]
        more = refused(Batch.of(self.texts.take(is_dropped).frame()), reasons.tolist())
        every = pd.concat([self.rejected, Rows([more]).frame()]).sort_index(kind="stable")
        return replace(
            self,
            accepted=self.accepted.take(~is_dropped),
            texts=self.texts.take(~is_dropped),
            refused=Rows.of(every),
            counts={**self.counts, rule: len(dropped)},
            notes=notes,
        )

    def quality(self) -> dict[str, object]:
        """Return the counts for metrics/<dataset>/quality.json; what there is none of is left out.

        That holds for rows without a target and for those that are alike.
        """
        some = {"unlabelled": self.unlabelled, "alike": self.alike}
        return {
            "rows": self.total,
            "accepted": len(self.accepted),
            "rejected": len(self.refused),
            "rejected_share": round(len(self.refused) / self.total, 6),
            "by_rule": self.counts,
            **{name: count for name, count in some.items() if count},
        }


def refused(rows: Batch, reasons: list[str] | Column) -> Batch:
    """Put the line of each row, which is its index, and its reasons before its text."""
    columns = dict(rows.columns)
    lines = np.arange(len(rows), dtype=_codes(len(rows)))
    first: dict[str, Column] = {}
    if not isinstance(reasons, Column):
        reasons = Column.of(pd.Series(reasons, dtype="str"))
    ahead = (("line", Column(lines, pd.Series(rows.index))), ("reasons", reasons))
    for name, column in ahead:
        while name in columns or name in first:  # a feature may have one of these names too
            name = f"rejected_{name}"
        first[name] = column
    return Batch({**first, **columns}, rows.index)


def _codes(count: int) -> type[np.signedinteger]:
    return np.int32 if count <= np.iinfo(np.int32).max else np.int64


def reasons(rejected: pd.DataFrame) -> list[str]:
    """Return each rejected row's line and why it was rejected."""
    pairs = zip(rejected.iloc[:, 0], rejected.iloc[:, 1], strict=True)
    return [f"line {line}: {why}" for line, why in pairs]


def _lines(batch: Batch) -> bytes:
    """Write rows as lines of a CSV; each different cell is quoted once, where it must be."""
    cells = [_quoted(column).take(pa.array(column.codes)) for column in batch.columns.values()]
    cells[-1] = pc.binary_join_element_wise(cells[-1], *_END)
    rows = pc.binary_join_element_wise(*cells, _COMMA)
    first, last = np.frombuffer(rows.buffers()[1], np.int64)[[0, len(rows)]]
    return memoryview(rows.buffers()[2])[first:last].tobytes()


def _quoted(column: Column) -> pa.Array:
    texts = pa.array(column.cells, from_pandas=True).cast(TEXT).fill_null("")
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    is_odd = pc.match_substring_regex(texts, '[,"\n\r]')
    if not pc.any(is_odd).as_py():
        return texts
    written = texts.to_pylist()
    for at in np.flatnonzero(is_odd.to_numpy(zero_copy_only=False)):
        one = io.StringIO()
        csv.writer(one, lineterminator="\n").writerow([written[at], ""])
        written[at] = one.getvalue().removesuffix(",\n")
    return pa.array(written, TEXT)
