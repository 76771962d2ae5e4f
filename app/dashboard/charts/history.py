"""Charts of versions over time, and of the answers of two versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from src.evaluation.metrics import METRICS

Spec = dict[str, Any]
STEEP = 5  # how often the least error fits in the largest before small ones are drawn as a line
# What lies on the axis, by the word in the page's address.
AXES = {"version": "version:O", "time": "at:T", "commit": "commit:N"}


def over(axis: str, rows: Sequence[dict[str, Any]], metric: str) -> Spec:
    """Draw a point for each version: filled on the held-out rows, hollow in cross-validation.

    A row has version, at, commit, model, test, cv, state and gate, and stands in order of time.
    """
    data = alt.Data(values=list(rows))
    commits = list(dict.fromkeys(row["commit"] for row in rows))
    x = alt.X(
        AXES[axis],
        title=None if axis == "time" else axis,
        sort=commits if axis == "commit" else "ascending",
        axis=alt.Axis(labelAngle=-40 if axis == "commit" else 0, labelOverlap=True),
    )
    colour = alt.Color(
        "model:N", legend=alt.Legend(orient="top", columns=4, title=None, symbolOpacity=1)
    )
    tooltip = [
        alt.Tooltip("version:O"),
        alt.Tooltip("model:N"),
        alt.Tooltip("test:Q", title=f"{metric}, held out", format=",.5~g"),
        alt.Tooltip("cv:Q", title=f"{metric}, cross-validated", format=",.5~g"),
        alt.Tooltip("commit:N"),
        alt.Tooltip("at:T", title="trained", format="%d %b %Y %H:%M"),
        alt.Tooltip("state:N"),
        alt.Tooltip("gate:N"),
    ]
    base = alt.Chart(data).encode(x=x, tooltip=tooltip)
    is_log = _is_steep(rows, metric)
    title = f"{metric} (logarithmic scale)" if is_log else metric
    scale = alt.Scale(type="log", nice=False, padding=24) if is_log else alt.Scale(zero=False)
    held_out, validated = (
        alt.Y(f"{name}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))
        for name in ("test", "cv")
    )
    ring = (
        base.transform_filter("datum.state === 'champion'")
        .mark_point(size=560, strokeWidth=2, filled=False, style="ink")
        .encode(y=held_out)
    )
    line = base.mark_line(strokeWidth=1.5, opacity=0.5).encode(y=held_out, color=colour)
    # Larger than the filled ones: it is seen around them where both are as good.
    hollow = base.mark_point(size=240, strokeWidth=1.5, filled=False)
    hollow = hollow.encode(y=validated, color=colour)
    filled = base.mark_circle(size=110, opacity=1).encode(y=held_out, color=colour)
    return _spec(alt.layer(line, ring, hollow, filled))


def pair(
    points: Sequence[Sequence[Any]], names: tuple[str, str], what: str, *, is_class: bool
) -> Spec:
    """Draw the answers of two versions to the same rows; they agree on the line."""
    rows = [{"a": a, "b": b, "actual": actual} for a, b, actual in points]
    values = (0, 1) if is_class else [value for point in points for value in point[:2]]
    line = (
        alt.Chart(alt.Data(values=[{"low": min(values), "high": max(values)}]))
        .mark_rule(strokeDash=[4, 4])
        .encode(x="low:Q", y="low:Q", x2="high:Q", y2="high:Q")
    )
    tooltip = [
        alt.Tooltip("a:Q", title=names[0], format=",.4~g"),
        alt.Tooltip("b:Q", title=names[1], format=",.4~g"),
        alt.Tooltip("actual:N" if is_class else "actual:Q"),
    ]
    colour = alt.Color("actual:N", legend=alt.Legend(orient="top", title=f"actual {what}"))
    scale = alt.Scale(zero=False)
    words = "probability" if is_class else what
    dots = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(size=28, opacity=0.55)
        .encode(
            x=alt.X("a:Q", title=f"{words} by {names[0]}", scale=scale),
            y=alt.Y("b:Q", title=f"{words} by {names[1]}", scale=scale),
            tooltip=tooltip,
            **({"color": colour} if is_class else {}),
        )
    )
    return _spec(dots + line)


def _is_steep(rows: Sequence[dict[str, Any]], metric: str) -> bool:
    """Tell whether errors are so far apart that a linear scale hides all but the largest."""
    known_metric = METRICS.get(metric)
    if known_metric is None or known_metric.greater_is_better:
        return False
    values = [row[name] for row in rows for name in ("test", "cv") if row[name] is not None]
    return bool(values) and 0 < STEEP * min(values) < max(values)


def _spec(chart: Any) -> Spec:
    spec: Spec = chart.to_dict(validate=False)
    return spec
