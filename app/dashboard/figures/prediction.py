"""Build the charts of a prediction's page."""

from __future__ import annotations

from typing import Any

from app.dashboard.charts import predict as charts
from app.dashboard.rendering import figure
from app.records import target_keys

Document = dict[str, Any]
FIRST = 6  # features of a record's summary
LONGEST = 60  # characters of a text among them


def of_value(schema: Document, answer: Document, column: Document | None, true: Any) -> Document:
    """Chart the interval among all values of the target."""
    target, interval = schema["target"], answer["interval"]
    value = target_keys.predicted(answer, target["name"])
    value = value if _is_number(value) else None  # it is hidden where the target is redacted
    ends = (interval["low"], value, interval["high"])
    title = _titled(target["name"], target.get("unit"))
    bins = (column or {}).get("bins")
    is_held = true is not None and ends[0] <= true <= ends[2]
    return {
        "spec": charts.likely(bins, ends, true, title),
        "height": 190 if bins else 90,
        "has_bins": bins is not None,
        "is_held": is_held,
        "is_known": value is not None,
    }


def of_classes(schema: Document, answer: Document, column: Document | None, true: Any) -> Document:
    """Chart the probability of every class."""
    counted = (column or {}).get("values") or []
    total = sum(one["rows"] for one in counted)
    usual = {str(one["value"]): one["rows"] / total for one in counted}
    likely = [str(one) for one in answer["interval"]["classes"]]
    classes = [
        {"name": name, "probability": chance, "likely": name in likely, "usual": usual.get(name)}
        for name, chance in answer["probabilities"].items()
    ]
    return {
        "spec": charts.probabilities(classes, schema["target"]["name"]),
        "height": charts.tall(min(len(classes), charts.MOST_CLASSES)),
        "has_bins": bool(usual),
        "is_held": true is not None and str(true) in likely,
        "shown": min(len(classes), charts.MOST_CLASSES),
        "of": len(classes),
    }


def of_reasons(schema: Document, answer: Document) -> Document | None:
    """Chart the reasons for an answer; None if there are none."""
    why, target = answer.get("why"), schema["target"]
    if why is None:
        return None
    is_share = schema["task"] != "regression"
    prediction = target_keys.predicted(answer, target["name"])
    value = answer["probability"] if is_share else prediction
    if not _is_number(value):
        return None
    units = {name: one.get("unit") or "" for name, one in schema["features"].items()}
    way = charts.steps(why, value, units, schema["noun"])
    title = f"probability of {prediction}" if is_share else ""
    title = title or _titled(target["name"], target.get("unit"))
    return {
        "sentence": why["sentence"],
        "spec": charts.waterfall(way, title, is_share=is_share),
        "height": charts.tall(len(way)),
        "steps": [(step["label"], charts.said(step, is_share=is_share)) for step in way],
        "parts": [
            (label, charts.said({"start": 0.0, "end": amount, "is": "part"}, is_share=is_share))
            for label, amount in charts.details(why, units)
        ],
    }


def summary(schema: Document, record: Document) -> str:
    """Summarize a record by its first features."""
    values = {
        name: record[name] for name in schema["features"] if record.get(name) not in (None, "")
    }
    parts = [
        _described(name, values[name], schema["features"][name]) for name in list(values)[:FIRST]
    ]
    return ", ".join(parts) + (" \N{HORIZONTAL ELLIPSIS}" if len(values) > FIRST else "")


def _described(name: str, value: Any, feature: Document) -> str:
    """Format a value with its unit and, for a number, its name."""
    if isinstance(value, bool):
        return f"{name} {str(value).lower()}"
    if not _is_number(value):
        text = str(value)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS}"
    unit = feature.get("unit") or ""
    number = figure(value, 6)
    amount = f"{number}{unit if unit in ('', '%') else f' {unit}'}"
    return amount if unit == name else f"{name} {amount}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _titled(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
