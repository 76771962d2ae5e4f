"""A project whose names and classes are none that anybody expects, as the pipeline leaves it."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

from tests.app import built

# Keys of answers, of JavaScript's objects, of YAML and of Vega's paths, and all that is no word.
NAMES = (
    *("class", "line", "reasons", "label", "record", "why", "id", "interval", "probability"),
    *("__proto__", "constructor", "toString", "null", "yes", "3", "index", "csrf", "words"),
    *("a[0]", "b<5", "c]", "d.e.f", "g/h", "i%", "%41", "j k", 'l"m', "n'o", "p=q", "r:s", "t;u"),
    *("v\\w", "n,o", "-z", "#1", "@t", "{x}", "{{ y }}", "<b>bold</b>", "&amp;", "a+b", "x?y"),
    *("tab\there", "__index_level_0__", "level_0"),
    *(
        "x__min",
        "Größe",
        "日本",
        "emoji😀",
        "🙂",
        "*",
        "~",
        "`",
        "$",
        "${oc.env:HOME}",
        "|",
        "predicted_id",
    ),
)
CLASSES = (
    "a, b",
    'the "best"',
    "🙂",
    "x\\y",
    "<i>c</i>",
    "it's; or: not = 50%",
    "#line",
    "=1+1",
    "line\u2028break",
    "__proto__",
    "constructor",
)
NUMBERS: dict[str, Any] = {
    "name": "numbers",
    "task": "regression",
    "source": "data/numbers.csv",
    "target": {"name": "model"},
    "features": {
        **{name: {"type": "number"} for name in NAMES},
        "level": {"type": "category", "values": list(CLASSES)},
    },
    "metric": "mae",
    "similar": {"same": ["level"], "nearest": "a[0]"},
}
KINDS: dict[str, Any] = {
    "name": "kinds",
    "task": "multiclass",
    "source": "data/kinds.csv",
    "target": {"name": "id"},
    "features": {
        "probabilities": {"type": "number"},
        "warnings": {"type": "category", "values": list(CLASSES)},
        "prediction_id": {"type": "text"},
    },
    "metric": "accuracy",
    "similar": {"same": [], "nearest": "probabilities"},
}
SIDES: dict[str, Any] = {
    "name": "sides",
    "task": "binary",
    "source": "data/sides.csv",
    "target": {"name": "record", "values": ["-1", "@2, or so"], "positive": "@2, or so"},
    "features": {"distance": {"type": "number"}, "at": {"type": "category"}},
    "metric": "accuracy",
    "decide": {"cost": {"false_positive": 1, "false_negative": 5}},
    "similar": {"same": ["at"], "nearest": "distance"},
}
DATASETS = {one["name"]: one for one in (NUMBERS, KINDS, SIDES)}
MODELS = {"numbers": "linear", "kinds": "logistic", "sides": "logistic"}
ROWS = 176


def make(folder: Path) -> None:
    """Fill a folder with these datasets, and run the pipeline's own stages there."""
    every = [
        built.Tracked(dataset, table(dataset), MODELS[name]) for name, dataset in DATASETS.items()
    ]
    built.build(folder, every)


def table(dataset: dict[str, Any]) -> str:
    """Draw rows in which the target follows from the first feature."""
    draw = random.Random(1)
    target, first = dataset["target"], next(iter(dataset["features"]))
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*dataset["features"], target["name"]])
    for at in range(ROWS):
        cells = {name: _cell(one, draw, at) for name, one in dataset["features"].items()}
        rows.writerow([*cells.values(), _truth(dataset, cells[first], at)])
    return text.getvalue()


def record(name: str, at: int = 0) -> dict[str, Any]:
    """Return a record that can be posted."""
    draw = random.Random(2)
    return {one: _cell(feature, draw, at) for one, feature in DATASETS[name]["features"].items()}


def _cell(feature: dict[str, Any], draw: random.Random, at: int) -> Any:
    if feature["type"] == "number":
        return round(draw.uniform(-9, 9), 3)
    if feature["type"] == "text":
        return " ".join([*draw.choices(["desk", "rose", "pan"], k=4), CLASSES[at % len(CLASSES)]])
    return CLASSES[at % len(CLASSES)]


def _truth(dataset: dict[str, Any], first: float, at: int) -> Any:
    if dataset["task"] == "regression":
        return round(3 * first + at % 3, 3)
    if dataset["task"] == "binary":
        return dataset["target"]["values"][first > 0]
    return CLASSES[at % len(CLASSES)]
