"""Charts of a version's held-out errors, and of its comparison with the champion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

Spec = dict[str, Any]


def against_truth(points: Sequence[Sequence[float]], name: str) -> Spec:
    """Draw actual against predicted values; correct predictions are on the line."""
    rows = [{"actual": actual, "predicted": predicted} for actual, predicted in points]
    shown = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=28, opacity=0.5)
        .encode(
            x=alt.X("predicted:Q", title=f"predicted {name}", scale=alt.Scale(zero=False)),
            y=alt.Y("actual:Q", title=f"actual {name}", scale=alt.Scale(zero=False)),
            tooltip=[
                alt.Tooltip("actual:Q", format=",.4~g"),
                alt.Tooltip("predicted:Q", format=",.4~g"),
            ],
        )
    )
    return _spec(shown + _diagonal([value for point in points for value in point]))


def confusion(classes: Sequence[str], matrix: Sequence[Sequence[int]]) -> Spec:
    """Draw a confusion matrix; darker cells hold a larger share of their true class."""
    rows = [
        {
            "actual": actual,
            "predicted": predicted,
            "rows": count,
            "share": count / max(1, sum(counts)),
        }
        for actual, counts in zip(classes, matrix, strict=True)
        for predicted, count in zip(classes, counts, strict=True)
    ]
    order = list(classes)
    return _spec(
        alt.Chart(alt.Data(values=rows))
        .mark_rect()
        .encode(
            x=alt.X(
                "predicted:N",
                sort=order,
                axis=alt.Axis(labelAngle=-60, labelLimit=110, labelFontSize=11),
            ),
            y=alt.Y("actual:N", sort=order, axis=alt.Axis(labelLimit=110, labelFontSize=11)),
            color=alt.Color(
                "share:Q",
                title="share of the actual class",
                legend=alt.Legend(orient="top", format=".0%"),
            ),
            tooltip=[
                alt.Tooltip("actual:N"),
                alt.Tooltip("predicted:N"),
                alt.Tooltip("rows:Q"),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )


def thresholds(curve: Sequence[dict[str, Any]], chosen: float, band: Sequence[float]) -> Spec:
    """Draw what comes of each threshold, with the chosen one and the band around it."""
    names = [name for name in ("precision", "recall", "f1") if name in curve[0]]
    rows = [
        {"threshold": point["threshold"], "figure": name, "value": point[name]}
        for point in curve
        for name in names
    ]
    x = alt.X(
        "threshold:Q",
        title="from this probability on an answer is positive",
        axis=alt.Axis(format=".2~g", tickCount=6),
    )
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("figure:N", sort=names, legend=alt.Legend(orient="top", title=None)),
            tooltip=[
                alt.Tooltip("figure:N"),
                alt.Tooltip("threshold:Q", format=".3~g"),
                alt.Tooltip("value:Q", format=".3~g"),
            ],
        )
    )
    rule = alt.Chart(alt.Data(values=[{"threshold": chosen}])).mark_rule(strokeWidth=2)
    shown = lines + rule.encode(x=x)
    if band:
        ends = alt.Data(values=[{"low": band[0], "high": band[1]}])
        left = alt.Chart(ends).mark_rect(opacity=0.15)
        shown = left.encode(x=alt.X("low:Q"), x2="high:Q") + shown
    return _spec(shown)


def difference(low: float, value: float, high: float) -> Spec:
    """Draw the improvement over the champion with its interval."""
    row = {"low": low, "value": value, "high": high}
    base = alt.Chart(alt.Data(values=[row]))
    axis = alt.Axis(title="worse  \N{LEFT RIGHT ARROW}  better", format=".3~g", tickCount=5)
    scale = alt.Scale(domain=[min(low, 0), max(high, 0)], nice=True)
    span = base.mark_rule(strokeWidth=4).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q"
    )
    dot = base.mark_circle(size=140, opacity=1).encode(x=alt.X("value:Q", scale=scale))
    zero = (
        alt.Chart(alt.Data(values=[{"zero": 0}]))
        .mark_rule(strokeDash=[4, 4])
        .encode(x=alt.X("zero:Q", scale=scale))
    )
    return _spec(zero + span + dot)


def _diagonal(values: Sequence[float]) -> Any:
    """Draw the diagonal."""
    ends = {"low": min(values), "high": max(values)}
    return (
        alt.Chart(alt.Data(values=[ends]))
        .mark_rule(strokeDash=[4, 4])
        .encode(x="low:Q", y="low:Q", x2="high:Q", y2="high:Q")
    )


def _spec(chart: Any) -> Spec:
    spec: Spec = chart.to_dict(validate=False)
    return spec
