"""Charts of a dataset's profile, drawn from counts and not from rows."""

from __future__ import annotations

import functools
from typing import Any

import altair as alt

from app.dashboard.charts.blanks import blank, filled

Spec = dict[str, Any]
TICKS = 5
ROW = 24  # pixels of a bar or a box with the space around it
AXIS = 48  # pixels of the axis below
COUNT = ","
TITLE, OF = blank("title"), blank("of")  # what is drawn, and of what


def histogram(bins: dict[str, Any], title: str) -> Spec:
    """Draw the number of rows in each bin."""
    edges = bins["edges"]
    values = [
        {"from": low, "to": high, "rows": rows}
        for low, high, rows in zip(edges, edges[1:], bins["rows"], strict=False)
    ]
    return _filled(_histogram(bins["scale"]), values=values, title=title)


@functools.cache
def _histogram(scale: str) -> Spec:
    chart = _chart().mark_bar(binSpacing=1, orient="vertical")
    return _spec(
        chart.encode(
            x=alt.X("from:Q", title=TITLE, scale=_scale(scale), axis=_axis()),
            x2="to:Q",
            y=alt.Y("rows:Q", title="rows", axis=_axis(), scale=alt.Scale(domainMin=0)),
            y2=alt.datum(0),
            tooltip=[alt.Tooltip("from:Q"), alt.Tooltip("to:Q"), _rows()],
        )
    )


def bars(values: list[dict[str, Any]], title: str) -> Spec:
    """Draw the number of rows with each value, labelled with their share."""
    total = sum(one["rows"] for one in values) or 1
    rows = [{**one, "share": one["rows"] / total} for one in values]
    return _filled(_bars(), values=rows, title=title)


@functools.cache
def _bars() -> Spec:
    base = _chart().encode(
        y=_names(),
        x=alt.X("rows:Q", title="rows", axis=_axis()),
        tooltip=[alt.Tooltip("value:N", title=TITLE), _rows(), _share()],
    )
    text = base.mark_text(align="left", dx=4).encode(text=alt.Text("share:Q", format=".1%"))
    return _spec(base.mark_bar() + text, right=48)


def boxes(groups: list[dict[str, Any]], title: str, of: str) -> Spec:
    """Draw five numbers of each group: whiskers, the middle half, and the median."""
    return _filled(_boxes(), values=groups, title=title, of=of)


@functools.cache
def _boxes() -> Spec:
    base = _chart().encode(y=_names())
    tooltip = [
        alt.Tooltip("value:N", title=TITLE),
        _rows(),
        *(alt.Tooltip(f"{name}:Q", format=COUNT) for name in ("low", "q25", "median")),
        *(alt.Tooltip(f"{name}:Q", format=COUNT) for name in ("q75", "high")),
    ]
    x = alt.X("low:Q", title=OF, axis=_axis(), scale=alt.Scale(zero=False))
    lower = base.mark_rule().encode(x=x, x2="q25:Q", tooltip=tooltip)
    upper = base.mark_rule().encode(x="q75:Q", x2="high:Q", tooltip=tooltip)
    middle = base.mark_bar(size=14, opacity=0.45).encode(x="q25:Q", x2="q75:Q", tooltip=tooltip)
    median = base.mark_tick(size=14, thickness=3, opacity=1, style="ink")
    return _spec(lower + upper + middle + median.encode(x="median:Q", tooltip=tooltip))


def grid(relation: dict[str, Any], title: str, of: str) -> Spec:
    """Draw the number of rows in each cell of two numbers."""
    across, up = relation["x"], relation["y"]
    values = [{"i": i, "j": j, "rows": rows} for i, j, rows in relation["cells"]]
    edges = {"across": across["edges"], "up": up["edges"]}
    scales = across["scale"], up["scale"]
    return _filled(_grid(*scales), values=values, title=title, of=of, **edges)


@functools.cache
def _grid(across: str, up: str) -> Spec:
    # Cells are named by their places, which is a third of writing the edges of each.
    placed = _chart().transform_calculate(
        x=f"{blank('across')}[datum.i]",
        x2=f"{blank('across')}[datum.i + 1]",
        y=f"{blank('up')}[datum.j]",
        y2=f"{blank('up')}[datum.j + 1]",
    )
    return _spec(
        placed.mark_rect().encode(
            x=alt.X("x:Q", title=TITLE, scale=_scale(across), axis=_axis()),
            x2="x2:Q",
            y=alt.Y("y:Q", title=OF, scale=_scale(up), axis=_axis()),
            y2="y2:Q",
            color=alt.Color(
                "rows:Q",
                title="rows",
                # Else the fullest cells alone would be seen.
                scale=alt.Scale(type="log"),
                legend=alt.Legend(orient="top", gradientThickness=8, tickCount=3, format="s"),
            ),
            tooltip=[
                alt.Tooltip("x:Q", title=TITLE, format=COUNT),
                alt.Tooltip("y:Q", title=OF, format=COUNT),
                _rows(),
            ],
        )
    )


def parts(values: list[dict[str, Any]], title: str, share: str, overall: float) -> Spec:
    """Draw the share of one class within each value, beside its share in all rows."""
    each = [{**one, "kind": "each"} for one in values]
    every = [{"share": overall, "kind": "all"}]
    return _filled(_parts(), values=each, all=every, title=title, of=share)


@functools.cache
def _parts() -> Spec:
    # The first two colours of the page: of the bars, and of the line across them.
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["each", "all"]), legend=None)
    bars = _chart().mark_bar(opacity=0.6)
    line = _chart("all").mark_rule(size=3)
    return _spec(
        bars.encode(
            x=alt.X("share:Q", title=OF, axis=_axis("%"), scale=alt.Scale(domainMin=0)),
            y=_names(),
            color=colour,
            tooltip=[alt.Tooltip("value:N", title=TITLE), _share(), _rows()],
        )
        + line.encode(x="share:Q", color=colour, tooltip=[_share("share of all rows")])
    )


def shares(values: list[dict[str, Any]], title: str, of: str, order: list[str]) -> Spec:
    """Draw the share of each class within each value."""
    return _filled(_shares(), values=values, title=title, of=of, order=order)


@functools.cache
def _shares() -> Spec:
    order: Any = blank("order")
    return _spec(
        _chart()
        .mark_rect()
        .encode(
            x=alt.X("class:N", title=OF, sort=order, axis=alt.Axis(labelAngle=-40, labelLimit=90)),
            y=_names(),
            color=alt.Color(
                "share:Q",
                title="share of the rows",
                scale=alt.Scale(domainMin=0),
                legend=alt.Legend(orient="top", gradientThickness=8, tickCount=3, format="%"),
            ),
            tooltip=[
                alt.Tooltip("value:N", title=TITLE),
                alt.Tooltip("class:N", title=OF),
                _share(),
                _rows(),
            ],
        )
    )


def tall(rows: int, least: int = 0) -> int:
    """Return the height of a chart that has a row for each value."""
    return max(least, max(3, rows) * ROW + AXIS)


def _chart(values: str = "values") -> alt.Chart:
    rows: Any = blank(values)
    return alt.Chart(alt.InlineData(values=rows))


def _filled(spec: Spec, **values: Any) -> Spec:
    found: Spec = filled(spec, **values)
    return found


def _spec(chart: alt.Chart | alt.LayerChart, right: int = 16) -> Spec:
    """Return the description; tests check it by the schema, which takes most of the time.

    `right` is the room for text that begins within the chart.
    """
    chart = chart.properties(padding={"left": 4, "right": right, "top": 4, "bottom": 4})
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec: Spec = chart.to_dict(validate=False)
    spec.pop("config", None)  # colours and sizes are the page's
    return spec


def _scale(kind: Any) -> alt.Scale:
    return alt.Scale(type=kind, zero=False, nice=False)


def _axis(form: str = "") -> alt.Axis:
    axis = alt.Axis(tickCount=TICKS, labelFlush=True)
    return alt.Axis(tickCount=TICKS, labelFlush=True, format=form) if form else axis


def _names() -> alt.Y:
    """Return the axis of the groups, in their order; the title names them."""
    return alt.Y("value:N", title=None, sort=None, axis=alt.Axis(labelPadding=6, labelLimit=140))


def _rows() -> alt.Tooltip:
    return alt.Tooltip("rows:Q", title="rows", format=COUNT)


def _share(title: str = "share") -> alt.Tooltip:
    return alt.Tooltip("share:Q", title=title, format=".1%")
