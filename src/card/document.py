"""Put a card together from a training: the same training gives the same card."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from src.card import asked as asking
from src.card import coverage, curves, effects, importance, limits
from src.card import schema as fields
from src.card.asked import Asked
from src.card.schema import Card
from src.config.configuration import Config, OptunaSearch
from src.data import findings, groups
from src.data.features import Category, Feature, Integer, Number, Temporal
from src.data.schema import Dataset, Split
from src.evaluation import bootstrap, measures, metrics
from src.evaluation.decision import Decision
from src.evaluation.judged import Judged
from src.evaluation.measures import rounded
from src.learning.blended import Blended
from src.learning.intervals import conformal
from src.learning.recipe import Fitted

ROWS = 1000  # held-out rows that importance is measured on
TRAINING_ROWS = 1000  # training rows that effects are those of
MOST_EFFECTS = 12  # features, the most important ones
MOST_VALUES = 20  # of a feature without an order
MOST_SERIES = 6  # classes, the most frequent ones
MOST_POINTS = 300  # of actual against predicted
# Plain shares of the rows, for which there is an interval that no shuffling makes too narrow.
SHARES = ("accuracy", "abstained")


@dataclass(frozen=True)
class Subject:
    """A trained model and the rows that made it and judge it."""

    config: Config
    fitted: Fitted | Blended
    train: pd.DataFrame
    test: pd.DataFrame
    held_out: Judged

    @property
    def dataset(self) -> Dataset:
        """Return what is predicted, and of what."""
        return self.config.dataset


def build(subject: Subject, manifest: Mapping[str, Any]) -> Card:
    """Return the card of a model whose manifest is complete but for the files."""
    dataset, decision = subject.dataset, Decision.of(manifest)
    details = manifest["details"]
    important = _importance(subject, decision, details["causes"])
    inside, _ = conformal.inside_and_width(manifest["interval"], subject.held_out, subject.test)
    by_group = coverage.by_group(inside, _columns(subject), dataset.coverage)
    ends = bootstrap.share(float(inside.mean()), len(inside)) if len(inside) else (None, None)
    return Card(
        schema=fields.VERSION,
        dataset=dataset.name,
        model=subject.config.model.name,
        purpose=_purpose(dataset, subject.fitted.classes),
        data=_data(dataset, manifest),
        metrics=_metrics(subject, decision, manifest["metrics"]),
        importance=important,
        effects=_effects(subject, important),
        calibration=_calibration(subject),
        coverage=fields.CardCoverage(
            promised=dataset.coverage,
            measured=manifest["interval"]["measured"],
            low=rounded(ends[0]),
            high=rounded(ends[1]),
            width=manifest["interval"]["width"],
            bins=_bins(curves.binned(inside, subject.held_out.output))
            if dataset.task == "regression"
            else [],
            groups=[fields.CardGroup(**_plain(one)) for one in by_group],
        ),
        curves=_curves(subject),
        points=_points(subject),
        segments=msgspec.convert(details["segments"], list[fields.CardSegment]),
        searched=dict(findings.RULES),
        findings=findings.of(manifest) or [],
        decision=_decision(manifest),
        limits=limits.find(
            dataset, subject.train, len(subject.test), (dataset.coverage, ends[1]), by_group
        ),
        reproduction=_reproduction(subject.config, manifest),
    )


def plain(card: Card) -> dict[str, Any]:
    """Return a card as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(card)
    return values


def _purpose(dataset: Dataset, classes: list[str] | None) -> fields.CardPurpose:
    target = dataset.target
    return fields.CardPurpose(
        about=dataset.about,
        noun=dataset.noun,
        task=dataset.task,
        target=target.name,
        target_about=target.about,
        unit=target.unit,
        metric=dataset.metric,
        classes=classes or [],
        positive=classes[-1] if classes and dataset.task == "binary" else None,
    )


def _data(dataset: Dataset, manifest: Mapping[str, Any]) -> fields.CardData:
    origin, counted = manifest["data"], manifest["metrics"]
    return fields.CardData(
        source=origin.get("source"),
        md5=origin.get("md5"),
        snapshot=origin.get("snapshot"),
        read=origin["rows"],
        accepted=origin["accepted"],
        rejected=origin["rejected"],
        by_rule=origin["by_rule"],
        train=counted["rows"]["train"],
        test=counted["rows"]["test"],
        groups=counted.get("groups"),
        split=_split(dataset, dataset.split),
        unlabelled=origin.get("unlabelled", 0),
    )


def _split(dataset: Dataset, split: Split) -> str:
    """Say how rows were split, as a person would."""
    together = groups.named(dataset)
    kept = f"; rows with the same {', '.join(together)} stay together" if together else ""
    return {
        "stable": f"by a hash of each row, {split.test:.0%} to test it{kept}",
        "random": f"at random, {split.test:.0%} to test it{kept}",
        "column": f"by the column {split.column}",
        "time": f"by {split.column}: the newest rows test it{kept}",
    }[split.method]


def _metrics(
    subject: Subject, decision: Decision, told: Mapping[str, Any]
) -> list[fields.CardMetric]:
    """List the metrics, the dataset's own first, with intervals by the bootstrap."""
    dataset, rows = subject.dataset, subject.held_out

    def compute(at: np.ndarray) -> measures.Figures:
        some = rows.take(at)
        names = metrics.BY_TASK[dataset.task]
        values = (some.truth, some.output, some.weights, decision)
        found = measures.measure(dataset.task, some.truth, some.output, names, *values[2:])
        return {**found, **measures.of_decision(*values)}

    shares = [name for name in SHARES if name in told["test"]] if rows.weights is None else []
    ends = bootstrap.interval(
        compute,
        len(rows.truth),
        seed=subject.config.seed,
        groups=groups.codes(subject.test, dataset),
        shares=shares,
    )
    found = []
    for name, value in told["test"].items():
        low, high = ends.get(name, (None, None))
        folds = told["cv"].get(name, {})
        found.append(
            fields.CardMetric(
                name=name,
                about=metrics.METRICS[name].about,
                greater_is_better=metrics.METRICS[name].greater_is_better,
                value=value,
                low=rounded(low),
                high=rounded(high),
                mean=folds.get("mean"),
                deviation=folds.get("std"),
            )
        )
    return sorted(found, key=lambda one: one.name != dataset.metric)


def _importance(
    subject: Subject, decision: Decision, causes: Mapping[str, list[str]]
) -> fields.CardImportance | None:
    """Measure what the model goes by; None where its metric is not defined on the rows."""
    dataset = subject.dataset
    some = _sample(len(subject.test), ROWS, subject.config.seed)
    judged, frame = subject.held_out.take(some), _features(subject, subject.test).iloc[some]
    loss = functools.partial(_loss, dataset, decision, judged)
    least = loss(judged.output)
    if not np.isfinite(least):
        return None
    asked = asking.of(subject.fitted, frame)
    alone = {name: [name] for name in _shuffled(subject, asked)}
    joined = {
        name: [one for one in members if one in frame]
        for name, members in causes.items()
        if alone.keys() & set(members)
    }
    wanted = {**alone, **joined}
    found = importance.permutation(asked, loss, wanted, seed=subject.config.seed)
    within = {name for members in joined.values() for name in members}
    lines = [
        fields.CardCause(name, *_figures(found[name]), parts=_parts(found, joined.get(name, [])))
        for name in wanted
        if name not in within
    ]
    value = metrics.cost(dataset.metric, least)  # twice the sign is none
    return fields.CardImportance(
        metric=dataset.metric,
        value=_sure(value),
        rows=len(some),
        repeats=importance.REPEATS,
        causes=sorted(lines, key=lambda one: -one.worse),
        left_out=len(dataset.learnt()) - len(alone),
    )


def _shuffled(subject: Subject, asked: Asked) -> list[str]:
    """Name the features to shuffle: all, or of very many those that answers seem to go by."""
    names, fitted = subject.dataset.learnt(), subject.fitted
    if len(names) <= importance.MOST:
        return names
    encoder = fitted.heaviest.encoder if isinstance(fitted, Blended) else fitted.encoder
    places = encoder.columns()  # of a feature that the model drops there are none
    columns = {name: places.get(name, []) for name in names}
    return importance.strongest(encoder.transform(asked.frame), asked.answers(), columns)


def _loss(dataset: Dataset, decision: Decision, rows: Judged, output: np.ndarray) -> float:
    names = [dataset.metric]
    found = measures.measure(dataset.task, rows.truth, output, names, rows.weights, decision)
    value = found[dataset.metric]
    return float("nan") if value is None else metrics.cost(dataset.metric, value)


def _parts(found: Mapping[str, importance.Importance], members: list[str]) -> list[fields.CardPart]:
    parts = [fields.CardPart(name, *_figures(found[name])) for name in members if name in found]
    return sorted(parts, key=lambda one: -one.worse)


def _figures(one: importance.Importance) -> tuple[float, float]:
    return _sure(one.mean), _sure(one.deviation)


def _effects(subject: Subject, important: fields.CardImportance | None) -> list[fields.CardEffect]:
    """Draw how answers move with the most important features that have numbers or values."""
    some = _sample(len(subject.train), TRAINING_ROWS, subject.config.seed)
    asked = asking.of(subject.fitted, _features(subject, subject.train).iloc[some])
    names = subject.dataset.learnt()
    if important is not None:
        own = {cause.name: cause.worse for cause in important.causes}
        own |= {part.name: part.worse for cause in important.causes for part in cause.parts}
        names = sorted((name for name in names if name in own), key=lambda name: -own[name])
    found = []
    for name in names:
        effect = _effect(subject, asked, name)
        if effect is not None and effect.effects.any():
            found.append(_drawn(subject, name, effect))
        if len(found) == MOST_EFFECTS:
            break
    return found


def _effect(subject: Subject, asked: Asked, name: str) -> effects.Effect | None:
    feature = subject.dataset.features[name]
    if isinstance(feature, Number | Integer):
        return effects.of_number(asked, name)
    if not isinstance(feature, Category):
        return None
    if feature.order is not None:
        return effects.of_order(asked, name, feature.listed() or [])
    values = asked.frame[name].value_counts().index[:MOST_VALUES].tolist()
    return effects.of_values(asked, name, sorted(values, key=str))


def _drawn(subject: Subject, name: str, effect: effects.Effect) -> fields.CardEffect:
    feature = subject.dataset.features[name]
    is_number = isinstance(feature, Number | Integer)
    is_ordered = is_number or (isinstance(feature, Category) and feature.order is not None)
    return fields.CardEffect(
        feature=name,
        unit=getattr(feature, "unit", ""),
        method="accumulated" if is_ordered else "mean",
        at=[_point(feature, value) for value in effect.values] if is_number else [],
        values=[] if is_number else [str(value) for value in effect.values],
        rows=effect.rows.tolist(),
        series=[
            fields.CardSeries(of, [_sure(value) for value in effect.effects[:, at]])
            for at, of in _series(subject)
        ],
    )


def _point(feature: Feature, value: float) -> float | str:
    return feature.text(value) if isinstance(feature, Temporal) else _sure(value)


def _series(subject: Subject) -> list[tuple[int, str]]:
    """Return the places and the names of the answers that effects are drawn of."""
    classes = subject.fitted.classes
    if classes is None:
        return [(0, subject.dataset.target.name)]
    if len(classes) == 2:
        return [(0, classes[1])]
    rows = np.bincount(subject.held_out.truth, minlength=len(classes))
    frequent = np.argsort(-rows, kind="stable")[:MOST_SERIES]
    return [(int(at), classes[at]) for at in sorted(frequent)]


def _calibration(subject: Subject) -> fields.CardCalibration | None:
    rows, classes = subject.held_out, subject.fitted.classes
    if classes is None:
        return None
    if len(classes) == 2:
        of, is_right, chances = classes[1], rows.truth == 1, rows.output[:, 1]
    else:
        likeliest = rows.output.argmax(axis=1)
        of, is_right, chances = "the likeliest class", rows.truth == likeliest, rows.output.max(1)
    bins, error = curves.reliability(is_right, chances)
    return fields.CardCalibration(of, _sure(error), _bins(bins))


def _columns(subject: Subject) -> dict[str, pd.Series]:
    """Return the columns by whose values coverage is told: classes, and what divides the rows."""
    dataset, test = subject.dataset, subject.test
    named = dataset.coverage_by or [
        name for name, one in dataset.features.items() if isinstance(one, Category)
    ]
    target = [] if dataset.task == "regression" else [dataset.target.name]
    return {name: test[name] for name in [*target, *named]}


def _curves(subject: Subject) -> fields.CardCurves | None:
    rows, classes = subject.held_out, subject.fitted.classes
    if classes is None:
        return None
    if len(classes) == 2:
        of_positive = (rows.truth == 1, rows.output[:, 1], rows.weights)
        drawn = [_curve(one(*of_positive)) for one in (curves.roc, curves.precision_recall)]
        return fields.CardCurves(drawn[0], drawn[1], [])
    told = []
    for at, name in enumerate(classes):
        of_class = (rows.truth == at, rows.output[:, at], rows.weights)
        roc, precise = curves.roc(*of_class), curves.precision_recall(*of_class)
        areas = [None if one is None else rounded(one.area) for one in (roc, precise)]
        told.append(fields.CardClass(name, int((rows.truth == at).sum()), *areas))
    return fields.CardCurves(None, None, told)


def _curve(found: curves.Curve | None) -> fields.CardCurve | None:
    if found is None:
        return None
    some = found.thinned()
    x, y = ([_sure(value) for value in side] for side in (some.x, some.y))
    return fields.CardCurve(rounded(some.area), x, y)


def _points(subject: Subject) -> list[list[float]]:
    """Return actual and predicted values, evenly by rank of the actual one."""
    rows = subject.held_out
    if subject.fitted.classes is not None:
        return []
    order = np.lexsort((rows.output, rows.truth))
    at = order[np.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).round().astype(int)]
    pairs = zip(rows.truth[at].tolist(), rows.output[at].tolist(), strict=True)
    return [[_sure(actual), _sure(predicted)] for actual, predicted in pairs]


def _decision(manifest: Mapping[str, Any]) -> fields.CardDecision | None:
    found = manifest.get("decision")
    if found is None:
        return None
    return fields.CardDecision(
        positive=manifest["details"]["classes"][-1],
        threshold=found["threshold"],
        by=found["by"],
        notes=found["notes"],
        band=found.get("band"),
    )


def _reproduction(config: Config, manifest: Mapping[str, Any]) -> fields.CardReproduction:
    search = config.search
    words = [
        f"python -m src.train dataset={config.dataset.name} model={config.model.name}",
        *(
            [f"search=optuna search.trials={search.trials}"]
            if isinstance(search, OptunaSearch)
            else []
        ),
        f"seed={config.seed} folds={config.folds}",
    ]
    return fields.CardReproduction(
        command=" ".join(words),
        commit=manifest["git"]["commit"],
        dirty=manifest["git"]["dirty"],
        md5=manifest["data"].get("md5"),
        seed=config.seed,
        folds=config.folds,
        versions=manifest["versions"],
    )


def _bins(found: list[curves.Bin]) -> list[fields.CardBin]:
    return [fields.CardBin(**_plain(one)) for one in found]


def _plain(found: Any) -> dict[str, Any]:
    """Return a dataclass's fields, with rounded figures."""
    return {
        name: rounded(value) if isinstance(value, float) else value
        for name, value in asdict(found).items()
    }


def _sure(value: float) -> float:
    found = rounded(float(value))
    assert found is not None
    return found


def _features(subject: Subject, frame: pd.DataFrame) -> pd.DataFrame:
    """Return what an answer may go by, with texts as objects: strings convert on every call."""
    some = frame[list(subject.dataset.features)]
    return some.astype({name: object for name, kind in some.dtypes.items() if kind == "str"})


def _sample(count: int, most: int, seed: int) -> np.ndarray:
    """Return the positions of some rows, in their order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
