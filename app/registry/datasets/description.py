"""A version as the API describes it: how good it is, how it was made, and the gate's verdict."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType

from app.http.paging import Timestamp
from app.registry.datasets import hiding
from app.registry.gate import Gatekeeper
from app.registry.store import Registered
from app.store.redaction import Redaction
from src.data import findings
from src.data.findings import Finding
from src.data.schema import Dataset

Figures = dict[str, float | None]
VersionNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]  # as it is asked for


class GateVerdict(msgspec.Struct, frozen=True):
    """Whether a version passes the gate, what it misses, and whether it is let through."""

    passed: bool
    missed: list[str]
    overridden: bool | UnsetType = UNSET


class GitState(msgspec.Struct, frozen=True):
    """The commit that a version was trained at, and whether files differed from it."""

    commit: str | None
    dirty: bool | None


class CrossValidation(msgspec.Struct, frozen=True):
    """A metric over the folds."""

    mean: float | None
    std: float | None


class IntervalFigures(msgspec.Struct, frozen=True):
    """How many of the held-out rows lie in their interval, and how wide it is."""

    coverage: float | None
    width: float | None


class VersionRows(msgspec.Struct, frozen=True):
    """How many rows a version was trained and tested on."""

    train: int
    test: int


class VersionMetrics(msgspec.Struct, frozen=True):
    """A version's metrics by their names."""

    test: Figures
    cv: dict[str, CrossValidation]
    interval: IntervalFigures
    rows: VersionRows
    seconds: float
    groups: VersionRows | UnsetType = UNSET  # of rows that belong together


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A version in a list.

    What its manifest keeps is passed on as it is, and not made into structs before.
    """

    version: int
    model: str
    champion: bool
    registered: Timestamp
    trained: Timestamp
    metrics: VersionMetrics
    git: GitState
    data: str | None
    gate: GateVerdict
    findings: list[Finding] | None  # of its rows and of itself; None if nobody looked


class PromisedInterval(msgspec.Struct, frozen=True):
    """The coverage that was promised, the one that was measured, and the mean width."""

    promised: float
    measured: float | None
    width: float | None


class ClassCounts(msgspec.Struct, frozen=True):
    """The held-out rows by whether they are of a class and were called so."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


class ConfusionMatrix(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the held-out rows, a row for each true class and a column for each predicted one.

    Of two classes the four counts are those of the positive one, of more there are some for each.
    """

    classes: list[str]
    matrix: list[list[int]]
    positive: str | UnsetType = UNSET
    true_positives: int | UnsetType = UNSET
    false_positives: int | UnsetType = UNSET
    false_negatives: int | UnsetType = UNSET
    true_negatives: int | UnsetType = UNSET
    by_class: dict[str, ClassCounts] | UnsetType = UNSET


class Segment(msgspec.Struct, frozen=True):
    """Held-out rows with something in common: their metric, and how often their ranges hold.

    `excess` is by how many standard errors they are missed by more than all others; `worse` names
    what is worse by more than chance explains: error, coverage.
    """

    by: list[str]
    segment: str
    rows: int
    metric: float | None
    coverage: float
    coverage_low: float
    coverage_high: float
    excess: float
    worse: list[str]


class WrongCosts(msgspec.Struct, frozen=True):
    """What each kind of wrong answer costs."""

    false_positive: float
    false_negative: float


class VersionDecision(msgspec.Struct, frozen=True, kw_only=True):
    """How a class is chosen: the positive one from a threshold on, and why it is that one.

    The figures are those of out-of-fold probabilities, at the threshold and at one half. `log_loss`
    is the model's beside what it would be, were they calibrated, and that of the positives' share
    alone. Between the ends of `band` a person is to be asked.
    """

    positive: str
    threshold: float
    by: str
    notes: list[str]
    out_of_fold: Figures
    at_half: Figures
    log_loss: Figures
    band: list[float] | UnsetType = UNSET
    costs: WrongCosts | UnsetType = UNSET
    curve: list[Figures] | UnsetType = UNSET


class HeldOutRow(msgspec.Struct, frozen=True, kw_only=True):
    """A held-out record, its true and its predicted target, and what the error costs."""

    record: dict[str, Any]
    actual: str | float
    predicted: str | float | None
    probability: float | UnsetType = UNSET
    truth: float | UnsetType = UNSET
    cost: float | None


class HeldOutRows(msgspec.Struct, frozen=True):
    """The held-out rows: how many, true and predicted targets of some, the worst errors."""

    total: int
    points: list[list[str | float | None]]
    worst: list[HeldOutRow]


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A training row whose truth may be wrong, and how strongly other rows deny it."""

    row: int
    record: dict[str, Any]
    actual: str | float
    predicted: str | float
    probability: float | UnsetType = UNSET
    truth: float | UnsetType = UNSET
    surprise: float


class Suspects(msgspec.Struct, frozen=True):
    """Of all rows that the model learnt from, those whose truth a person should look at."""

    total: int
    rows: list[Suspect]


class DatasetVersion(VersionSummary, frozen=True):
    """A version and its dataset."""

    # First in the answer: fields that are no mere keywords precede those that are.
    dataset: str
    task: str
    metric: str


class VersionDetails(DatasetVersion, frozen=True, kw_only=True):
    """A version in full."""

    configuration: dict[str, Any]
    tuned: dict[str, Any] | None
    interval: PromisedInterval
    confusion: ConfusionMatrix | UnsetType = UNSET
    per_class: dict[str, Figures] | UnsetType = UNSET
    segments: list[Segment] | UnsetType = UNSET
    decided: VersionDecision | UnsetType = UNSET
    held_out: HeldOutRows | None
    suspects: Suspects | UnsetType = UNSET


def summary(
    version: Registered, champion: int | None, gatekeeper: Gatekeeper, redaction: Redaction
) -> VersionSummary:
    """Describe a version in a list."""
    return VersionSummary(**_common(version, champion, gatekeeper, redaction))


def details(
    version: Registered,
    champion: int | None,
    gatekeeper: Gatekeeper,
    dataset: Dataset,
    held_out: HeldOutRows | None,
    suspects: dict[str, Any] | None,
    redaction: Redaction,
) -> VersionDetails:
    """Describe a version in full: how it was made, and its figures class by class."""
    manifest, more = version.manifest, version.manifest["details"]
    task, confusion = manifest["config"]["dataset"]["task"], more.get("confusion")
    return VersionDetails(
        **_common(version, champion, gatekeeper, redaction),
        dataset=dataset.name,
        task=dataset.task,
        metric=dataset.metric,
        configuration=manifest["config"],
        tuned=manifest["tuned"],
        interval=PromisedInterval(
            promised=manifest["interval"]["coverage"],
            measured=manifest["interval"]["measured"],
            width=manifest["interval"]["width"],
        ),
        confusion=confusion_matrix(task, more["classes"], confusion) if confusion else UNSET,
        per_class=more["per_class"] if confusion else UNSET,
        segments=hiding.segments(more["segments"], redaction) if "segments" in more else UNSET,
        decided=decided(manifest),
        held_out=held_out,
        suspects=UNSET if suspects is None else msgspec.convert(suspects, Suspects),
    )


def decided(manifest: dict[str, Any]) -> VersionDecision | UnsetType:
    """Describe how a version chooses a class; nothing of one that takes the likeliest."""
    found = manifest.get("decision")
    if found is None:
        return UNSET
    return msgspec.convert(
        {"positive": manifest["details"]["classes"][-1], **found}, VersionDecision
    )


def _common(
    version: Registered, champion: int | None, gatekeeper: Gatekeeper, redaction: Redaction
) -> dict[str, Any]:
    manifest, missed = version.manifest, gatekeeper.missed(version)
    return {
        "version": version.number,
        "model": version.model,
        "champion": version.number == champion,
        "registered": version.at,
        "trained": manifest["created"],
        "metrics": manifest["metrics"],
        "git": manifest["git"],
        "data": manifest["data"].get("md5"),
        "gate": GateVerdict(
            passed=not missed,
            missed=missed,
            overridden=gatekeeper.is_permitted(version.dataset, version.number),
        ),
        "findings": hiding.findings(findings.of(manifest), redaction),
    }


def confusion_matrix(task: str, classes: list[str], matrix: list[list[int]]) -> ConfusionMatrix:
    """Describe a confusion matrix, whose rows are the truth, by true and false positives as well.

    Of two classes for the positive one, of several for each.
    """
    table = np.asarray(matrix)
    if task == "binary":
        counts = msgspec.structs.asdict(_class_counts(table, len(classes) - 1))
        return ConfusionMatrix(classes=classes, matrix=matrix, positive=classes[-1], **counts)
    by_class = {name: _class_counts(table, at) for at, name in enumerate(classes)}
    return ConfusionMatrix(classes=classes, matrix=matrix, by_class=by_class)


def _class_counts(table: np.ndarray, at: int) -> ClassCounts:
    hits = int(table[at, at])
    predicted, actual = int(table[:, at].sum()), int(table[at].sum())
    return ClassCounts(
        true_positives=hits,
        false_positives=predicted - hits,
        false_negatives=actual - hits,
        true_negatives=int(table.sum()) - predicted - actual + hits,
    )
