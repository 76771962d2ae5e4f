"""How good versions are on what came after: predictions beside the labels they were given."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import msgspec
import numpy as np
import peewee

from app.records import target_keys
from app.registry.store import Registered
from app.store import clock
from app.store.tables import Label
from src.data.schema import OTHER, Dataset
from src.evaluation import bootstrap, measures
from src.evaluation.decision import LIKELIEST, Decision
from src.support.recurring import rest
from src.support.structs import convert

MOST = 10_000  # labels of a version that are looked at, the newest
SEED = 0
SHARES = ("accuracy", "coverage", "abstained")  # figures that are plain shares of the labels

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Live:
    """A version's labelled predictions: truth and output as training has them, and the rest."""

    dataset: Dataset
    classes: list[str] | None
    truth: np.ndarray
    output: np.ndarray
    inside: np.ndarray  # whether the interval held the truth
    delays: np.ndarray  # seconds from the prediction to its label
    decision: Decision = LIKELIEST

    def figures(self, rows: np.ndarray | None = None) -> Figures:
        """Compute the metrics and the coverage of all rows, or of those at some positions."""
        truth, output, inside = self._at(rows)
        found = measures.evaluate(self.dataset.task, truth, output, None, self.decision)
        return {**found, "coverage": inside.mean()}

    def per_class(self, rows: np.ndarray | None = None) -> dict[str, dict[str, float]] | None:
        """Compute what is measured of each class; None for a regression."""
        if self.classes is None:
            return None
        truth, output, _ = self._at(rows)
        return measures.per_class(truth, output, self.classes, None, self.decision)

    def bounds(self, compute: bootstrap.Compute) -> dict[str, tuple[float, float]]:
        """Return the interval in which chance could have moved each figure of some rows."""
        return bootstrap.interval(compute, len(self.truth), seed=SEED, shares=SHARES)

    def _at(self, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if rows is None:
            return self.truth, self.output, self.inside
        return self.truth[rows], self.output[rows], self.inside[rows]


def signatures(database: peewee.Database, dataset: str) -> dict[int, tuple[Any, ...]]:
    """Return for each version that has labels what changes when they do."""
    fn = peewee.fn
    # Of a dataset that is named as it is, SQLite would look through all labels by the primary key.
    named = Label.dataset.concat("")
    found = (
        Label.select(Label.version, fn.COUNT(Label.id), fn.MAX(Label.id))
        .where(named == dataset, Label.version.is_null(False), Label.deleted.is_null())
        .group_by(Label.version)
        .order_by(Label.version.desc())
    )
    return {version: (count, last) for version, count, last in found.tuples().execute(database)}


def live(database: peewee.Database, version: Registered) -> Live | None:
    """Gather a version's labelled predictions, of each the last label; None where there are none.

    What cannot be read (an answer that was redacted) is left out.
    """
    rows = (
        Label.select(Label.prediction, Label.value, Label.answer, Label.at, Label.predicted_at)
        .where(
            Label.dataset == version.dataset,
            Label.version == version.number,
            Label.deleted.is_null(),
        )
        .order_by(Label.id.desc())
        .limit(MOST)
    )
    last: dict[str, Any] = {}
    for prediction, *values in rows.tuples().execute(database):
        last.setdefault(prediction, values)
    dataset = convert(version.manifest["config"]["dataset"], Dataset, "dataset")
    classes = version.manifest["details"].get("classes")
    read = _values if classes is None else _classes
    found = read(dataset, list(last.values()), classes)
    return None if found is None else replace(found, decision=Decision.of(version.manifest))


def _values(dataset: Dataset, rows: list[Any], _: Any) -> Live | None:
    found = []
    for value, answer, at, predicted_at in rows:
        try:
            said = msgspec.json.decode(bytes(answer))
            interval = said["interval"]
            output = target_keys.predicted(said, dataset.target.name)
            figures = (float(value), output, interval["low"], interval["high"])
            found.append((*map(float, figures), _delay(at, predicted_at)))
        except (KeyError, TypeError, ValueError):
            continue
    if not found:
        return None
    truth, output, low, high, delays = np.array(found).T
    return Live(dataset, None, truth, output, (low <= truth) & (truth <= high), delays)


def _classes(dataset: Dataset, rows: list[Any], classes: list[str]) -> Live | None:
    found = []
    # With `rare: other` a class of too few rows, or of none, was learnt as this one.
    merged = OTHER if dataset.rare == OTHER and OTHER in classes else None
    for label, answer, at, predicted_at in rows:
        value = label if label in classes else merged or label
        try:
            said = msgspec.json.decode(bytes(answer))
            chances = [float(said["probabilities"][name]) for name in classes]
            likely = set(map(str, said["interval"]["classes"]))
            found.append((value, chances, value in likely, _delay(at, predicted_at)))
        except (KeyError, TypeError, ValueError):
            continue
    if not found:
        return None
    # A class that the version never knew, to which it gave no chance, comes last: of two classes
    # the second one stays the positive.
    new = sorted({value for value, *_ in found} - set(classes))
    place = {name: at for at, name in enumerate([*classes, *new])}
    output = np.zeros((len(found), len(place)))
    output[:, : len(classes)] = [chances for _, chances, _, _ in found]
    return Live(
        dataset,
        list(place),
        np.array([place[value] for value, *_ in found]),
        output,
        np.array([inside for _, _, inside, _ in found]),
        np.array([delay for *_, delay in found]),
    )


def _delay(at: str, predicted_at: str) -> float:
    return (clock.parse(at, "at") - clock.parse(predicted_at, "at")).total_seconds()


@dataclass
class _Line:
    """A version's score as it was made last."""

    lock: Lock = field(default_factory=Lock)
    signature: tuple[Any, ...] | None = None
    score: dict[str, Any] = field(default_factory=dict)
    rested: float = 0.0  # when it may be made anew


class Scoreboard:
    """Score each version once, and again when its labels changed.

    Where that takes its time it is done for a share of it: meanwhile the last score is answered.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, int], _Line] = {}

    def of(
        self, database: peewee.Database, version: Registered, signature: tuple[Any, ...]
    ) -> dict[str, Any]:
        """Return a version's score as plain values."""
        line = self._lines.setdefault((version.dataset, version.number), _Line())
        with line.lock:  # who asks meanwhile waits for the same score
            started = time.monotonic()
            if line.signature != signature and started >= line.rested:
                line.score = _score(live(database, version), version)
                line.signature = signature
                now = time.monotonic()
                is_quick = line.score["labels"] < bootstrap.LEAST  # nothing was drawn
                line.rested = now if is_quick else now + rest(now - started)
            return line.score


def _score(found: Live | None, version: Registered) -> dict[str, Any]:
    shared = {"version": version.number, "model": version.model}
    if found is None:
        return {**shared, "labels": 0}
    bounds = found.bounds(found.figures)
    figures = found.figures()
    document = {
        **shared,
        "labels": len(found.truth),
        "metrics": {
            name: _with_bounds(value, bounds.get(name))
            for name, value in figures.items()
            if name != "coverage"
        },
        "held_out": version.manifest["metrics"]["test"],
        "coverage": {
            "promised": version.manifest["interval"]["coverage"],
            **_with_bounds(figures["coverage"], bounds.get("coverage")),
        },
        "delay": _delays(found.delays),
    }
    per_class = found.per_class()
    if per_class is not None:
        document["per_class"] = per_class
    return document


def around(value: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """Widen bounds to the value: rows drawn again may all do worse, where classes are many."""
    return min(value, bounds[0]), max(value, bounds[1])


def _with_bounds(value: float | None, bounds: tuple[float, float] | None) -> dict[str, Any]:
    if value is None or bounds is None:
        return {"value": measures.rounded(value), "low": None, "high": None}
    low, high = map(measures.rounded, around(value, bounds))
    return {"value": measures.rounded(value), "low": low, "high": high}


def _delays(delays: np.ndarray) -> Mapping[str, float]:
    """Return the seconds between predictions and their labels."""
    middle, late = np.quantile(delays, [0.5, 0.9]).tolist()
    return {"median_seconds": round(middle, 3), "p90_seconds": round(late, 3)}
