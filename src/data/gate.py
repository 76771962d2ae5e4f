"""The quality gate: what a model must reach, and must not have, before it may be champion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from src.data import findings
from src.data.rules import COVERAGE, Gates, Limits
from src.evaluation.metrics import METRICS

SHOWN, EXACT = 6, 16  # significant digits: what is shown, and what tells nearly all floats apart
NOTHING = 1e-4  # a share of the limit under which a figure is as good as 0

# Of a class, by its name: precision, recall, f1 and rows; None for metrics without classes.
PerClass = Mapping[str, Mapping[str, Any]] | None


def missed(manifest: Mapping[str, Any], gates: Gates) -> list[str]:
    """Describe why a trained model does not pass the gate; an empty list is a pass.

    It is refused for each limit that its figures on the held-out rows miss, and for each finding
    that the gate refuses. Of a model that was trained before findings were kept nothing is known,
    so that such a gate refuses it too.
    """
    metrics = manifest["metrics"]
    coverage = (metrics.get("interval") or {}).get("coverage")
    per_class = manifest["details"].get("per_class")
    said = failures({**metrics["test"], COVERAGE: coverage}, gates, per_class)
    said += _missed_by_segments(manifest, gates)
    refused = [name for name, gate in gates.items() if isinstance(gate, str)]
    found = findings.of(manifest)
    if refused and found is None:
        return [*said, f"{', '.join(refused)}: not looked for when it was trained; train it again"]
    return [*said, *(f"{one.rule}: {one.says}" for one in found or () if one.rule in refused)]


def _missed_by_segments(manifest: Mapping[str, Any], gates: Gates) -> Iterator[str]:
    """Describe each segment of the held-out rows that misses its limit.

    Few rows move a share of them far: coverage is missed where it lies below the limit with all
    that chance explains (the upper end of Wilson's interval, 95 %).
    """
    by_feature = [
        (name, feature, limit)
        for name, gate in gates.items()
        if not isinstance(gate, str)
        for feature, limit in gate.by.items()
    ]
    for name, feature, limit in by_feature:
        every = manifest["details"].get("segments") or ()
        segments = [one for one in every if one["by"] == [feature]]
        if not segments or name not in (manifest["config"]["dataset"]["metric"], COVERAGE):
            yield f"{name} by {feature} is not known of any of its values; train it again"
            continue
        for one in segments:
            yield from _missed_by_segment(name, one, limit)


def _missed_by_segment(name: str, segment: Mapping[str, Any], limit: Limits) -> Iterator[str]:
    key = COVERAGE if name == COVERAGE else "metric"
    value = segment[key]
    if value is None:
        return
    low, high = (value, value)
    if name == COVERAGE:
        low, high = segment["coverage_low"], segment["coverage_high"]
    where = f"{name} of {segment['segment']} ({segment['rows']} rows)"
    if limit.min is not None and high < limit.min:
        yield f"{where} {_beside(value, limit.min)} is below {limit.min:.15g}"
    elif limit.max is not None and low > limit.max:
        yield f"{where} {_beside(value, limit.max)} is above {limit.max:.15g}"


def failures(
    measured: Mapping[str, float | None], gates: Gates, per_class: PerClass = None
) -> list[str]:
    """Describe each limit that is missed; an empty list is a pass.

    A figure that is undefined on the held-out rows (None or NaN) fails its gate.
    """
    said = []
    limited = limits(gates, per_class or ())
    for words, value in figures(measured, gates, per_class).items():
        limit = limited[words]
        if value is None or math.isnan(value):
            said.append(f"{words} is not defined on the held-out rows{_why(words, measured)}")
        elif limit.min is not None and value < limit.min:
            said.append(f"{words} {_beside(value, limit.min)} is below {limit.min:.15g}")
        elif limit.max is not None and value > limit.max:
            said.append(f"{words} {_beside(value, limit.max)} is above {limit.max:.15g}")
    return said


def _why(name: str, measured: Mapping[str, float | None]) -> str:
    """Say why a metric is not defined; nothing where it was never measured."""
    is_measured = name in measured and name in METRICS
    return f": {METRICS[name].undefined}" if is_measured else ""


def _beside(value: float, limit: float) -> str:
    """Write a figure as precisely as its limit: 0 beside 0.9, not -4.13318e-06.

    Digits are added until it is on the correct side of the limit.
    """
    if abs(value) < abs(limit) * NOTHING:
        return "0"
    for digits in range(SHOWN, EXACT):
        shown = float(f"{value:.{digits}g}")
        if shown != limit and (shown < limit) == (value < limit):
            return f"{shown:.15g}"
    return repr(value)


def figures(
    measured: Mapping[str, float | None], gates: Gates, per_class: PerClass = None
) -> dict[str, float | None]:
    """Return the figures that the gate limits, by name: "f1", "recall of <class>"."""
    by_class = per_class or {}
    return {
        words: measured.get(name) if of is None else _of_class(name, by_class.get(of))
        for words, name, of, _ in _limited(gates, by_class)
    }


def limits(gates: Gates, classes: Iterable[str] = ()) -> dict[str, Limits]:
    """Return the limits of each figure, by the same names."""
    return {words: limit for words, _, _, limit in _limited(gates, classes)}


def _limited(gates: Gates, classes: Iterable[str]) -> Iterator[tuple[str, str, str | None, Limits]]:
    """Yield each limited figure: its name, its metric, its class or None, and its limits."""
    classes = list(classes)
    for name, gate in gates.items():
        if isinstance(gate, str):  # of findings, which have no limits
            continue
        if not gate.is_none:
            yield name, name, None, gate
        if gate.each is not None and not classes:  # of no class at all: not defined, so not passed
            yield f"{name} of each class", name, "", gate.each
        for of in dict.fromkeys([*classes, *map(str, gate.classes)]):
            limit = gate.of(of)
            if limit is not None:
                yield f"{name} of {of}", name, of, limit


def _of_class(name: str, of_class: Mapping[str, Any] | None) -> float | None:
    """Return a figure of a class; None for a class without rows."""
    return of_class[name] if of_class is not None and of_class["rows"] else None
