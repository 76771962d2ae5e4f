"""What sets two versions apart: how they were made, their figures, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from app.records.invalid import Invalid
from app.registry.loaded import LoadedVersion
from app.registry.store import Registered
from src.config.configuration import flat
from src.evaluation.decision import Decision
from src.evaluation.measures import rounded
from src.evaluation.metrics import METRICS

MOST = 20  # rows that are shown in full
Row = dict[str, Any]


class ConfigurationDifference(msgspec.Struct, frozen=True):
    """A key, flat, and its value in the configuration of each of two versions."""

    key: str
    a: Any
    b: Any


class MetricComparison(msgspec.Struct, frozen=True):
    """A metric of two versions on the held-out rows or in cross-validation; which one is better."""

    part: Literal["test", "cv"]
    name: str
    a: float | None
    b: float | None
    better: Literal["a", "b"] | None


class ComparedAnswer(msgspec.Struct, frozen=True):
    """A value or the chosen class; of two classes, how likely the positive one is as well."""

    value: str | float
    probability: float | UnsetType = UNSET
    positive: float | UnsetType = UNSET


class RowComparison(msgspec.Struct, frozen=True, kw_only=True):
    """What two versions answer for the same record, and what is true where that is known."""

    record: dict[str, Any]
    actual: str | float | UnsetType = UNSET
    a: ComparedAnswer
    b: ComparedAnswer
    difference: float


class RowComparisons(msgspec.Struct, frozen=True, kw_only=True):
    """The held-out rows of one version as both answer them, and those that differ most."""

    of: int
    compared: int
    left_out: int
    agree: int
    points: list[list[str | float | None]] | UnsetType = UNSET
    most: list[RowComparison]


def configuration(first: Registered, second: Registered) -> list[ConfigurationDifference]:
    """List the keys in which two versions were made differently; what is not there is null."""
    ours, theirs = (dict(flat(_made(one))) for one in (first, second))
    return [
        ConfigurationDifference(key, ours.get(key), theirs.get(key))
        for key in dict.fromkeys([*ours, *theirs])
        if ours.get(key) != theirs.get(key)
    ]


def metrics(first: Registered, second: Registered) -> list[MetricComparison]:
    """List the metrics on the held-out rows and in cross-validation, and whose is the better."""
    ours, theirs = first.manifest["metrics"], second.manifest["metrics"]
    test = [
        _figure("test", name, ours["test"].get(name), theirs["test"].get(name))
        for name in dict.fromkeys([*ours["test"], *theirs["test"]])
    ]
    cv = [
        _figure("cv", name, _mean(ours, name), _mean(theirs, name))
        for name in dict.fromkeys([*ours["cv"], *theirs["cv"]])
    ]
    return test + cv


def rows(
    first: LoadedVersion,
    second: LoadedVersion,
    records: Sequence[Row],
    *,
    of: int,
    is_shown: bool = True,
) -> RowComparisons:
    """Ask both versions about the same rows, those of one version; show where they differ most.

    Each row has a record, and the truth as `actual` where it is known. A record that one of them
    does not take, for it was trained on other columns, is left out. With `is_shown` the records
    that differ most are shown.
    """
    is_alike = (first.classes is None) == (second.classes is None)
    pairs = [[_taken(one, row["record"]) for one in (first, second)] for row in records]
    taken = [at for at, pair in enumerate(pairs) if is_alike and None not in pair]
    compared: list[RowComparison] = []
    if taken:
        outputs = [
            serving.predictor.output([pairs[row][at] or () for row in taken])
            for at, serving in enumerate((first, second))
        ]
        compare = _values if first.classes is None else _classes
        compared = [
            RowComparison(
                record=records[row]["record"],
                actual=records[row].get("actual", UNSET),
                a=ours,
                b=theirs,
                difference=difference,
            )
            for row, (ours, theirs, difference) in zip(
                taken, compare(first, second, *outputs), strict=True
            )
        ]
        compared.sort(key=lambda one: -one.difference)
    return RowComparisons(
        of=of,
        compared=len(taken),
        left_out=len(records) - len(taken),
        agree=sum(one.a.value == one.b.value for one in compared),
        points=_points(compared, first, second) if compared else UNSET,
        most=[one for one in compared[: MOST if is_shown else 0] if one.difference > 0],
    )


def changed(
    champion: LoadedVersion, fresh: LoadedVersion, records: Sequence[Row]
) -> tuple[int, int]:
    """Count the records that both versions take, and those that the fresh one answers otherwise.

    Of classes that is another class; of numbers one outside the range that the champion gives.
    """
    pairs = [(_taken(champion, one), _taken(fresh, one)) for one in records]
    both = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    if not both or (champion.classes is None) != (fresh.classes is None):
        return 0, 0
    mine = [ours for ours, _ in both]
    was = champion.predictor.output(mine)
    becomes = fresh.predictor.output([theirs for _, theirs in both])
    if champion.classes is None or fresh.classes is None:
        low, high = champion.interval.around(was, mine)
        return len(both), int(np.sum(~((becomes >= low) & (becomes <= high))))
    called = [
        np.array([str(name) for name in one.classes or ()])[one.decision.called(output)]
        for one, output in ((champion, was), (fresh, becomes))
    ]
    return len(both), int(np.sum(called[0] != called[1]))


def _points(compared: list[RowComparison], first: LoadedVersion, second: LoadedVersion) -> Any:
    """Return both answers and the truth of each row; of more than two classes nothing."""
    if first.classes is None:
        field = "value"
    elif len(first.classes) == 2 and first.classes == second.classes:
        field = "positive"
    else:
        return UNSET
    actual = [None if one.actual is UNSET else one.actual for one in compared]
    return [
        [getattr(one.a, field), getattr(one.b, field), truth]
        for one, truth in zip(compared, actual, strict=True)
    ]


Compared = tuple[ComparedAnswer, ComparedAnswer, float]


def _values(
    _: LoadedVersion, __: LoadedVersion, ours: np.ndarray, theirs: np.ndarray
) -> Iterator[Compared]:
    for mine, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        answers = ComparedAnswer(_rounded(mine)), ComparedAnswer(_rounded(other))
        yield *answers, _rounded(abs(mine - other))


def _classes(
    first: LoadedVersion, second: LoadedVersion, ours: np.ndarray, theirs: np.ndarray
) -> Iterator[Compared]:
    """Yield the class that each chooses, and which share of the probability lies elsewhere."""
    names = [[str(name) for name in one.classes or ()] for one in (first, second)]
    decisions = first.decision, second.decision
    for mine, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        chances = [dict(zip(names[at], one, strict=True)) for at, one in enumerate((mine, other))]
        every = dict.fromkeys([*names[0], *names[1]])
        apart = sum(abs(chances[0].get(name, 0) - chances[1].get(name, 0)) for name in every) / 2
        one, two = (_chosen(*pair) for pair in zip(chances, decisions, strict=True))
        yield one, two, _rounded(apart)


def _chosen(chances: dict[str, float], decision: Decision) -> ComparedAnswer:
    best = list(chances)[decision.called_one(list(chances.values()))]
    positive = _rounded(list(chances.values())[-1]) if len(chances) == 2 else UNSET
    return ComparedAnswer(best, _rounded(chances[best]), positive)


def _rounded(value: float) -> float:
    figure = rounded(value)
    assert figure is not None
    return figure


def _taken(serving: LoadedVersion, record: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return a record as a version takes it; None where it does not."""
    fields = {name: record.get(name) for name in serving.records.names}
    try:
        return serving.records.decode(msgspec.json.encode(fields)).values[0]
    except Invalid:
        return None


def _mean(metrics: dict[str, Any], name: str) -> float | None:
    mean: float | None = metrics["cv"].get(name, {}).get("mean")
    return mean


def _figure(
    part: Literal["test", "cv"], name: str, ours: float | None, theirs: float | None
) -> MetricComparison:
    metric = METRICS.get(name)
    better: Literal["a", "b"] | None = None
    if metric is not None and ours is not None and theirs is not None and ours != theirs:
        better = "a" if (ours > theirs) == metric.greater_is_better else "b"
    return MetricComparison(part, name, ours, theirs, better)


def _of_task(model: dict[str, Any], task: str) -> dict[str, Any]:
    return {**model, "estimator": {task: model["estimator"].get(task)}}


def _made(version: Registered) -> dict[str, Any]:
    """Return all that a version was made from: of a search what it found, of tasks its own."""
    manifest = version.manifest
    config, tuned = manifest["config"], manifest["tuned"]
    task = config["dataset"]["task"]
    model = {**(tuned or config["model"])}
    members = [_of_task(one, task) for one in model.pop("recipes", [])]
    model = _of_task(model, task)
    if tuned is None:
        model.pop("space", None)  # nobody searched it
    if members:
        model["recipes"] = {one["name"]: one for one in members}
    return {
        **config,
        "model": model,
        "data": {key: manifest["data"].get(key) for key in ("md5", "rows")},
        "git": manifest["git"],
        "versions": manifest["versions"],
    }
