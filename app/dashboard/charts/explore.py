"""Charts of a dataset's profile, drawn from counts and not from rows."""

from __future__ import annotations

import functools
import json
from typing import Any

import altair as alt

from app.dashboard.charts import moments
from app.dashboard.charts.blanks import blank, filled

Spec = dict[str, Any]
TICKS = 5
ROW = 24  # pixels of a bar or a box with the space around it
AXIS = 48  # pixels of the axis below
COUNT = ","
FIVE = ("low", "q25", "median", "q75", "high")  # numbers of a box
SAID = "said_"  # before the name of one of them: its text
TITLE, OF = blank("title"), blank("of")  # what is drawn, and of what


def histogram(bins: dict[str, Any], title: str) -> Spec:
    """Draw the number of rows in each bin."""
    edges = bins["edges"]
    values = [
        {"from": moments.placed(low), "to": moments.placed(high), "rows": rows, **_texts(low, high)}
        for low, high, rows in zip(edges, edges[1:], bins["rows"], strict=False)
    ]
    spec = _histogram(bins["scale"], moments.alike(edges))
    return _filled(spec, values=values, title=title)


@functools.cache
def _histogram(scale: str, alike: moments.Alike) -> Spec:
    ends = ("since:N", "until:N") if moments.are(alike) else ("from:Q", "to:Q")
    chart = _chart().mark_bar(binSpacing=1, orient="vertical")
    return _spec(
        chart.encode(
            x=_across("from", alike, TITLE, _scale(scale, alike)),
            x2="to",
            y=alt.Y("rows:Q", title="rows", axis=_axis(), scale=alt.Scale(domainMin=0)),
            y2=alt.datum(0),
            tooltip=[*map(alt.Tooltip, ends), _rows()],
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
    alike = moments.alike(box[name] for box in groups for name in FIVE)
    values = [_placed(box) for box in groups] if moments.are(alike) else groups
    return _filled(_boxes(alike), values=values, title=title, of=of)


@functools.cache
def _boxes(alike: moments.Alike) -> Spec:
    is_moment, kind = moments.are(alike), moments.kind(alike)
    base = _chart().encode(y=_names())
    tooltip = [
        alt.Tooltip("value:N", title=TITLE),
        _rows(),
        *(
            alt.Tooltip(f"{SAID}{name}:N", title=name)
            if is_moment
            else alt.Tooltip(f"{name}:Q", format=COUNT)
            for name in FIVE
        ),
    ]
    x = _across("low", alike, OF, moments.scale(alike, zero=False))
    lower = base.mark_rule().encode(x=x, x2="q25", tooltip=tooltip)
    upper = base.mark_rule().encode(x=f"q75:{kind}", x2="high", tooltip=tooltip)
    middle = base.mark_bar(size=14, opacity=0.45).encode(x=f"q25:{kind}", x2="q75", tooltip=tooltip)
    median = base.mark_tick(size=14, thickness=3, opacity=1, style="ink")
    return _spec(lower + upper + middle + median.encode(x=f"median:{kind}", tooltip=tooltip))


def grid(relation: dict[str, Any], title: str, of: str) -> Spec:
    """Draw the number of rows in each cell of two numbers."""
    across, up = relation["x"], relation["y"]
    values = [{"i": i, "j": j, "rows": rows} for i, j, rows in relation["cells"]]
    edges = {"across": list(map(moments.placed, across["edges"])), "up": up["edges"]}
    spec = _grid(across["scale"], up["scale"], moments.alike(across["edges"]))
    said = json.dumps(across["edges"])
    return _filled(spec, values=values, title=title, of=of, said=said, **edges)


@functools.cache
def _grid(across: str, up: str, alike: moments.Alike) -> Spec:
    # Cells are named by their places, which is a third of writing the edges of each.
    is_moment = moments.are(alike)
    said = {"since": f"{blank('said')}[datum.i]"} if is_moment else {}
    placed = _chart().transform_calculate(
        x=f"{blank('across')}[datum.i]",
        x2=f"{blank('across')}[datum.i + 1]",
        **said,
        y=f"{blank('up')}[datum.j]",
        y2=f"{blank('up')}[datum.j + 1]",
    )
    return _spec(
        placed.mark_rect().encode(
            x=_across("x", alike, TITLE, _scale(across, alike)),
            x2="x2",
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
                alt.Tooltip("since:N", title=TITLE)
                if is_moment
                else alt.Tooltip("x:Q", title=TITLE, format=COUNT),
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


def _scale(kind: Any, alike: moments.Alike = (0,)) -> alt.Scale:
    return moments.scale(alike, type=kind, zero=False, nice=False)


def _across(field: str, alike: moments.Alike, title: str, scale: alt.Scale) -> alt.X:
    """Return the axis of a column's figures, which may be dates or times."""
    axis = moments.axis(alike, TICKS, labelFlush=True)
    return alt.X(f"{field}:{moments.kind(alike)}", title=title, scale=scale, axis=axis)


def _texts(low: Any, high: Any) -> dict[str, str]:
    """Return the ends of a bin as they are said, where they are dates or times."""
    return {"since": low, "until": high} if isinstance(low, str) else {}


def _placed(box: dict[str, Any]) -> dict[str, Any]:
    """Return a box of dates or times with its numbers, and as they are said."""
    numbers = {name: moments.placed(box[name]) for name in FIVE}
    return {**box, **numbers, **{f"{SAID}{name}": box[name] for name in FIVE}}


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
