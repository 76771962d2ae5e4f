from __future__ import annotations

import json
from typing import Any

import altair as alt
import pytest

from app.dashboard.charts import explore

BINS = {"scale": "linear", "edges": [0, 1, 2], "rows": [3, 5], "below": 0, "above": 0}
VALUES = [{"value": "b", "rows": 3}, {"value": "a", "rows": 1}]
BOX = {"rows": 9, "low": 1, "q25": 2, "median": 3, "q75": 4, "high": 5, "outside": 0}
GRID = {
    "x": {"scale": "log", "edges": [1, 10, 100]},
    "y": {"scale": "linear", "edges": [0, 5, 10]},
    "cells": [[0, 0, 4], [1, 1, 2]],
}
CHARTS = {
    "histogram": explore.histogram(BINS, "carat"),
    "bars": explore.bars(VALUES, "cut"),
    "boxes": explore.boxes([{"value": "b", **BOX}], "cut", "price"),
    "grid": explore.grid(GRID, "carat", "price"),
    "parts": explore.parts([{**one, "share": 0.5} for one in VALUES], "cut", "late", 0.3),
    "shares": explore.shares([{**VALUES[0], "class": "x", "share": 1.0}], "cut", "room", ["x"]),
}


def values(spec: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec.get("data", {}).get("values", [])
    return found or [one for layer in spec["layer"] for one in values(layer)]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_as_the_schema_wants_it(name: str) -> None:
    spec = CHARTS[name]
    kind = alt.LayerChart if "layer" in spec else alt.Chart
    kind.from_dict(spec, validate=True)
    assert "config" not in spec, "colours are the page's"
    assert json.dumps(spec, allow_nan=False)


def test_a_histogram_has_a_bar_from_edge_to_edge() -> None:
    assert values(CHARTS["histogram"]) == [
        {"from": 0, "to": 1, "rows": 3},
        {"from": 1, "to": 2, "rows": 5},
    ]


def test_bars_keep_their_order_and_say_their_share() -> None:
    spec = CHARTS["bars"]
    assert [(one["value"], one["share"]) for one in values(spec)] == [("b", 0.75), ("a", 0.25)]
    assert all(layer["encoding"]["y"]["sort"] is None for layer in spec["layer"])


def test_values_of_no_row_have_no_share() -> None:
    assert values(explore.bars([{"value": "a", "rows": 0}], "cut"))[0]["share"] == 0


def test_cells_are_placed_on_the_scales_of_their_bins() -> None:
    spec = CHARTS["grid"]
    assert spec["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["encoding"]["y"]["scale"]["type"] == "linear"
    calculated = {one["as"]: one["calculate"] for one in spec["transform"]}
    assert calculated["x2"] == "[1, 10, 100][datum.i + 1]"
    assert values(spec)[1] == {"i": 1, "j": 1, "rows": 2}


def test_a_chart_grows_with_its_rows() -> None:
    assert explore.tall(20) > explore.tall(4) > explore.tall(3) == explore.tall(1)
    assert explore.tall(1, least=180) == 180
