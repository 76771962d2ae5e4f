"""Charts of a model's card, which prints: nothing is told by pointing at it alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from app.dashboard import units
from app.dashboard.charts import moments

Spec = dict[str, Any]
Row = dict[str, Any]
ROW = 26  # pixels of a bar with the space around it
AXIS = 48
TICKS = 5


def importance(lines: Sequence[Row], metric: str) -> Spec:
    """Draw by how much the metric gets worse without each cause, with the deviation."""
    rows = [
        {
            "name": one["name"],
            "worse": one["worse"],
            "low": one["worse"] - one["deviation"],
            "high": one["worse"] + one["deviation"],
        }
        for one in lines
    ]
    base = _chart(rows).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
        tooltip=[alt.Tooltip("name:N"), _number("worse")],
    )
    bars = base.mark_bar(size=12).encode(
        x=alt.X("worse:Q", title=f"{metric} worse by", axis=_axis())
    )
    spread = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q")
    return _spec(bars + spread)


def effect(found: Row) -> Spec:
    """Draw how answers move with a number's or an ordered category's values, around their mean."""
    points: Sequence[Any] = found["values"] or found["at"]
    is_moment = not found["values"] and moments.are(points)
    rows = [
        {"at": moments.placed(at), "said": at, "effect": value, "of": series["of"]}
        if is_moment
        else {"at": at, "effect": value, "of": series["of"]}
        for series in found["series"]
        for at, value in zip(points, series["values"], strict=True)
    ]
    unit = units.beside(found["unit"], found["feature"])
    title = f"{found['feature']} ({unit})" if unit else found["feature"]
    names = [series["of"] for series in found["series"]]
    y = alt.Y("effect:Q", title=f"{names[0]}, from its mean" if len(names) == 1 else "probability")
    base = _chart(rows)
    if found["values"]:
        x = alt.X("at:N", title=title, sort=None, axis=alt.Axis(labelAngle=-35, labelLimit=90))
        # Between values without an order there is no way that a line could go.
        mark = base.mark_circle(size=70, opacity=1)
        if found["method"] == "accumulated":
            mark = base.mark_line(point=True)
    else:
        axis, scale = moments.axis(points, TICKS), moments.scale(points, zero=False)
        x = alt.X(f"at:{moments.kind(points)}", title=title, scale=scale, axis=axis)
        mark = base.mark_line(strokeWidth=2)
    said = "said:N" if is_moment else f"at:{'N' if found['values'] else 'Q'}"
    shown = mark.encode(x=x, y=y, tooltip=[alt.Tooltip(said), _number("effect")])
    if len(names) > 1:
        legend = alt.Legend(orient="top", title=None, columns=2)
        shown = shown.encode(color=alt.Color("of:N", sort=names, legend=legend))
    return _spec(_chart([{"zero": 0}]).mark_rule(strokeDash=[4, 4]).encode(y="zero:Q") + shown)


def bins(found: Sequence[Row], what: str, *, promised: float | None = None) -> Spec:
    """Draw the share of each bin with its interval, beside what it should be."""
    base = _chart(found)
    share = alt.Scale(zero=False)
    x = alt.X("predicted:Q", title=what, axis=_axis(), scale=alt.Scale(zero=False))
    tooltip = [_number("predicted"), alt.Tooltip("share:Q", format=".1%"), _number("rows")]
    y = alt.Y("share:Q", title="share", axis=alt.Axis(format="%", tickCount=5), scale=share)
    points = base.mark_circle(size=60, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    ends = base.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("share_low:Q", scale=share), y2="share_high:Q"
    )
    if promised is None:
        goal = _line([0, 1], [0, 1])
    else:
        goal = _chart([{"goal": promised}]).mark_rule(strokeDash=[4, 4]).encode(y="goal:Q")
    return _spec(goal + ends + points)


def curve(found: Row, across: str, up: str, *, diagonal: bool) -> Spec:
    """Draw a curve between 0 and 1."""
    rows = [{"x": x, "y": y} for x, y in zip(found["x"], found["y"], strict=True)]
    unit = alt.Scale(domain=[0, 1])
    line = (
        _chart(rows)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("x:Q", title=across, scale=unit, axis=_axis()),
            y=alt.Y("y:Q", title=up, scale=unit, axis=_axis()),
            order=alt.Order("at:Q"),
            tooltip=[_number("x"), _number("y")],
        )
        .transform_window(at="row_number()")
    )
    return _spec(_line([0, 1], [0, 1]) + line if diagonal else line)


def tall(rows: int) -> int:
    """Return the height of a chart that has a row for each of its bars."""
    return max(3, rows) * ROW + AXIS


def _line(x: Sequence[float], y: Sequence[float]) -> alt.Chart:
    ends = {"x": x[0], "x2": x[1], "y": y[0], "y2": y[1]}
    line = _chart([ends]).mark_rule(strokeDash=[4, 4])
    return line.encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q")


def _chart(values: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(values)))


def _axis() -> alt.Axis:
    return alt.Axis(tickCount=TICKS)


def _number(name: str) -> alt.Tooltip:
    return alt.Tooltip(f"{name}:Q", format=",.4~g")


def _spec(chart: Any) -> Spec:
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec: Spec = chart.properties(
            padding={"left": 4, "right": 16, "top": 4, "bottom": 4}
        ).to_dict(validate=False)
    spec.pop("config", None)  # colours and sizes are the page's
    return spec
