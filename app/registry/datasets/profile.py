"""The fields of a dataset's profile, which is passed on as the pipeline wrote it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from src.data.findings import Finding

Numbers = list[float | None]
Figure = float | str | None  # of a date or a time it is ISO text


ColumnType = Literal[
    "number", "integer", "date", "datetime", "time", "category", "boolean", "text", "id", "class"
]


class ProfileSource(msgspec.Struct, frozen=True):
    """Where the rows come from, and hashes of what was read and of what was made of it."""

    source: str
    md5: str
    prepared: str


class ProfileRows(msgspec.Struct, frozen=True):
    """How many rows there are; `unlabelled` ones have no target and were skipped."""

    read: int
    accepted: int
    rejected: int
    train: int
    test: int
    unlabelled: int = 0  # of a profile of before they were counted there


class RejectionReason(msgspec.Struct, frozen=True):
    """Why rows were rejected, how many, and the lines of some."""

    reason: str
    rows: int
    lines: list[int]


class RejectedRows(msgspec.Struct, frozen=True):
    """The rejected rows by rule and by reason."""

    by_rule: dict[str, int]
    reasons: list[RejectionReason]


class DuplicateRows(msgspec.Struct, frozen=True):
    """Rows that are the same as others, and those that are but for the target."""

    rule: str
    rejected: int
    kept: int
    contradicting: int


class ValueRows(msgspec.Struct, frozen=True):
    """How many rows have a value."""

    value: str
    rows: int


class OtherValues(msgspec.Struct, frozen=True):
    """How many values are not listed, and how many rows have them."""

    values: int
    rows: int


class NumberStatistics(msgspec.Struct, frozen=True):
    """Moments and quantiles; a deviation of dates is in days, of times in hours."""

    mean: Figure
    deviation: float | None
    min: Figure
    q05: Figure
    q25: Figure
    median: Figure
    q75: Figure
    q95: Figure
    max: Figure


class Histogram(msgspec.Struct, frozen=True):
    """How many rows are between each two edges, below the first and above the last."""

    scale: str
    edges: list[Figure]
    rows: list[int]
    below: int
    above: int


class NumberDistribution(msgspec.Struct, frozen=True):
    """Statistics and a histogram of numbers; null where there are none."""

    numbers: NumberStatistics | None
    bins: Histogram | None


class TextLengths(msgspec.Struct, frozen=True):
    """How long texts are."""

    characters: NumberDistribution
    words: NumberDistribution


class TellingWord(msgspec.Struct, frozen=True):
    """A word, and the shares of the texts inside and outside of a group that have it."""

    word: str
    score: float
    inside: float
    outside: float


class WordGroup(msgspec.Struct, frozen=True):
    """Texts by their target, and the words that tell them from the others."""

    group: str
    texts: int
    words: list[TellingWord]


class ColumnProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its numbers, its values or its texts, by its type."""

    name: str
    role: Literal["feature", "target"]
    type: ColumnType
    optional: bool
    rows: int
    missing: int
    distinct: int
    numbers: NumberStatistics | UnsetType | None = UNSET
    bins: Histogram | UnsetType | None = UNSET
    ordered: bool | UnsetType = UNSET
    values: list[ValueRows] | UnsetType = UNSET
    others: OtherValues | UnsetType = UNSET
    lengths: TextLengths | UnsetType = UNSET
    # By its kind: boxes, shares or a grid.
    against_target: dict[str, Any] | UnsetType | None = UNSET
    telling: list[WordGroup] | UnsetType = UNSET
    about: str
    unit: str


class Correlations(msgspec.Struct, frozen=True):
    """How columns go with each other, a row and a column of figures for each."""

    method: str
    columns: list[str]
    values: list[Numbers]


class ProfilePage(msgspec.Struct, frozen=True):
    """How many features there are, how many match, and the cursor of the next page of these."""

    features: int
    matching: int
    next: int | None


class DatasetProfile(msgspec.Struct, frozen=True):
    """What is in a dataset's rows."""

    dataset: str
    task: str
    target: str
    positive: str | None
    data: ProfileSource
    rows: ProfileRows
    rejected: RejectedRows
    duplicates: DuplicateRows
    sample: list[list[bool | str | float | None]]
    columns: list[ColumnProfile]
    correlations: Correlations | None
    about: str
    noun: str
    findings: list[Finding] | UnsetType = UNSET  # of the rows
    page: ProfilePage | UnsetType = UNSET  # where one was asked for
