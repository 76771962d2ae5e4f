"""The metrics and charts of a version, for the history and for finished trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from src.evaluation.metrics import METRICS

Row = dict[str, Any]
CHANGES = ("pipeline", "promote", "rollback", "training")  # kinds of events: another serves
WAYS = {True: "higher is better", False: "lower is better"}


def measured(metrics: Row) -> list[Row]:
    """List the metrics with their meaning, direction and values."""
    names = dict.fromkeys([*metrics["cv"], *metrics["test"]])
    return [{**described(name), **_values(metrics, name)} for name in names]


def described(name: str) -> Row:
    """Describe a metric and its direction, both empty if it is unknown."""
    metric = METRICS.get(name)
    if metric is None:
        return {"name": name, "about": "", "way": ""}
    return {"name": name, "about": metric.about, "way": WAYS[metric.greater_is_better]}


def drawn(version: Row, target: Row) -> Row:
    """Return the charts of a version's errors; none if its held-out rows were not kept."""
    from app.dashboard.charts import train as charts  # Altair takes memory that other pages spare

    specs: Row = {}
    kept, confusion = version.get("held_out"), version.get("confusion")
    if confusion is not None and len(confusion["classes"]) > 2:
        specs["confusion"] = charts.confusion(confusion["classes"], confusion["matrix"])
    decision = version.get("decided")
    if decision and decision.get("curve"):
        specs["thresholds"] = charts.thresholds(
            decision["curve"], decision["threshold"], decision.get("band") or ()
        )
    if kept and kept["points"] and confusion is None:
        name = f"{target['name']}, {target['unit']}" if target.get("unit") else target["name"]
        specs["points"] = charts.against_truth(kept["points"], name)
    return specs


def numeric(rows: Sequence[Row]) -> set[str]:
    """Return the columns of records that contain only numbers."""
    records = [row["record"] for row in rows]
    names = {name for record in records for name in record}
    return {name for name in names if all(_is_number(record.get(name)) for record in records)}


def champion(models: Row) -> int | None:
    """Return the champion by the latest event, which workers follow within a second."""
    changes = (event["number"] for event in models["events"] if event["kind"] in CHANGES)
    version: int | None = next(changes, models["champion"])
    return version


def waits(models: Row, number: int) -> str | None:
    """Return why a version waits for a person; None where it does not."""
    event = models["waiting"]
    why: str | None = None if event is None or event["number"] != number else event["why"]
    return why


def served(models: Row) -> list[int]:
    """List the versions that served before the champion, latest first."""
    changes = [event["number"] for event in models["events"] if event["kind"] in CHANGES]
    now = champion(models)
    return [number for number in dict.fromkeys(changes) if number != now]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _values(metrics: Row, name: str) -> Row:
    folds = metrics["cv"].get(name, {})
    test = metrics["test"].get(name)
    return {"test": test, "cv": folds.get("mean"), "std": folds.get("std")}
