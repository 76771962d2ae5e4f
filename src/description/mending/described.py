"""A column as a dataset describes it beside the cells that it has now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from src.data import cleaning
from src.data.features import Category, Integer, Number, Temporal
from src.data.schema import Dataset, Target
from src.description import types, values
from src.description.types import Column
from src.description.values import Values
from src.support.structs import Checked

SHOWN = 3  # cells in a sentence
LONGEST = 40  # characters of one


class Note(Checked, frozen=True):
    """A sentence on what no longer holds; `is_unsure` where a person has to decide."""

    says: str
    is_unsure: bool = False


@dataclass(frozen=True)
class Described:
    """A column as a dataset describes it, and its cells, without blanks around them."""

    name: str
    dataset: Dataset
    cells: pd.Series

    @property
    def kind(self) -> Any:
        """The feature or the target; None of a column that is neither."""
        if self.is_target:
            return self.dataset.target
        return self.dataset.features.get(self.name)

    @property
    def is_target(self) -> bool:
        """Tell whether it is predicted."""
        return self.name == self.dataset.target.name

    @property
    def path(self) -> list[str]:
        """The keys under which the YAML describes it."""
        return ["target"] if self.is_target else ["features", self.name]

    @property
    def is_number(self) -> bool:
        """Tell whether its cells are numbers, and no dates."""
        if self.is_target:
            return self.dataset.task == "regression"
        return isinstance(self.kind, Number | Integer) and not isinstance(self.kind, Temporal)

    @cached_property
    def values(self) -> Values:
        """The different cells; usual words and those of the YAML for missing are missing."""
        markers = set(self.dataset.markers(self.name)) - set(self.listed)
        return values.of(self.cells).without(markers)

    @cached_property
    def fresh(self) -> Column:
        """What the column is by its cells alone."""
        return types.of(self.name, self.values)

    @property
    def listed(self) -> list[str]:
        """List the values that the YAML allows; none where it allows any."""
        lists = self.kind if isinstance(self.kind, Category | Target) else None
        return (lists.listed() if lists is not None else None) or []

    @cached_property
    def typed(self) -> tuple[pd.Series, np.ndarray]:
        """The cells as the schema reads them, and which of them break no rule."""
        rows, ok = cleaning.typed(self.cells.to_frame(self.name), [self.name], self.dataset)
        return rows[self.name], ok

    @cached_property
    def is_missing(self) -> np.ndarray:
        """Tell which cells hold no value, by the YAML."""
        markers = set(self.dataset.markers(self.name)) - set(self.listed)
        return self.cells.isin(markers).to_numpy()

    @property
    def broken(self) -> pd.Series:
        """The cells that have a value, and break a rule."""
        return self.cells[~self.typed[1] & ~self.is_missing]


def cells_are(cells: pd.Series) -> str:
    """Say how many cells there are, and some of them, as the subject of a sentence."""
    some = ", ".join(shown(cell) for cell in cells.drop_duplicates()[:SHOWN])
    return f"1 cell ({some}) is" if len(cells) == 1 else f"{len(cells):,} cells ({some}) are"


def shown(cell: object) -> str:
    """Quote a cell, or its beginning."""
    return repr(str(cell)[:LONGEST])
