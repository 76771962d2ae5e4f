"""A training as the API takes and tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.http.paging import Cursor, Limit, Line, TimeSpan, Timestamp
from app.registry.datasets.description import CrossValidation, VersionDecision
from src.support.structs import Checked

MOST_TRIALS = 1000

Name = Annotated[str, Meta(max_length=100)]  # one that conf/ has, or those it has are listed
Title = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$(?!\n)", max_length=100)]
State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
Reason = Literal["asked", "after_labels", "at_least_every"]
Use = Literal["file", "labels", "both"]


class TrainingRequest(Checked, frozen=True):
    """What a training is to be: names that conf/ knows, and nothing else."""

    model: Name | None = None  # the champion's, unless it is given
    search: Name = "none"
    trials: Annotated[int, Meta(ge=1, le=MOST_TRIALS)] | None = None
    name: Title = ""
    use: Use = "both"


class TrainingQuery(TimeSpan, frozen=True):
    """Which trainings are listed."""

    state: Annotated[State | None, Meta(description="in this state")] = None
    model: Annotated[Line | None, Meta(description="of this model")] = None
    reason: Annotated[
        Reason | None, Meta(description="asked by a person, or by this rule of the dataset")
    ] = None
    cursor: Annotated[Cursor | None, Meta(description="next, from the page before")] = None
    limit: Annotated[Limit | None, Meta(description="trainings of a page")] = None


class TrainingProgress(msgspec.Struct, frozen=True):
    """How far a training is; nothing before it runs."""

    stage: str | UnsetType = UNSET
    step: int | UnsetType = UNSET
    of: int | UnsetType = UNSET
    note: str | UnsetType = UNSET


class RowCounts(msgspec.Struct, frozen=True):
    """How many rows were trained on and held out; of all rows also how many were rejected."""

    total: int
    train: int
    test: int
    per_class: dict[str, int] | UnsetType = UNSET
    given: int | UnsetType = UNSET
    rejected: int | UnsetType = UNSET
    by_rule: dict[str, int] | UnsetType = UNSET


class TrainingMetrics(msgspec.Struct, frozen=True):
    """The figures on the held-out rows and those of cross-validation."""

    test: dict[str, float | None]
    cv: dict[str, CrossValidation]
    interval: dict[str, float | None] | UnsetType = UNSET
    rows: dict[str, int] | UnsetType = UNSET
    groups: dict[str, int] | UnsetType = UNSET
    seconds: float | UnsetType = UNSET


class TrainingVerdict(msgspec.Struct, frozen=True):
    """Whether a version passed the gate when it was made, and what it missed."""

    passed: bool
    missed: list[str]


class ComparisonWithout(msgspec.Struct, frozen=True):
    """A fresh version beside the champion on the rows that are not the word of one key."""

    key: str
    rows: int
    this: float | UnsetType | None = UNSET
    that: float | UnsetType | None = UNSET
    better_by: float | UnsetType | None = UNSET
    low: float | UnsetType | None = UNSET
    high: float | UnsetType | None = UNSET
    note: str | UnsetType = UNSET


class ChampionComparison(msgspec.Struct, frozen=True):
    """A fresh version beside the champion on the same rows, or a note why not.

    `without` has the same on the rows that are not one key's, for each whose word is bounded.
    """

    champion: int
    metric: str
    rows: int
    left_out: int
    note: str | UnsetType = UNSET
    this: float | UnsetType | None = UNSET
    that: float | UnsetType | None = UNSET
    better_by: float | UnsetType | None = UNSET
    low: float | UnsetType | None = UNSET
    high: float | UnsetType | None = UNSET
    is_better: bool | UnsetType = UNSET
    without: list[ComparisonWithout] | UnsetType = UNSET


class RowSource(msgspec.Struct, frozen=True):
    """Whose word rows are: those that train, test, judge beside the champion, and were left out.

    `key` is the name of the key that posted them, null for the file's.
    """

    key: str | None
    trusted: bool
    train: int
    test: int
    judged: int
    left_out: int


class AnswerChange(msgspec.Struct, frozen=True):
    """How many answers a fresh version changes, of the file's rows or of recent records.

    Of classes: another class. Of numbers: one outside the range that the champion gives.
    """

    of: Literal["file", "recent"]
    rows: int
    changed: int
    share: float


class LabelInfluence(msgspec.Struct, frozen=True):
    """A label that a training failed by: one that judged it (test) or that it learnt from (train).

    `truth` and `predicted` are numbers or classes; `says` is what would be without the label.
    """

    label: str
    part: Literal["test", "train"]
    truth: float | str
    predicted: float | str
    says: str


class TrainingResult(msgspec.Struct, frozen=True):
    """What a finished training is worth, and what was decided."""

    version: int
    labels: RowCounts
    rows: RowCounts
    metrics: TrainingMetrics
    gate: TrainingVerdict
    comparison: ChampionComparison | None
    promoted: bool
    decision: str
    snapshot: str
    confusion: dict[str, Any] | UnsetType = UNSET
    per_class: dict[str, dict[str, float | None]] | UnsetType = UNSET
    decided: VersionDecision | UnsetType = UNSET
    influence: list[LabelInfluence] | UnsetType = UNSET  # where it failed its gate or was worse
    waits: bool | UnsetType = UNSET  # for a person, who may promote it
    sources: list[RowSource] | UnsetType = UNSET
    changes: list[AnswerChange] | UnsetType = UNSET  # beside the champion


class Training(msgspec.Struct, frozen=True):
    """A training that was asked for, and what came of it."""

    id: str
    dataset: str
    at: Timestamp
    by: str
    reason: Reason
    name: str
    model: str
    search: str
    trials: int | None
    use: Use
    state: State
    started: Timestamp | None
    frozen: Timestamp | None
    ended: Timestamp | None
    error: str | None
    version: int | None
    progress: TrainingProgress
    kpis: TrainingResult | None
    log: list[str] | UnsetType = UNSET


class TrainingPage(msgspec.Struct, frozen=True):
    """Trainings, the newest first, and the cursor of the next page."""

    trainings: list[Training]
    next: str | None


class TrainingPoint(msgspec.Struct, frozen=True):
    """A finished training as it is plotted over time."""

    at: Timestamp
    training: str
    model: str
    version: int
    labels: int
    rows: int
    test: float | None
    cv: float | None
    promoted: bool


class TrainingSeries(msgspec.Struct, frozen=True):
    """A point for each finished training, the oldest first."""

    dataset: str
    metric: str
    series: list[TrainingPoint]
