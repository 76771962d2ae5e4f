"""Charts of a retraining as PNG images, which every Markdown viewer shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.data.features import Category, Temporal, Time
from src.data.schema import Dataset
from src.reporting.changes import Changes, Model, part
from src.reporting.drift import Drift, kind, lengths
from src.support import files

BEFORE, NOW, CAME = "before", "now", "new"
MISSING = "(missing)"
COLORS = ["#9aa5b1", "#1f6feb"]  # distinct with colour blindness, too
WIDTH, HEIGHT, SCALE = 420, 180, 2
BINS = 30
HOUR = 3_600_000  # in milliseconds
MOST = 4  # columns that are drawn: those that moved furthest
COMMONEST = 12  # values of a category


def draw(changes: Changes, folder: Path) -> dict[str, str]:
    """Write a dataset's charts into a folder; return their names and what each shows."""
    drawn: dict[str, Any] = {}
    # A baseline that the gate refuses lies so far off that the others would be one point.
    passed = [one for one in changes.models if not one.refused]
    metric = _metric(passed)
    if metric and any(one.before for one in passed):
        title = f"{metric} in cross-validation, before and now"
        drawn[title] = _figures(passed, metric, title)
    for moved in changes.drift.columns[:MOST] if changes.drift else ():
        assert changes.drift is not None
        title = f"{moved.name}: new rows and previous ones"
        drawn[title] = _distribution(changes.dataset, changes.drift, moved.name, title)
    titles = {}
    for number, (title, chart) in enumerate(drawn.items(), 1):
        name = f"{changes.dataset.name}-{number}.png"
        files.write(folder / name, _png(chart))
        titles[name] = title
    return titles


def _metric(models: Sequence[Model]) -> str:
    return next((next(iter(one.now["cv"])) for one in models), "")


def _figures(models: Sequence[Model], metric: str, title: str) -> Any:
    import altair as alt

    means = [
        (one.name, when, part(part(figures or {}, "cv"), metric).get("mean"))
        for one in models
        for when, figures in ((BEFORE, one.before), (NOW, one.now))
    ]
    rows = [
        {"model": name, "when": when, "value": mean}
        for name, when, mean in means
        if mean is not None
    ]
    base = alt.Chart(pd.DataFrame(rows), title=title, width=WIDTH).encode(
        x=alt.X("value:Q", title=metric, scale=alt.Scale(zero=False)),
        y=alt.Y("model:N", title=None, sort=alt.EncodingSortField("value", "min")),
    )
    line = base.mark_line(color="#c4ccd4").encode(detail="model:N")
    return line + base.mark_point(filled=True, size=90, opacity=1).encode(color=_color(NOW))


def _distribution(dataset: Dataset, drift: Drift, name: str, title: str) -> Any:
    import altair as alt

    before, added = drift.kept[name], drift.added[name]
    of = kind(dataset, name)
    is_category = of == "category"
    if of == "text":
        before, added = lengths(before), lengths(added)
    if is_category:
        return _bars(_of_categories(before, added, _order(dataset, name)), name, title)
    table = _of_numbers(before, added)
    chart = alt.Chart(table, title=title, width=WIDTH, height=HEIGHT)
    x = _across(table, name, dataset)
    lines = chart.mark_line(interpolate="step-after", strokeWidth=2)
    return lines.encode(x=x, y=_share(), color=_color(CAME))


def _across(table: pd.DataFrame, name: str, dataset: Dataset) -> Any:
    """Return the axis of a column; of dates and times the table gets milliseconds."""
    import altair as alt

    feature = dataset.features.get(name)
    if not isinstance(feature, Temporal):
        return alt.X("value:Q", title=name, scale=alt.Scale(zero=False, nice=False))
    # In milliseconds, for pandas has no moments far from today.
    table["value"] *= HOUR if isinstance(feature, Time) else 24 * HOUR
    axis = alt.Axis(format="%H:%M") if isinstance(feature, Time) else alt.Axis()
    return alt.X("value:T", title=name, scale=alt.Scale(type="utc", nice=False), axis=axis)


def _bars(table: pd.DataFrame, name: str, title: str) -> Any:
    import altair as alt

    order = list(dict.fromkeys(table["value"]))
    is_short = sum(len(str(value)) + 2 for value in order) * 6 < WIDTH  # pixels of a letter
    axis = alt.Axis(labelAngle=0 if is_short else -45)
    chart = alt.Chart(table, title=title, width=WIDTH, height=HEIGHT)
    return chart.mark_bar().encode(
        x=alt.X("value:N", title=name, sort=order, axis=axis),
        xOffset=alt.XOffset("when:N", sort=[BEFORE, CAME]),
        y=_share(),
        color=_color(CAME),
    )


def _order(dataset: Dataset, name: str) -> list[str] | None:
    """Return a category's values in the order of its YAML."""
    feature = dataset.features.get(name)
    order = feature.order if isinstance(feature, Category) else None
    return None if order is None else [str(value) for value in order]


def _of_numbers(before: pd.Series, added: pd.Series) -> pd.DataFrame:
    """Count both in the same bins, which span the central 99 % of each."""
    present = [values.dropna().astype("float64") for values in (before, added)]
    ends = [np.quantile(values, [0.005, 0.995]) for values in present if len(values)] or [
        [0.0, 0.0]
    ]
    low, high = np.min(ends), np.max(ends)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    parts = []
    for when, all_of_it, values in zip((BEFORE, CAME), (before, added), present, strict=True):
        counts, _ = np.histogram(values, edges)
        share = [*(counts / max(1, len(all_of_it))), 0.0]  # the last bin ends, too
        parts.append(pd.DataFrame({"value": edges, "share": share, "when": when}))
    return pd.concat(parts)


def _of_categories(
    before: pd.Series, added: pd.Series, order: Sequence[str] | None
) -> pd.DataFrame:
    """Return the shares of the commonest values among previous and new rows."""
    by_source = {
        when: values.astype("object").fillna(MISSING).value_counts() / max(1, len(values))
        for when, values in ((BEFORE, before), (CAME, added))
    }
    shares = pd.DataFrame(by_source).fillna(0.0)
    common = shares.max(axis=1).sort_values(ascending=False, kind="stable").index[:COMMONEST]
    listed = [one for one in order or () if one in common]
    names = [*listed, *(one for one in common if one not in listed)]
    table = shares.loc[names].rename_axis("value").reset_index()
    return table.melt("value", var_name="when", value_name="share")


def _color(second: str) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[BEFORE, second], range=COLORS)
    return alt.Color("when:N", title=None, scale=scale)


def _share() -> Any:
    """Return an axis of shares, since the two sides may differ much in size."""
    import altair as alt

    return alt.Y("share:Q", title="share of rows", axis=alt.Axis(format="%"))


def _png(chart: Any) -> bytes:
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(chart.to_json(), scale=SCALE)
    return png
