"""What the page of a prediction shows as charts, and what it says of them."""

from __future__ import annotations

from typing import Any

from app.pages.charts import predict as charts

Said = dict[str, Any]


def of_value(known: Said, answer: Said, column: Said | None, truth: Said | None) -> Said:
    """Draw the interval among all values of the target."""
    target, interval = known["target"], answer["interval"]
    ends = (interval["low"], answer[target["name"]], interval["high"])
    true = truth[target["name"]] if truth else None
    title = _titled(target["name"], target.get("unit"))
    bins = (column or {}).get("bins")
    is_held = true is not None and ends[0] <= true <= ends[2]
    return {
        "spec": charts.likely(bins, ends, true, title),
        "height": 190 if bins else 90,
        "has_bins": bins is not None,
        "is_held": is_held,
    }


def of_classes(known: Said, answer: Said, column: Said | None, truth: Said | None) -> Said:
    """Draw the probability of every class."""
    counted = (column or {}).get("values") or []
    total = sum(one["rows"] for one in counted)
    usual = {str(one["value"]): one["rows"] / total for one in counted}
    likely = [str(one) for one in answer["interval"]["classes"]]
    classes = [
        {"name": name, "probability": chance, "likely": name in likely, "usual": usual.get(name)}
        for name, chance in answer["probabilities"].items()
    ]
    true = str(truth[known["target"]["name"]]) if truth else None
    return {
        "spec": charts.probabilities(classes, known["target"]["name"]),
        "height": charts.tall(min(len(classes), charts.MOST_CLASSES)),
        "has_bins": bool(usual),
        "is_held": true in likely,
        "shown": min(len(classes), charts.MOST_CLASSES),
        "of": len(classes),
    }


def of_reasons(known: Said, answer: Said) -> Said | None:
    """Draw how the answer came about, where it was asked for with reasons."""
    why, target = answer.get("why"), known["target"]
    if why is None:
        return None
    is_share = known["task"] != "regression"
    value = answer["probability" if is_share else target["name"]]
    units = {name: one.get("unit") or "" for name, one in known["features"].items()}
    way = charts.steps(why, value, units, known["noun"])
    title = f"probability of {answer[target['name']]}" if is_share else ""
    title = title or _titled(target["name"], target.get("unit"))
    return {
        "sentence": why["sentence"],
        "spec": charts.waterfall(way, title, is_share=is_share),
        "height": charts.tall(len(way)),
        "told": [(step["label"], charts.said(step, is_share=is_share)) for step in way],
    }


def _titled(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
