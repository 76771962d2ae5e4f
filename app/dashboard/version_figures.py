"""A version's figures as pages show them, of a training that ended and in the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from src.evaluation.metrics import METRICS

Row = dict[str, Any]
CHANGES = ("pipeline", "promote", "rollback", "training")  # kinds of events: another serves
WAYS = {True: "higher is better", False: "lower is better"}


def measured(metrics: Row) -> list[Row]:
    """List the metrics in words: what each is, which way is better, and its values."""
    names = dict.fromkeys([*metrics["cv"], *metrics["test"]])
    return [{**told(name), **_values(metrics, name)} for name in names]


def told(name: str) -> Row:
    """Say what a metric is and which way is better; nothing of one that is not known."""
    known = METRICS.get(name)
    if known is None:
        return {"name": name, "about": "", "way": ""}
    return {"name": name, "about": known.about, "way": WAYS[known.greater_is_better]}


def drawn(version: Row, target: Row) -> Row:
    """Return the charts of a version's errors; none where its rows were not kept."""
    from app.dashboard.charts import train as charts  # Altair takes memory that other pages spare

    found: Row = {}
    kept, confusion = version.get("held_out"), version.get("confusion")
    if confusion is not None and len(confusion["classes"]) > 2:
        found["confusion"] = charts.confusion(confusion["classes"], confusion["matrix"])
    if kept and kept["points"] and confusion is None:
        name = f"{target['name']}, {target['unit']}" if target.get("unit") else target["name"]
        found["points"] = charts.against_truth(kept["points"], name)
    return found


def numeric(rows: Sequence[Row]) -> set[str]:
    """Name the columns of records that hold numbers and nothing else."""
    records = [row["record"] for row in rows]
    names = {name for record in records for name in record}
    return {name for name in names if all(_is_number(record.get(name)) for record in records)}


def champion(models: Row) -> int | None:
    """Return the version that serves by the latest word, which workers follow within a second."""
    changes = (event["number"] for event in models["events"] if event["kind"] in CHANGES)
    found: int | None = next(changes, models["champion"])
    return found


def served(models: Row) -> list[int]:
    """List the versions that served before the one that does, the last first."""
    changes = [event["number"] for event in models["events"] if event["kind"] in CHANGES]
    now = champion(models)
    return [number for number in dict.fromkeys(changes) if number != now]


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _values(metrics: Row, name: str) -> Row:
    folds = metrics["cv"].get(name, {})
    test = metrics["test"].get(name)
    return {"test": test, "cv": folds.get("mean"), "std": folds.get("std")}
