"""The fields of a card, as a bundle keeps it and a service answers it.

card.json          the card for programs
card.md            the same for people
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from src.data.findings import Finding
from src.inference import bundle

NAME, MARKDOWN = "card.json", "card.md"
VERSION = 1  # of these fields

Figure = float | None


class CardPurpose(msgspec.Struct, frozen=True):
    """What a model predicts, of what, and by which metric it is judged."""

    about: str
    noun: str
    task: str
    target: str
    target_about: str
    unit: str
    metric: str
    classes: list[str]  # none of a regression
    positive: str | None


class CardData(msgspec.Struct, frozen=True):
    """The rows: their source, how many were read and rejected, and how they were split."""

    source: str | None
    md5: str | None  # of the file
    snapshot: str | None  # sha256 of the rows, where there are labels among them
    read: int
    accepted: int
    rejected: int
    by_rule: dict[str, int]
    train: int
    test: int
    groups: dict[str, int] | None  # of rows that belong together, by part
    split: str
    unlabelled: int = 0  # rows without a target, which were skipped


class CardMetric(msgspec.Struct, frozen=True):
    """A metric on the held-out rows with its interval, and over the folds of training."""

    name: str
    about: str
    greater_is_better: bool
    value: Figure
    low: Figure
    high: Figure
    mean: Figure
    deviation: Figure


class CardPart(msgspec.Struct, frozen=True):
    """How much worse the metric is where a feature tells nothing, and its deviation."""

    name: str
    worse: float
    deviation: float


class CardCause(msgspec.Struct, frozen=True):
    """The same of features that tell the same, permuted together; `parts` has each by itself."""

    name: str
    worse: float
    deviation: float
    parts: list[CardPart]


class CardImportance(msgspec.Struct, frozen=True):
    """What a model goes by: the loss of its metric, by cause, the largest first."""

    metric: str
    value: float  # with all features as they are
    rows: int
    repeats: int
    causes: list[CardCause]
    left_out: int = 0  # of very many features, those that were not shuffled


class CardSeries(msgspec.Struct, frozen=True):
    """How an answer moves: the target's, or a class's probability."""

    of: str
    values: list[float]


class CardEffect(msgspec.Struct, frozen=True):
    """How answers move with a feature, around their mean; `at` has numbers, `values` has others.

    Dates and times are numbers that are written as ISO text.
    `rows` counts those of each interval between two numbers, or those with each value.
    """

    feature: str
    unit: str
    method: Literal["accumulated", "mean"]
    at: list[float | str]
    values: list[str]
    rows: list[int]
    series: list[CardSeries]


class CardBin(msgspec.Struct, frozen=True):
    """Rows of about the same predicted value or probability: how often it held."""

    low: float  # of what was predicted
    high: float
    predicted: float  # the mean
    rows: int
    share: float
    share_low: float
    share_high: float


class CardCalibration(msgspec.Struct, frozen=True):
    """Whether probabilities are as often right as they say.

    `error` is the mean distance of a bin's share from its mean probability, by its rows.
    """

    of: str
    error: float
    bins: list[CardBin]


class CardGroup(msgspec.Struct, frozen=True):
    """Rows with a value of a feature or of the target: how often their ranges hold the truth.

    `is_short` tells where the interval of that share is below the promise.
    """

    feature: str
    value: str
    rows: int
    share: float
    share_low: float
    share_high: float
    is_short: bool


class CardCoverage(msgspec.Struct, frozen=True):
    """How often ranges, or sets of classes, hold the truth of held-out rows."""

    promised: float
    measured: Figure
    low: Figure
    high: Figure
    width: Figure
    bins: list[CardBin]  # of a regression, by the predicted value
    groups: list[CardGroup]


class CardCurve(msgspec.Struct, frozen=True):
    """A curve in some of its points; `area` is that of all of them."""

    area: Figure
    x: list[float]
    y: list[float]


class CardClass(msgspec.Struct, frozen=True):
    """How well a class is told from all others by its probability."""

    name: str
    rows: int
    roc_auc: Figure
    average_precision: Figure


class CardCurves(msgspec.Struct, frozen=True):
    """How well classes are told apart: curves of two classes, figures of several.

    `roc` is the true positive rate over the false one, `precision` is over the recall.
    """

    roc: CardCurve | None
    precision: CardCurve | None
    classes: list[CardClass]


class CardSegment(msgspec.Struct, frozen=True):
    """Held-out rows with something in common, and what is worse of them than of the others."""

    by: list[str]
    segment: str
    rows: int
    metric: Figure
    coverage: float
    coverage_low: float
    coverage_high: float
    excess: float
    worse: list[str]


class CardDecision(msgspec.Struct, frozen=True):
    """How the positive class is chosen: from a probability on; within the band nobody is."""

    positive: str
    threshold: float
    by: str
    notes: list[str]
    band: list[float] | None


class CardRange(msgspec.Struct, frozen=True):
    """The numbers of a feature that were learnt from; dates and times as ISO text."""

    feature: str
    unit: str
    low: float | str
    high: float | str
    missing: int


class CardValues(msgspec.Struct, frozen=True):
    """The values of a feature that were learnt from, and those allowed that were not there."""

    feature: str
    values: int
    unseen: list[str]
    missing: int


class CardLimits(msgspec.Struct, frozen=True):
    """What a model was not learnt from, and what it does not hold; `says` has it in sentences."""

    says: list[str]
    ranges: list[CardRange]
    values: list[CardValues]
    small_classes: dict[str, int]
    monotone: dict[str, str]


class CardReproduction(msgspec.Struct, frozen=True):
    """What makes the same model again."""

    command: str
    commit: str | None
    dirty: bool | None
    md5: str | None
    seed: int
    folds: int
    versions: dict[str, str]


class Card(msgspec.Struct, frozen=True):
    """A model's card; `schema` is the version of these fields."""

    schema: int
    dataset: str
    model: str
    purpose: CardPurpose
    data: CardData
    metrics: list[CardMetric]
    importance: CardImportance | None
    effects: list[CardEffect]
    calibration: CardCalibration | None
    coverage: CardCoverage
    curves: CardCurves | None
    points: list[list[float]]  # actual and predicted, of a regression
    segments: list[CardSegment]
    searched: dict[str, str]  # what was looked for, and what it is
    findings: list[Finding]
    decision: CardDecision | None
    limits: CardLimits
    reproduction: CardReproduction


def read(path: Path, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the card of a bundle as plain values; None if it predates cards.

    Raises UserError if the file is not the one that was trained.
    """
    text = _text(path, NAME, manifest)
    return None if text is None else msgspec.json.decode(text, type=dict[str, Any])


def read_markdown(path: Path, manifest: Mapping[str, Any]) -> bytes | None:
    """Return the card of a bundle as Markdown; None if it predates cards."""
    return _text(path, MARKDOWN, manifest)


def _text(path: Path, name: str, manifest: Mapping[str, Any]) -> bytes | None:
    return bundle.verified(path, name, manifest) if name in manifest["files"] else None
