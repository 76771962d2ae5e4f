"""What sets two versions apart: how they were made, their figures, and their answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from app.records.invalid import Invalid
from app.registry.loaded import Serving
from app.registry.store import Registered
from src.config.configuration import flat
from src.evaluation.measures import rounded
from src.evaluation.metrics import METRICS

MOST = 20  # rows that are told in full
Row = dict[str, Any]


def configuration(first: Registered, second: Registered) -> list[Row]:
    """List the keys, flat, in which two versions were made otherwise; what is not there is null."""
    ours, theirs = (dict(flat(_made(one))) for one in (first, second))
    return [
        {"key": key, "a": ours.get(key), "b": theirs.get(key)}
        for key in dict.fromkeys([*ours, *theirs])
        if ours.get(key) != theirs.get(key)
    ]


def metrics(first: Registered, second: Registered) -> list[Row]:
    """List the metrics on the held-out rows and in cross-validation, and whose is the better."""
    ours, theirs = first.manifest["metrics"], second.manifest["metrics"]
    test = [
        _figure("test", name, ours["test"].get(name), theirs["test"].get(name))
        for name in dict.fromkeys([*ours["test"], *theirs["test"]])
    ]
    cv = [
        _figure("cv", name, _mean(ours, name), _mean(theirs, name))
        for name in dict.fromkeys([*ours["cv"], *theirs["cv"]])
    ]
    return test + cv


def rows(first: Serving, second: Serving, asked: Sequence[Row]) -> dict[str, Any]:
    """Ask both versions about the same rows; tell where they differ most.

    Each row has a record, and the truth as `actual` where it is known. A record that one of them
    does not take, for it was trained on other columns, is left out.
    """
    is_alike = (first.classes is None) == (second.classes is None)
    pairs = [[_taken(one, row["record"]) for one in (first, second)] for row in asked]
    taken = [at for at, pair in enumerate(pairs) if is_alike and None not in pair]
    found: dict[str, Any] = {"compared": len(taken), "left_out": len(asked) - len(taken)}
    if not taken:
        return {**found, "agree": 0, "most": []}
    outputs = [
        serving.predictor.output([pairs[row][at] or () for row in taken])
        for at, serving in enumerate((first, second))
    ]
    judge = _values if first.classes is None else _classes
    judged = [
        {**{key: asked[row][key] for key in ("record", "actual") if key in asked[row]}, **one}
        for row, one in zip(taken, judge(first, second, *outputs), strict=True)
    ]
    judged.sort(key=lambda one: -one["difference"])
    most = [one for one in judged[:MOST] if one["difference"] > 0]
    return {**found, **_summary(judged, first, second), "most": most}


def _summary(judged: list[Row], first: Serving, second: Serving) -> dict[str, Any]:
    """Count the rows that are answered alike; of values, and of two classes, tell all points."""
    agree = sum(one["a"]["value"] == one["b"]["value"] for one in judged)
    if first.classes is None:
        key = "value"
    elif len(first.classes) == 2 and first.classes == second.classes:
        key = "positive"
    else:
        return {"agree": agree}
    points = [[one["a"][key], one["b"][key], one.get("actual")] for one in judged]
    return {"agree": agree, "points": points}


def _values(_: Serving, __: Serving, ours: np.ndarray, theirs: np.ndarray) -> Iterator[Row]:
    for mine, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        yield {
            "a": {"value": rounded(mine)},
            "b": {"value": rounded(other)},
            "difference": rounded(abs(mine - other)),
        }


def _classes(
    first: Serving, second: Serving, ours: np.ndarray, theirs: np.ndarray
) -> Iterator[Row]:
    """Tell the likeliest class of each, and which share of the probability lies elsewhere."""
    names = [[str(name) for name in one.classes or ()] for one in (first, second)]
    for mine, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        chances = [dict(zip(names[at], one, strict=True)) for at, one in enumerate((mine, other))]
        every = dict.fromkeys([*names[0], *names[1]])
        apart = sum(abs(chances[0].get(name, 0) - chances[1].get(name, 0)) for name in every) / 2
        yield {
            "a": _likeliest(chances[0]),
            "b": _likeliest(chances[1]),
            "difference": rounded(apart),
        }


def _likeliest(chances: dict[str, float]) -> Row:
    best = max(chances, key=chances.__getitem__)
    found: Row = {"value": best, "probability": rounded(chances[best])}
    if len(chances) == 2:
        found["positive"] = rounded(list(chances.values())[-1])
    return found


def _taken(serving: Serving, record: dict[str, Any]) -> tuple[Any, ...] | None:
    """Return a record as a version takes it; None where it does not."""
    given = {name: record.get(name) for name in serving.records.names}
    try:
        return serving.records.decode(msgspec.json.encode(given)).values[0]
    except Invalid:
        return None


def _mean(metrics: dict[str, Any], name: str) -> float | None:
    found: float | None = metrics["cv"].get(name, {}).get("mean")
    return found


def _figure(part: str, name: str, ours: float | None, theirs: float | None) -> Row:
    known = METRICS.get(name)
    better = None
    if known is not None and ours is not None and theirs is not None and ours != theirs:
        better = "a" if (ours > theirs) == known.greater_is_better else "b"
    return {"part": part, "name": name, "a": ours, "b": theirs, "better": better}


def _made(version: Registered) -> dict[str, Any]:
    """Return all that a version was made from: of a search what it found, of tasks its own."""
    manifest = version.manifest
    config, tuned = manifest["config"], manifest["tuned"]
    task = config["dataset"]["task"]
    model = {**(tuned or config["model"])}
    model["estimator"] = {task: model["estimator"].get(task)}
    if tuned is None:
        model.pop("space", None)  # nobody searched it
    return {
        **config,
        "model": model,
        "data": {key: manifest["data"].get(key) for key in ("md5", "rows")},
        "git": manifest["git"],
        "versions": manifest["versions"],
    }
