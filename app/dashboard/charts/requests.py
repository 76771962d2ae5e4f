"""Charts of the log over time."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from app.store import clock

CLASSES = ("2xx", "3xx", "4xx", "5xx")
QUANTILES = ("p50", "p95")
DAY = 86_400_000  # milliseconds
# In the order of the theme's colours, which gives refusals amber and failures red.
COLOURS = ["2xx", "4xx", "3xx", "5xx"]
TENS = [0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
LEAST = TENS[0]  # a logarithm has no zero, and no answer takes less


def by_status(series: dict[str, Any]) -> dict[str, Any]:
    """Draw the requests of each bucket, stacked by status."""
    values = [bar for bucket in series["buckets"] for bar in _stacked(bucket, series["seconds"])]
    values += [{"at": at, "end": at, "low": 0, "high": 0, "status": "2xx"} for at in _ends(series)]
    return {**_bars(_is_long(series)), "data": {"values": values}}


def durations(series: dict[str, Any]) -> dict[str, Any]:
    """Draw the median and the slow end of durations."""
    values = [
        # Where nothing came the line has a gap.
        {**at, "of": name, "milliseconds": bucket[name] and max(bucket[name], LEAST)}
        for bucket in series["buckets"]
        for at in [{"at": _milliseconds(bucket["at"])}]
        for name in QUANTILES
    ]
    values += [{"at": at, "of": "", "milliseconds": None} for at in _ends(series)]
    return {**_lines(_is_long(series)), "data": {"values": values}}


@cache
def _bars(is_long: bool) -> dict[str, Any]:
    """Return the first chart without its data, which Altair would look through one by one."""
    colour = alt.Color("status:N", title=None).scale(domain=COLOURS)
    bars = (
        alt.Chart(alt.Data(values=[]))
        .mark_rect()
        .encode(
            x=_time(is_long),
            x2="end:T",
            y=alt.Y("low:Q", title="requests").axis(tickMinStep=1, tickCount=5, format="~s"),
            y2="high:Q",
            color=colour.legend(orient="top", values=list(CLASSES)),
            tooltip=[_when(), alt.Tooltip("status:N"), alt.Tooltip("requests:Q", format=",")],
        )
    )
    return _plain(bars)


@cache
def _lines(is_long: bool) -> dict[str, Any]:
    """Return the second chart without its data."""
    milliseconds = alt.Y("milliseconds:Q", title="milliseconds")
    lines = (
        alt.Chart(alt.Data(values=[]))
        .mark_line(point={"size": 18}, strokeWidth=1.5)
        .encode(
            x=_time(is_long),
            y=milliseconds.scale(type="log", nice=True).axis(values=TENS, format="~g"),
            color=alt.Color("of:N", title=None).scale(domain=list(QUANTILES)).legend(orient="top"),
            tooltip=[
                _when(),
                alt.Tooltip("of:N", title="quantile"),
                alt.Tooltip("milliseconds:Q", format=",.3~r"),
            ],
        )
    )
    return _plain(lines)


def _stacked(bucket: dict[str, Any], seconds: int) -> list[dict[str, Any]]:
    """Stack the bars of a bucket, with a small gap to the next one."""
    begin, low = _milliseconds(bucket["at"]), 0
    bars = []
    for name in CLASSES:
        if bucket[name]:
            ends = {
                "at": begin,
                "end": begin + seconds * 900,
                "low": low,
                "high": low + bucket[name],
            }
            bars.append({**ends, "status": name, "requests": bucket[name]})
            low += bucket[name]
    return bars


def _ends(series: dict[str, Any]) -> list[float]:
    """Return the ends of the span, which stand among the data so that the axis is as long.

    Vega-Lite complains of a domain in times where a mark has two ends, or points on a line.
    """
    return [_milliseconds(series[name]) for name in ("since", "until")]


def _is_long(series: dict[str, Any]) -> bool:
    first, last = _ends(series)
    return last - first > 2 * DAY


def _time(is_long: bool) -> alt.X:
    words = "%d %b" if is_long else "%H:%M"
    return alt.X("at:T", title=None).scale(nice=False).axis(format=words, tickCount=6)


def _when() -> alt.Tooltip:
    return alt.Tooltip("at:T", title="from", format="%d %b %H:%M:%S")


def _milliseconds(text: str) -> float:
    return clock.parse(text, "time").timestamp() * 1000


def _plain(chart: alt.Chart) -> dict[str, Any]:
    plain: dict[str, Any] = chart.to_dict(validate=False)
    return {name: part for name, part in plain.items() if name not in ("data", "datasets")}
