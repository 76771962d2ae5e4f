from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.figures import prediction as figures

STONES: dict[str, Any] = {
    "task": "regression",
    "noun": "stone",
    "target": {"name": "price", "unit": "USD"},
    "features": {"carat": {"unit": "carat"}},
}
NOTES: dict[str, Any] = {**STONES, "task": "multiclass", "target": {"name": "room"}}
PRICE: dict[str, Any] = {"price": 8.0, "interval": {"low": 5.0, "high": 12.0}}
ROOM: dict[str, Any] = {
    "room": "garden",
    "probability": 0.75,
    "probabilities": {"garden": 0.75, "office": 0.25},
    "interval": {"classes": ["garden"]},
}
BINS = {"scale": "linear", "edges": [0, 10], "rows": [3]}


@pytest.mark.parametrize(("truth", "is_held"), [(5.0, True), (12.5, False)])
def test_the_range_holds_a_truth_or_not(truth: float, is_held: bool) -> None:
    drawn = figures.of_value(STONES, PRICE, {"bins": BINS}, truth)
    assert (drawn["is_held"], drawn["has_bins"]) == (is_held, True)
    assert "price, USD" in str(drawn["spec"])


def test_without_bins_the_range_is_drawn_alone() -> None:
    drawn = figures.of_value(STONES, PRICE, None, None)
    assert (drawn["is_held"], drawn["has_bins"]) == (False, False)


def test_what_is_hidden_is_neither_drawn_nor_explained() -> None:
    hidden = {**PRICE, "price": "[redacted]"}
    drawn = figures.of_value(STONES, hidden, None, 6.0)
    assert (drawn["is_known"], drawn["is_held"]) == (False, True)
    assert "'is': 'prediction'" not in str(drawn["spec"])
    why = {"sentence": "[redacted]", "base": 5.0, "contributions": []}
    assert figures.of_reasons(STONES, {**hidden, "why": why}) is None


def test_a_record_is_told_in_short() -> None:
    units = {"weight": "g", "share": "%", "carat": "carat"}
    known = {"features": {name: {"unit": unit} for name, unit in units.items()}}
    known["features"] |= {name: {} for name in "abcdef"}
    record = {"carat": 1.5, "share": 61.5, "weight": 1500, "a": "x" * 99, "b": True, "c": None}
    told = figures.summary(known, record)
    assert (
        told == f"weight 1,500 g, share 61.5%, 1.5 carat, {'x' * 60}\N{HORIZONTAL ELLIPSIS}, b true"
    )
    assert figures.summary(known, {**record, "d": 0, "e": "y"}).endswith(
        ", d 0 \N{HORIZONTAL ELLIPSIS}"
    )
    assert figures.summary(known, {}) == ""


@pytest.mark.parametrize(("truth", "is_held"), [("garden", True), ("office", False)])
def test_the_likely_classes_hold_a_truth_or_not(truth: str, is_held: bool) -> None:
    counted = {"values": [{"value": "garden", "rows": 1}, {"value": "office", "rows": 3}]}
    drawn = figures.of_classes(NOTES, ROOM, counted, truth)
    assert drawn["is_held"] is is_held
    assert "'usual': 0.25" in str(drawn["spec"])
    assert (drawn["shown"], drawn["of"]) == (2, 2)


def test_classes_that_were_not_counted_are_drawn_too() -> None:
    drawn = figures.of_classes(NOTES, ROOM, None, None)
    assert (drawn["has_bins"], drawn["is_held"]) == (False, False)


def test_reasons_are_told_where_they_were_asked_for() -> None:
    part = {"feature": "carat", "value": 2.0, "contribution": 3.0}
    why = {"sentence": "because", "base": 5.0, "contributions": [part]}
    assert figures.of_reasons(STONES, PRICE) is None
    reasons = figures.of_reasons(STONES, {**PRICE, "why": why})
    assert reasons is not None
    assert reasons["sentence"] == "because"
    assert reasons["steps"] == [("a typical stone", "5"), ("carat 2", "+3"), ("this one", "8")]
    shares = figures.of_reasons(NOTES, {**ROOM, "why": {**why, "base": 0.5}})
    assert shares is not None
    assert shares["steps"][-1] == ("this one", "75%")
    assert "probability of garden" in str(shares["spec"])
