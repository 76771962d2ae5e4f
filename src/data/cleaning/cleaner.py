"""Rows of text, a batch at a time -> typed rows; every row that breaks a rule is set aside.

What needs all rows is counted on the way, and said and judged at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from src.data import diagnosis, equal_rows, multilabel
from src.data.cleaning import columns
from src.data.cleaning.checks import SHOWN, check_share, check_weights
from src.data.cleaning.faults import Faults
from src.data.cleaning.report import DUPLICATE, RULES, Cleaned, refused
from src.data.coded import Batch, Column, Rows
from src.data.diagnosis import Cells
from src.data.schema import Dataset
from src.data.sources import FIRST_LINE, LINE, Fault
from src.support.errors import UserError


class Cleaner:
    """Applies the schema's rules and the rule on duplicates to the rows that it is given.

    Numbers and integers become float64, categories and text str. Columns that the dataset does not
    name tell with `duplicates: whole` which rows are one. Batches of any size give the same.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._total = self._faulty = self._alike = 0
        self._truths: Counter[str] = Counter()
        self._counts = dict.fromkeys(RULES, 0)
        self._accepted: list[Batch] = []
        self._texts: list[Batch] = []
        self._refused: list[Batch] = []
        self._skipped: list[Batch] = []
        self._first: list[Batch] = []  # faulty rows, for an error
        self._cells = Cells(dataset)
        self._identities, self._wholes = equal_rows.Seen(), equal_rows.Seen()

    def add(self, raw: pd.DataFrame, of_source: Mapping[object, Fault] | None = None) -> None:
        """Take rows of text; `of_source` says by place which the source itself got wrong."""
        dataset = self._dataset
        start, self._total = self._total, self._total + len(raw)
        texts = Batch.of(_by_line(raw, start))
        labelled = self._labelled(texts, of_source or {})
        if not start or not labelled.all():  # the first one has the columns, if it has no rows
            self._skipped.append(texts.take(~labelled))
        if not labelled.all():
            texts = texts.take(labelled)
        rows, faults = columns.typed(texts, dataset.columns(), dataset, of_source)
        self._cells.add(texts, faults.columns)
        good = faults.ok()
        dropped = self._duplicates(texts, rows, good)
        self._refuse(texts, faults, good, dropped)
        kept = good & ~dropped
        places = pd.Index(start + np.flatnonzero(labelled)[kept])
        self._accepted.append(Batch(rows.take(kept).columns, places))
        if dataset.task != "regression" and dataset.rare != "error":
            self._texts.append(texts.take(kept))

    def _labelled(self, texts: Batch, of_source: Mapping[object, Fault]) -> np.ndarray:
        """Return which rows have a target, shape (rows,).

        Rows that the source got wrong are among them: they are rejected, whatever their cells say.
        """
        target = self._dataset.target
        column = texts.columns[target.name]
        cells = column.stripped
        if self._dataset.task != "regression":
            for cell, count in zip(cells, column.counts(), strict=True):
                self._truths[cell] += int(count)
        missing = columns.are_missing(target.name, cells, self._dataset, target.listed())
        self._cells.add_words(target.name, column)
        labelled: np.ndarray = ~missing[column.codes]
        if of_source:
            labelled |= np.asarray(texts.index.isin(list(of_source)))
        return labelled

    def _duplicates(self, texts: Batch, rows: Batch, good: np.ndarray) -> np.ndarray:
        """Return the rows that are one with an earlier one; count those that say the same and stay.

        Only rows that break no rule are compared.
        """
        dataset, dropped = self._dataset, np.zeros(len(good), dtype=bool)
        own = [rows.columns[name].take(good) for name in dataset.identity()]
        alike = self._identities.add(equal_rows.marks(own))
        if dataset.duplicates == "keep":
            self._alike += int(alike.sum())
            return dropped
        others = [name for name in texts.columns if name not in dataset.columns()]
        if dataset.duplicates == "whole" and others:
            more = [_stripped(texts.columns[name].take(good)) for name in others]
            dropped[good] = self._wholes.add(equal_rows.marks([*own, *more]))
        else:
            dropped[good] = alike
        self._alike += int((alike & ~dropped[good]).sum())
        return dropped

    def _refuse(self, texts: Batch, faults: Faults, good: np.ndarray, dropped: np.ndarray) -> None:
        for rule, count in faults.counts.items():
            self._counts[rule] += count
        self._counts[DUPLICATE] += int(dropped.sum())
        self._faulty += int((~good).sum())
        places = np.flatnonzero(~good | dropped)
        if not len(places) and self._refused:
            return
        the_same = "the same key as" if self._dataset.duplicates == "first" else "the same as"
        words = {f"{the_same} an earlier row": 0}
        codes = np.zeros(len(good), dtype=np.int32)
        for position, reasons in faults.reasons.items():
            codes[position] = words.setdefault("; ".join(reasons), len(words))
        why = Column(codes[places], pd.Series(list(words), dtype="str"))
        rejected = refused(texts.take(places), why)
        self._refused.append(rejected)
        if sum(map(len, self._first)) < SHOWN:
            self._first.append(rejected.take(np.flatnonzero(~good[places])[:SHOWN]))

    def finished(self) -> Cleaned:
        """Return what became of the rows.

        Raises UserError if more than `max_rejected` of the rows with a target are faulty
        (duplicates are dropped, but are not faults) or none is left.
        """
        dataset = self._dataset
        multilabel.check_cells(self._truths, dataset)
        skipped = Rows(self._skipped)
        labelled = self._total - len(skipped)
        if not labelled:
            raise UserError(
                f"No row of '{dataset.name}' has a {dataset.target.name}.",
                given=f"{self._total:,} rows without one",
                fix="check that target.name is the right column; without a target nothing is "
                "learnt",
            )
        diagnoses = diagnosis.diagnose(self._cells)
        first = Rows(self._first)
        check_share(self._faulty, labelled, self._counts, first, diagnoses, dataset)
        accepted = Rows(self._accepted)
        if dataset.weight is not None:
            check_weights(accepted[dataset.weight], dataset)
        counts = {rule: count for rule, count in self._counts.items() if count}
        return Cleaned(
            accepted,
            Rows(self._refused),
            counts,
            self._total,
            skipped,
            self._alike,
            (*self._notes(len(skipped)), *diagnoses),
            Rows(self._texts) if self._texts else None,
        )

    def _notes(self, missing: int) -> Iterator[str]:
        """Say how many rows have no target, and how many are kept though they say the same."""
        target = self._dataset.target.name
        if missing:
            yield f"{missing:,} of {self._total:,} rows have no {target} and are skipped"
            yield from diagnosis.taken_as_missing(target, self._cells)
        if self._alike:
            rows = "1 row says" if self._alike == 1 else f"{self._alike:,} rows say"
            yield (
                f"{rows} the same as an earlier one in all that the YAML names: kept, and left out "
                "with duplicates: drop"
            )


def _stripped(column: Column) -> Column:
    return Column(column.codes, column.stripped)


def _by_line(raw: pd.DataFrame, start: int) -> pd.DataFrame:
    """Return rows by the line on which each begins in its source; by its number without one."""
    if raw.index.name == LINE:
        return raw
    first = FIRST_LINE + start
    return raw.set_axis(pd.RangeIndex(first, first + len(raw), name=LINE))
