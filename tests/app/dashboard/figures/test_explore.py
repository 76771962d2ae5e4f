from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.figures import explore as explore_figures
from tests.app import project
from tests.app.service import Service


def view(service: Service, dataset: str) -> dict[str, Any]:
    return explore_figures.view(service.ask(f"/v1/{dataset}/profile").json)


def figures(found: dict[str, Any], feature: str) -> list[dict[str, Any]]:
    (column,) = (one for one in found["features"] if one["name"] == feature)
    told: list[dict[str, Any]] = column["figures"]
    return told


@pytest.mark.parametrize("dataset", project.MODELS)
def test_every_column_has_figures_and_every_figure_words(service: Service, dataset: str) -> None:
    found = view(service, dataset)
    assert found["target"]["name"] == project.TARGETS[dataset]
    assert [one["name"] for one in found["features"]] == list(project.RECORDS[dataset])
    assert len(found["target"]["figures"]) == 1
    for column in found["features"]:
        assert len(column["figures"]) == 2
        for one in column["figures"]:
            assert one["title"]
            assert column["name"] in one["about"]
            assert one["height"] >= 100


def test_a_price_against_its_features(service: Service) -> None:
    found = view(service, "stones")
    (distribution,) = found["target"]["figures"]
    assert distribution["about"].startswith("Histogram of price (USD). From ")
    assert "the median" in distribution["about"]
    grid = figures(found, "carat")[1]
    assert grid["title"] == "price against carat", "the unit is the name"
    assert "Their ranks correlate by 0.9" in grid["about"]
    boxes = figures(found, "cut")[1]
    assert boxes["title"] == "price by cut"
    assert "Fair: " in boxes["about"]
    assert found["has_boxes"]
    assert found["strongest"][0][0] == "carat"


def test_classes_by_number_and_by_category(service: Service) -> None:
    found = view(service, "debts")
    assert found["target"]["figures"][0]["title"] == "Class balance"
    assert figures(found, "amount")[1]["title"] == "amount by late"
    share = figures(found, "owner")[1]
    assert share["title"] == "Share of late = 1 by owner"
    assert "north: " in share["about"]
    assert "The line is the share of all rows" in share["note"]


def test_texts_by_their_length(service: Service) -> None:
    length, by_class = figures(view(service, "notes"), "text")
    assert length["title"] == "Distribution of the length"
    assert by_class["title"] == "words in text by room"


def column(**changes: Any) -> dict[str, Any]:
    usual = {
        "name": "town",
        "role": "feature",
        "type": "category",
        "unit": "",
        "ordered": False,
        "values": [{"value": f"t{at}", "rows": 9} for at in range(12)],
        "others": {"values": 0, "rows": 0},
    }
    return {**usual, **changes}


def told(target: dict[str, Any], *features: dict[str, Any]) -> dict[str, Any]:
    document = {
        "target": target["name"],
        "positive": None,
        "correlations": None,
        "columns": [target, *features],
    }
    return explore_figures.view(document)


ROOM = column(name="room", role="target", type="class", values=[{"value": "x", "rows": 3}])


def test_more_classes_than_two_are_shares_of_each() -> None:
    relation = {
        "kind": "shares",
        "values": ["a", "b", "c"],
        "classes": ["x", "y", "z"],
        "rows": [[1, 2, 3], [0, 0, 0], [4, 0, 0]],
        "others": 2,
    }
    shown = figures(told(ROOM, column(against_target=relation)), "town")[1]
    assert shown["title"] == "room by town"
    assert shown["about"] == "Shares of room by town. a: mostly z; c: mostly x."
    assert shown["note"] == "2 more values not drawn."


@pytest.mark.parametrize(("below", "above"), [(0, 0), (0, 2), (3, 0)])
def test_what_is_drawn_is_not_said_to_be_missing(below: int, above: int) -> None:
    bins = {"scale": "linear", "edges": [1, 9], "rows": [4], "below": below, "above": above}
    numbers = dict.fromkeys(("min", "max", "q25", "q75", "median"), 5)
    weight = column(name="weight", type="number", bins=bins, numbers=numbers)
    del weight["values"]
    (shown,) = figures(told(ROOM, weight), "weight")
    said = {(0, 2): "2 rows above 9 not drawn.", (3, 0): "3 rows below 1 not drawn."}
    assert shown["note"] == said.get((below, above), "")


def test_what_is_not_drawn_is_said() -> None:
    (shown,) = figures(told(ROOM, column(others={"values": 3, "rows": 40})), "town")
    assert shown["note"] == "3 more values with 40 rows not drawn."
    assert shown["about"].endswith("; t7: 9; and 4 more.")
    bins = {"scale": "log", "edges": [1, 10, 2000], "rows": [4, 4], "below": 1, "above": 30}
    numbers = {"min": 0.5, "max": 9000, "q25": 2, "q75": 100, "median": 10}
    amount = column(name="amount", type="number", unit="EUR", bins=bins, numbers=numbers)
    del amount["values"]
    (shown,) = figures(told(ROOM, amount), "amount")
    assert shown["note"] == (
        "The scale is logarithmic. 1 row below 1 and 30 rows above 2,000 not drawn."
    )
    assert shown["about"] == (
        "Histogram of amount (EUR). From 0.5 to 9,000, the middle half from 2 to 100, "
        "the median 10."
    )


@pytest.mark.parametrize(
    "empty",
    [column(values=[]), {**column(type="number", bins=None, numbers=None), "values": []}],
)
def test_a_column_without_values_has_no_figure(empty: dict[str, Any]) -> None:
    assert figures(told(ROOM, {**empty, "against_target": None}), "town") == []
