"""Rows as text, each with its place in the source and with what the source itself got wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

FIRST_LINE = 2  # of the rows, as an editor counts: the header is line 1
LINE = "line"
# What a row breaks before the schema looks at it: another number of cells than the header, bytes
# that the encoding does not know, more characters than a row may have.
RAGGED, UNDECODABLE, TOO_LONG = OF_SOURCE = ("ragged", "undecodable", "too_long")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row as it stands in the source: the rule it breaks, in words."""

    rule: str
    words: str


@dataclass(frozen=True)
class Raw:
    """Rows as text, and the MD5 of their file, by which DVC knows it.

    The index of both frames says where a row begins: its line, its row or element, and of several
    files the file as well. `faults` has the rows that are none, by that place; their cells are as
    far as they go.
    """

    frame: pd.DataFrame
    md5: str
    whole: pd.DataFrame  # with extra columns
    faults: Mapping[object, Fault] = field(default_factory=dict)
    kind: str = "csv"  # of the file, whatever its name is

    @property
    def readable(self) -> pd.DataFrame:
        """The rows without those that the source got wrong."""
        if not self.faults:
            return self.frame
        return self.frame[~self.frame.index.isin(list(self.faults))]
