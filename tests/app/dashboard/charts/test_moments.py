from __future__ import annotations

import altair as alt
import pytest

from app.dashboard.charts import card, explore, moments

DATES = ["2024-05-01", "2024-06-01", "2024-07-01"]
BINS = {"scale": "linear", "edges": DATES, "rows": [3, 5], "below": 0, "above": 0}
BOX = dict(zip(("low", "q25", "median", "q75", "high"), [*DATES, *DATES[1:]], strict=True))
EFFECT = {
    "feature": "day",
    "unit": "",
    "method": "accumulated",
    "at": DATES,
    "values": [],
    "series": [{"of": "fare", "values": [1.0, 0.0, -1.0]}],
}


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01", 0),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T00:00:01", 1000),
        ("1969-12-31T23:59:59.500", -500),
        ("09:15", 33_300_000),
        ("09:15:30", 33_330_000),
        ("09:15:30.500", 33_330_500),
        ("24:00", 86_400_000),
    ],
)
def test_a_moment_is_placed_by_its_milliseconds(text: str, milliseconds: int) -> None:
    assert moments.placed(text) == milliseconds


@pytest.mark.parametrize("value", [None, 0, 2.5])
def test_a_number_stays_as_it_is(value: float | None) -> None:
    assert moments.placed(value) is value


def test_times_have_no_day_on_their_axis() -> None:
    assert moments.axis(["09:15"], 5).to_dict()["format"] == "%H:%M"
    assert "format" not in moments.axis(DATES, 5).to_dict()


CHARTS = {
    "histogram": explore.histogram(BINS, "day"),
    "boxes": explore.boxes([{"value": "b", "rows": 9, "outside": 0, **BOX}], "late", "day"),
    "grid": explore.grid(
        {
            "x": {"scale": "linear", "edges": DATES},
            "y": {"scale": "linear", "edges": [0, 5, 10]},
            "cells": [[0, 0, 4]],
        },
        "day",
        "price",
    ),
    "effect": card.effect(EFFECT),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_dates_is_one_of_time_in_utc(name: str) -> None:
    spec = CHARTS[name]
    kind = alt.LayerChart if "layer" in spec else alt.Chart
    kind.from_dict(spec, validate=True)
    layers = spec.get("layer", [spec])
    (across,) = [one["encoding"]["x"] for one in layers if "scale" in one["encoding"].get("x", {})]
    assert across["type"] == "temporal"
    assert across["scale"]["type"] == "utc"
    assert "zero" not in across["scale"]
    assert "2024-06-01" in str(spec), "what is pointed at is said as it is written"
