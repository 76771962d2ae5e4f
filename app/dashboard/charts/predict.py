"""Charts of one prediction: the range that it is likely in, the probabilities, the reasons."""

from __future__ import annotations

from typing import Any

import altair as alt

from app.dashboard.units import beside
from src.inference.reasons.contributions import OTHER_WORDS
from src.inference.reasons.sentence import number, percent

Spec = dict[str, Any]
ROW = 26  # pixels of a bar with the space around it
AXIS = 44  # pixels of the axis below
MOST_CLASSES = 20
MOST_PARTS = 8  # contributions that are drawn one by one
LONGEST = 24  # characters of a value in a label
FAINT = 0.35
POINTS = " points"  # of a percent; left out where an axis says it
PLAIN = ",.6~g"  # without an exponent, up to a million


def likely(
    bins: dict[str, Any] | None,
    ends: tuple[float, float | None, float],
    truth: float | None,
    title: str,
) -> Spec:
    """Draw low, value and high among all values; bins and value may be unknown."""
    low, value, high = ends
    is_log = bins is not None and bins["scale"] == "log" and low > 0
    scale = alt.Scale(type="log" if is_log else "linear", zero=False, nice=False)
    axis = alt.Axis(tickCount=6, format=PLAIN, grid=False)

    def at(field: str) -> alt.X:
        return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)

    layers = [_bars(bins, at("from"), is_log=is_log)] if bins else []
    band = _of([{"low": low, "high": high}]).mark_rect(style="second", opacity=0.3, tooltip=True)
    layers.append(band.encode(x=at("low"), x2="high:Q"))
    positions = {"prediction": value, "truth": truth}
    marks = [{"at": at, "is": name} for name, at in positions.items() if at is not None]
    rules = _of(marks).encode(
        x=at("at"), tooltip=[alt.Tooltip("is:N"), alt.Tooltip("at:Q", format=PLAIN)]
    )
    dash = alt.StrokeDash(
        "is:N", legend=None, scale=alt.Scale(domain=["prediction", "truth"], range=[[1, 0], [5, 4]])
    )
    layers.append(rules.mark_rule(style="ink", strokeWidth=2).encode(strokeDash=dash))
    layers.append(
        rules.mark_text(align="left", baseline="top", dx=5, y=0).encode(text=alt.Text("is:N"))
    )
    return _spec(alt.layer(*layers))


def probabilities(classes: list[dict[str, Any]], title: str) -> Spec:
    """Draw the probability of each class, the likely ones in full colour.

    A class has name, probability, likely and usual: its share of the known rows, or None.
    """
    rows = [
        {
            **one,
            "said": percent(one["probability"]),
            "end": max(one["probability"], one["usual"] or 0.0),  # where there is room to say it
        }
        for one in sorted(classes, key=lambda one: -one["probability"])[:MOST_CLASSES]
    ]
    base = _of(rows).encode(
        y=alt.Y("name:N", sort=[one["name"] for one in rows], title=None),
        tooltip=[
            alt.Tooltip("name:N", title=title),
            alt.Tooltip("said:N", title="probability"),
            alt.Tooltip("usual:Q", title="of all known", format=".1%"),
        ],
    )
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    across = alt.X(
        "probability:Q", title="probability", scale=alt.Scale(domain=[0, 1.2]), axis=axis
    )
    bars = base.mark_bar().encode(
        x=across, opacity=alt.condition("datum.likely", alt.value(1.0), alt.value(FAINT))
    )
    text = base.mark_text(align="left", dx=5).encode(x="end:Q", text="said:N")
    usual = base.transform_filter("isValid(datum.usual)")
    return _spec(bars + usual.mark_tick(style="ink", thickness=2).encode(x="usual:Q") + text)


def tall(rows: int) -> int:
    """Return the height of a chart with some number of rows."""
    return ROW * rows + AXIS


def steps(why: dict[str, Any], value: float, units: dict[str, str], noun: str) -> list[Any]:
    """Return the steps from a typical record to this one: label, start and end of each.

    The first and the last step have no length: they mark the typical answer and this one.
    """
    ranked = sorted(_by_cause(why), key=lambda part: -abs(part["contribution"]))
    parts = [part for part in ranked if not _is_absent(part)]
    most = MOST_PARTS if len(parts) > MOST_PARTS + 1 else len(parts)
    labelled = [(_label(part, units), part["contribution"]) for part in parts[:most]]
    if len(parts) > most:
        rest = sum(part["contribution"] for part in parts[most:])
        labelled.append((f"all {len(parts) - most} others", rest))
    labelled += [
        ("words it does not have", one["contribution"]) for one in ranked if _is_absent(one)
    ]
    at = why["base"]
    way = [{"label": f"a typical {noun}", "start": at, "end": at, "is": "total"}]
    for label, amount in labelled:
        kind = "up" if amount >= 0 else "down"
        way.append({"label": label, "start": at, "end": at + amount, "is": kind})
        at += amount
    way.append({"label": "this one", "start": value, "end": value, "is": "total"})
    return way


def waterfall(way: list[dict[str, Any]], title: str, *, is_share: bool) -> Spec:
    """Draw the steps as a waterfall, with different colours for raising and lowering."""
    words = [said(step, is_share=is_share) for step in way]
    rows = [
        {**step, "said": one, "short": one.removesuffix(POINTS)}
        for step, one in zip(way, words, strict=True)
    ]
    ends = [step[end] for step in rows for end in ("start", "end")]
    span = max(ends) - min(ends) or abs(max(ends)) or 1.0
    scale = alt.Scale(domain=[min(ends) - 0.04 * span, max(ends) + 0.35 * span], nice=False)
    # There is room for words beyond 100%, and no probability.
    shares = [at / 10 for at in range(11) if min(ends) - 0.04 * span <= at / 10]
    axis = (
        alt.Axis(format=".0%", values=shares) if is_share else alt.Axis(format=PLAIN, tickCount=6)
    )
    y = alt.Y("label:N", sort=[step["label"] for step in rows], title=None)
    tips = [alt.Tooltip("label:N", title="by"), alt.Tooltip("said:N", title="by how much")]
    base = _of(rows).encode(y=y, tooltip=tips)
    start = alt.X("start:Q", title=title, scale=scale, axis=axis)
    up, down, totals = (
        base.transform_filter(f"datum.is == '{kind}'") for kind in ("up", "down", "total")
    )
    right = alt.X("right:Q", scale=scale)
    text = base.transform_calculate(right="max(datum.start, datum.end)")
    return _spec(
        up.mark_bar().encode(x=start, x2="end:Q")
        + down.mark_bar(style="second").encode(x=start, x2="end:Q")
        + totals.mark_tick(style="ink", thickness=4, size=ROW - 8).encode(x=start)
        + text.mark_text(align="left", dx=6).encode(x=right, text="short:N")
    )


def said(step: dict[str, Any], *, is_share: bool) -> str:
    """Format what a step adds, or the value it marks."""
    if step["is"] == "total":
        return percent(step["end"]) if is_share else number(step["end"], digits=4)
    amount = step["end"] - step["start"]
    size = f"{number(abs(100 * amount), digits=2)}{POINTS}" if is_share else number(abs(amount))
    return f"{'+' if amount >= 0 else '-'}{size}"


def details(why: dict[str, Any], units: dict[str, str]) -> list[tuple[str, float]]:
    """Return what each feature of a joint cause adds for itself: label and amount."""
    joint = {name for cause in why.get("causes", ()) for name in cause["features"]}
    return [
        (_label(part, units), part["contribution"])
        for part in why["contributions"]
        if part["feature"] in joint
    ]


def _by_cause(why: dict[str, Any]) -> list[dict[str, Any]]:
    """Return contributions with one in place of those that have a joint cause."""
    values = {part["feature"]: part.get("value") for part in why["contributions"]}
    joint = [
        {
            "feature": cause["cause"],
            "value": next(iter(values[name] for name in cause["features"]), None),
            "contribution": cause["contribution"],
            "unit_of": cause["features"][0],
        }
        for cause in why.get("causes", ())
    ]
    named = {name for cause in why.get("causes", ()) for name in cause["features"]}
    return [*joint, *(part for part in why["contributions"] if part["feature"] not in named)]


def _label(part: dict[str, Any], units: dict[str, str]) -> str:
    word = part.get("word")
    if word is not None:
        return f"'{word}'"
    value = part.get("value")
    if value is None or value == "":
        return f"{part['feature']} is missing"
    if isinstance(value, bool):
        value = str(value).lower()
    shown = value if isinstance(value, str) else f"{value:.6g}"
    shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}\N{HORIZONTAL ELLIPSIS}"
    unit = units.get(part.get("unit_of", part["feature"]), "")
    return f"{part['feature']} {shown} {beside(unit, part['feature'])}".strip()


def _is_absent(part: dict[str, Any]) -> bool:
    """Tell whether a part stands for all the words that a text lacks."""
    return part.get("word") == OTHER_WORDS and part.get("value") is None


def _bars(bins: dict[str, Any], across: alt.X, *, is_log: bool) -> alt.Chart:
    edges = bins["edges"]
    values = [
        {"from": low, "to": high, "rows": rows}
        for low, high, rows in zip(edges, edges[1:], bins["rows"], strict=False)
        if low > 0 or not is_log
    ]
    tooltip = [alt.Tooltip("from:Q"), alt.Tooltip("to:Q"), alt.Tooltip("rows:Q", format=",")]
    return (
        _of(values)
        .mark_bar(binSpacing=1, opacity=FAINT)
        .encode(
            x=across,
            x2="to:Q",
            y=alt.Y("rows:Q", axis=None, scale=alt.Scale(domainMin=0)),
            y2=alt.datum(0),
            tooltip=tooltip,
        )
    )


def _of(values: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=values))


def _spec(chart: Any) -> Spec:
    spec: Spec = chart.to_dict(validate=False)
    return spec
