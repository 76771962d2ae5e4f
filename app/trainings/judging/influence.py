"""The labels that a training failed by: those that judge it, and those it learnt from.

Of the held-out rows, the labels without which the gate would be passed, or the champion not be
better; of the training rows, the labels that models which did not see them deny most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.trainings.judging import leave_out
from app.trainings.judging.leave_out import Figures, Judgement, Step
from app.trainings.result import Contest
from app.trainings.rows.training_rows import TrainingRows
from app.trainings.schema import LabelInfluence
from src.data import gate
from src.data.prepared import Prepared
from src.data.rules import COVERAGE, OF_A_CLASS, Gates, Limits
from src.data.schema import Dataset
from src.evaluation import measures, metrics
from src.evaluation.judged import Judged
from src.learning.intervals import conformal
from src.learning.training import Outcome

TRIED_EACH = 1000  # labels; of more of them only those with the largest loss are tried
TRIED = 50
DENIED = 5  # labels that taught it
MANY = 10**measures.DIGITS  # from here on a figure is written whole


@dataclass(frozen=True)
class Subject:
    """A finished training and the rows it came from, which know their labels by their index."""

    dataset: Dataset
    gathered: TrainingRows
    ready: Prepared
    outcome: Outcome
    seed: int


def find(
    subject: Subject, gates: Gates, missed: Sequence[str], contest: Contest | None
) -> list[LabelInfluence] | None:
    """Return the labels that it failed by; None where it neither misses its gate nor is worse.

    `missed` is what the gate says of it, and `contest` what came of it beside the champion.
    """
    is_worse = contest is not None and _is_worse(contest)
    if not missed and not is_worse:
        return None
    test = _HeldOut(subject)
    named = list(_by_gate(test, gates, missed)) if missed else []
    if contest is not None and is_worse:
        named += _by_contest(test, contest)
    by_label: dict[str, LabelInfluence] = {}
    for one in [*named, *_denied(subject)]:
        by_label.setdefault(one.label, one)
    return list(by_label.values())


def _is_worse(contest: Contest) -> bool:
    found = contest.result
    return found is not None and found.difference is not None and found.difference < 0


class _HeldOut:
    """The held-out rows as they were judged, and which of them are labels."""

    def __init__(self, subject: Subject) -> None:
        self.dataset, self.seed = subject.dataset, subject.seed
        self.rows, self.decision = subject.outcome.held_out, subject.outcome.decision
        self.classes = subject.outcome.fitted.classes
        self.index = subject.ready.test.index
        self.labels = subject.gathered.frame.index[self.index].tolist()
        interval, frame = subject.outcome.interval, subject.ready.test
        self.inside, _ = conformal.inside_and_width(interval, self.rows, frame)

    def tried(self, places: np.ndarray) -> list[int]:
        """Return which of some rows may be dropped, the costliest first, by their order there.

        A place below 0 is that of a row which is not held out here, such as one of the file's.
        """
        loss = _losses(self.rows.take(places))
        labels = [at for at, place in enumerate(places) if place >= 0 and self.labels[place]]
        labels.sort(key=lambda at: -loss[at])
        return labels if len(labels) <= TRIED_EACH else labels[:TRIED]

    def named(self, place: int, says: Callable[[str], str]) -> LabelInfluence:
        """Return a row as one to name; `says` completes the sentence about it."""
        truth, output = self.rows.truth[place], self.rows.output[place]
        actual: Any
        predicted: Any
        if self.classes is None:
            actual, predicted = float(truth), measures.rounded(float(output))
        else:
            called = int(self.decision.called(output[None])[0])
            actual, predicted = self.classes[int(truth)], self.classes[called]
        about = f"{self.dataset.target.name} {_written(actual)}, predicted {_written(predicted)}"
        label = self.labels[place]
        return LabelInfluence(label, "test", actual, predicted, says(f"label {label} ({about})"))


def _losses(rows: Judged) -> np.ndarray:
    loss = np.abs(rows.output - rows.truth) if rows.output.ndim == 1 else 1 - rows.of_truth
    return loss if rows.weights is None else loss * rows.weights


def _by_gate(test: _HeldOut, gates: Gates, missed: Sequence[str]) -> Iterator[LabelInfluence]:
    """Name the labels without which the figures that the gate limits would be within the limits.

    What it says of segments and findings stays.
    """
    judgement = _of_gate(test, gates)
    count = len(test.rows.truth)
    beyond = judgement.missed(judgement.measure(np.arange(count)))
    # Where it says more than of these figures, they alone do not pass it.
    good = "which passes" if len(missed) == len(beyond) else "which the limits allow"

    def words(figures: Figures) -> str:
        return " and ".join(f"{name} would be {_written(figures[name])}" for name in beyond)

    steps = leave_out.influential(judgement, test.tried(np.arange(count)), test.seed)
    for step in steps:
        last = good if not judgement.missed(step.figures) else f"in place of {_were(steps, beyond)}"
        yield test.named(step.row, _sentence(step, steps, f"{words(step.figures)}, {last}"))


def _of_gate(test: _HeldOut, gates: Gates) -> Judgement:
    """Return the judgement of the held-out rows by what the gate limits, of all and by class."""
    dataset, rows, decision, names = test.dataset, test.rows, test.decision, test.classes
    plain = [name for name in gates if name in metrics.BY_TASK[dataset.task]]
    by_class = names is not None and any(name in OF_A_CLASS for name in gates)

    def measure(kept: np.ndarray) -> Figures:
        some = rows.take(kept)
        parts = some.truth, some.output
        values = measures.measure(dataset.task, *parts, plain, some.weights, decision)
        values |= measures.of_decision(*parts, some.weights, decision)
        values[COVERAGE] = float(np.average(test.inside[kept], weights=some.weights))
        of_classes = None
        if names is not None and by_class:
            of_classes = measures.per_class(*parts, names, some.weights, decision)
        rounded = {name: measures.rounded(value) for name, value in values.items()}
        return gate.figures(rounded, gates, of_classes)

    limits = gate.limits(gates, (by_class and names) or ())

    def distances(figures: Figures) -> Figures:
        return {name: _beyond(value, limits[name]) for name, value in figures.items()}

    return Judgement(len(rows.truth), measure, distances)


def _beyond(value: float | None, limit: Limits) -> float | None:
    """Return how far a figure lies beyond its nearer limit, below 0 within them."""
    if value is None or math.isnan(value):
        return None
    low = -math.inf if limit.min is None else limit.min
    high = math.inf if limit.max is None else limit.max
    return max(low - value, value - high)


def _by_contest(test: _HeldOut, contest: Contest) -> Iterator[LabelInfluence]:
    """Name the labels without which it would be no worse than the champion."""
    paired = contest.paired
    if paired is None:
        return
    task, metric = test.dataset.task, contest.metric
    champion = f"version {contest.champion}"

    def measure(kept: np.ndarray) -> Figures:
        both = zip((metric, champion), (paired.ours, paired.theirs), paired.decisions, strict=True)
        return {
            name: measures.measure(
                task, paired.truth[kept], output[kept], [metric], None, decision
            )[metric]
            for name, output, decision in both
        }

    def distances(figures: Figures) -> Figures:
        ours, theirs = figures[metric], figures[champion]
        if ours is None or theirs is None:
            return {metric: None}
        return {metric: metrics.cost(metric, ours) - metrics.cost(metric, theirs)}

    judgement = Judgement(len(paired.at), measure, distances, is_close=True)
    places = test.index.get_indexer(paired.at)
    steps = leave_out.influential(judgement, test.tried(places), test.seed)
    for step in steps:
        ours, theirs = (_written(step.figures[name]) for name in (metric, champion))
        words = f"{metric} would be {ours} against {theirs} of {champion}"
        if not judgement.missed(step.figures):
            words += ", which is no worse"
        yield test.named(int(places[step.row]), _sentence(step, steps, words))


def _were(steps: Sequence[Step], names: Sequence[str]) -> str:
    return " and ".join(_written(steps[0].before[name]) for name in names)


def _sentence(step: Step, steps: Sequence[Step], words: str) -> Callable[[str], str]:
    """Return what says of a label what would be without it, and without those before it."""
    also = "" if step is steps[0] else " too"
    return lambda label: f"without {label}{also} {words}"


def _denied(subject: Subject) -> list[LabelInfluence]:
    """Name the labels among the rows to learn from that models without them deny most."""
    labels, target = subject.gathered.frame.index, subject.dataset.target.name
    rows = [row for row in subject.outcome.suspects if labels[row["row"]]]
    named = []
    for row in rows[:DENIED]:
        label, truth, predicted = labels[row["row"]], row["actual"], row["predicted"]
        times = _written(float(f"{row['surprise']:.3g}"))
        far = f"{times} times as far away as their range reaches"
        if subject.outcome.fitted.classes is not None:
            far = f"{times} times as likely"
        about = f"label {label} ({target} {_written(truth)})"
        says = f"models that did not learn from {about} predict {_written(predicted)}, {far}"
        named.append(LabelInfluence(label, "train", truth, predicted, says))
    return named


def _written(value: Any) -> str:
    """Write a figure with its thousands apart, or the name of a class."""
    if value is None:
        return "undefined"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= MANY else f"{value:,.{measures.DIGITS}g}"
