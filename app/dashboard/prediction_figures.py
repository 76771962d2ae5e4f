"""What the page of a prediction shows as charts, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.dashboard.charts import predict as charts
from app.dashboard.rendering import figure
from src.inference.sentence import percent

Said = dict[str, Any]
FIRST = 6  # features that tell a record in short
LONGEST = 60  # characters of a text among them
UNSURE = 0.5  # a probability below it: another class may be as likely
NUMBERS = ("number", "integer")


def of_value(known: Said, answer: Said, column: Said | None, truth: Said | None) -> Said:
    """Draw the interval among all values of the target."""
    target, interval = known["target"], answer["interval"]
    value = answer[target["name"]]
    value = value if _is_number(value) else None  # it is hidden where the target is redacted
    ends = (interval["low"], value, interval["high"])
    true = truth[target["name"]] if truth else None
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
    if not _is_number(value):
        return None
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


def in_short(known: Said, record: Said) -> str:
    """Tell a record by its first features."""
    given = {name: record[name] for name in known["features"] if record.get(name) not in (None, "")}
    told = [_told(name, given[name], known["features"][name]) for name in list(given)[:FIRST]]
    return ", ".join(told) + (" \N{HORIZONTAL ELLIPSIS}" if len(given) > FIRST else "")


def cautions(known: Said, answer: Said, record: Said, profile: Said) -> list[str]:
    """Say why an answer is not to be relied on: far from what was seen, or hardly a choice."""
    is_class = known["task"] != "regression"
    what = "probability" if is_class else "range"
    found = [
        f"{_told(name, value, feature, is_named=True)}; the rows it learnt from have {figure(low)} "
        f"to {figure(high)}: the {what} does not hold here."
        for name, value, feature, low, high in _outside(known, record, profile)
    ]
    if is_class and answer["probability"] < UNSURE:
        chance = percent(answer["probability"])
        found.append(f"The model is not sure: its best guess has {chance}.")
    return found


def _outside(known: Said, record: Said, profile: Said) -> Iterator[tuple[str, Any, Said, Any, Any]]:
    for column in profile["columns"]:
        name, value = column["name"], record.get(column["name"])
        feature, numbers = known["features"].get(name), column.get("numbers")
        if feature is None or column["type"] not in NUMBERS or not numbers:
            continue
        if _is_number(value) and not numbers["min"] <= value <= numbers["max"]:
            yield name, value, feature, numbers["min"], numbers["max"]


def _told(name: str, value: Any, feature: Said, *, is_named: bool = False) -> str:
    """Write a value with what makes it clear: its unit, and its name where it is a number."""
    if not _is_number(value):
        text = str(value)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}\N{HORIZONTAL ELLIPSIS}"
    unit = feature.get("unit") or ""
    number = figure(value, 6)
    amount = f"{number}{unit if unit in ('', '%') else f' {unit}'}"
    if is_named:
        return f"{name} is {number if unit == name else amount}"
    return amount if unit == name else f"{name} {amount}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _titled(name: str, unit: str | None) -> str:
    return f"{name}, {unit}" if unit else name
