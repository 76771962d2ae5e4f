from __future__ import annotations

from typing import Any

import altair as alt
import pytest

from app.dashboard.charts import card as charts

BIN = {"low": 0.1, "high": 0.3, "predicted": 0.2, "rows": 9}
SHARE = {"share": 0.25, "share_low": 0.1, "share_high": 0.5}
NUMBER: dict[str, Any] = {
    "feature": "carat",
    "unit": "ct",
    "method": "accumulated",
    "at": [0.5, 1.0, 2.0],
    "values": [],
    "rows": [5, 5],
    "series": [{"of": "price", "values": [-2.0, 0.0, 3.0]}],
}
LEVELS = {**NUMBER, "at": [], "values": ["Fair", "Good", "Ideal"]}
CLASSES = {**NUMBER, "series": [{"of": name, "values": [0.0, 0.1, 0.2]} for name in "ab"]}
SPECS = {
    "importance": charts.importance([{"name": "carat", "worse": 5.0, "deviation": 0.5}], "mae"),
    "number": charts.effect(NUMBER),
    "levels": charts.effect(LEVELS),
    "values": charts.effect({**LEVELS, "method": "mean"}),
    "classes": charts.effect(CLASSES),
    "probabilities": charts.bins([{**BIN, **SHARE}], "probability"),
    "ranges": charts.bins([{**BIN, **SHARE}], "predicted", promised=0.9),
    "roc": charts.curve({"x": [0, 0.5, 1], "y": [0, 1, 1]}, "fpr", "tpr", diagonal=True),
    "precision": charts.curve({"x": [0, 1], "y": [1, 0.5]}, "recall", "precision", diagonal=False),
}


@pytest.mark.parametrize("name", SPECS)
def test_every_chart_is_of_vega_lite(name: str) -> None:
    alt.Chart.from_dict(SPECS[name], validate=True)
    assert "config" not in SPECS[name]


def rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return spec["layer"][-1]["data"]["values"]


def marks(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


def test_importance_has_its_deviation() -> None:
    (row,) = SPECS["importance"]["data"]["values"]
    assert (row["low"], row["worse"], row["high"]) == (4.5, 5, 5.5)


def test_effects_are_lines_where_values_have_an_order() -> None:
    assert marks(SPECS["number"]) == marks(SPECS["levels"]) == ["rule", "line"]
    assert marks(SPECS["values"]) == ["rule", "circle"]
    assert [row["at"] for row in rows(SPECS["levels"])] == ["Fair", "Good", "Ideal"]
    assert "carat (ct)" in str(SPECS["number"])
    assert len(rows(SPECS["classes"])) == 6
    assert "color" in str(SPECS["classes"]["layer"][-1]["encoding"])


def test_shares_stand_beside_what_they_should_be() -> None:
    assert SPECS["ranges"]["layer"][0]["data"]["values"] == [{"goal": 0.9}]
    assert SPECS["probabilities"]["layer"][0]["data"]["values"] == [
        {"x": 0, "x2": 1, "y": 0, "y2": 1}
    ]
