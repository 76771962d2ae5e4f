"""Rules of datasets, and labels of long ago, written as if others had done so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import peewee

from app.registry import store as version_store
from app.registry.store import Registered
from app.store import clock, ids
from app.store.tables import Label
from src.config import paths
from tests.app import project

DATASETS = {one["name"]: one for one in (project.STONES, project.DEBTS, project.NOTES)}
# Of the stones' two models the linear one misses by 91 on the held-out rows, the other by 1985.
PASSED_BY_LINEAR = {"mae": {"max": 500}}
PASSED_BY_NONE = {"mae": {"max": 50}}


def rule(name: str, **changes: Any) -> None:
    """Write a dataset's YAML with other rules, as a person would edit it."""
    write(name, json.dumps({**DATASETS[name], **changes}))


def write(name: str, text: str | bytes) -> None:
    """Put another text in the place of a dataset's YAML."""
    path = Path("conf/dataset") / f"{name}.yaml"
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(text.encode() if isinstance(text, str) else text)
    fresh.rename(path)


def register(database: peewee.Database, var: Path, dataset: str = "stones") -> list[Registered]:
    """Register a dataset's two versions; the first one is the pipeline's champion."""
    models = project.MODELS[dataset]
    return [
        version_store.register(database, var, paths.BUNDLES / dataset / model) for model in models
    ]


def serve(database: peewee.Database, version: Registered) -> None:
    """Let a version serve from now on."""
    version_store.promote(database, version, kind="promote", by="me", why="")


def kinds(database: peewee.Database, dataset: str = "stones") -> list[tuple[str, int]]:
    """List what happened to a dataset's versions, the oldest first."""
    events = version_store.events(database, dataset)
    return [(event["kind"], event["number"]) for event in reversed(events)]


def moment(seconds_ago: float) -> datetime:
    return clock.now() - timedelta(seconds=seconds_ago)


def label(
    database: peewee.Database,
    count: int = 1,
    *,
    ago: float = 0.0,
    dataset: str = "debts",
    each: Sequence[dict[str, Any]] = (),
    **columns: Any,
) -> list[str]:
    """Store as many labels, which came so many seconds ago; return their ids."""
    at = moment(ago)
    first = ids.at(at.timestamp())[:18] + ids.new()[18:]
    numbers = ids.following(first, len(each) or count)
    shared = {"at": clock.text(at), "source": "test", "upload": first, "value": "1"}
    row = {"dataset": dataset, "record": b"{}", **shared, **columns}
    more = zip(numbers, each or [{}] * count, strict=True)
    rows = [{**row, **given, "id": number} for number, given in more]
    with database.atomic():
        for some in peewee.chunked(rows, 1000):
            Label.insert_many(some).execute(database)
    return numbers


def feedback(
    database: peewee.Database,
    pairs: Sequence[tuple[object, bytes | None]],
    *,
    version: int = 1,
    dataset: str = "stones",
    ago: float = 0.0,
    delay: float = 0.0,
    prediction: str | None = None,
) -> list[str]:
    """Store truths of predictions beside their answers; return the labels' ids."""
    shared = {"version": version, "predicted_at": clock.text(moment(ago + delay))}
    each = [
        {"value": str(value), "answer": answer, "prediction": prediction or ids.new(), **shared}
        for value, answer in pairs
    ]
    return label(database, ago=ago, dataset=dataset, each=each)


def price(value: float, width: float = 100.0) -> bytes:
    """Write the answer of a version that predicts numbers."""
    interval = {"low": value - width, "high": value + width, "coverage": 0.9}
    return json.dumps({"id": "x", "price": value, "interval": interval}).encode()


def late(chance: float) -> bytes:
    """Write the answer of a version that predicts whether a debt is late."""
    return chances("late", {"0": 1 - chance, "1": chance}, [int(chance >= 0.5)])


def chances(name: str, probabilities: dict[str, float], likely: Sequence[object]) -> bytes:
    """Write the answer of a version that predicts classes."""
    best = max(probabilities, key=probabilities.__getitem__)
    interval = {"classes": likely, "coverage": 0.9}
    document = {name: best, "probabilities": probabilities, "interval": interval}
    return json.dumps(document).encode()
