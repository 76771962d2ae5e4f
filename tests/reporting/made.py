"""What a retraining changed, made up: for what only tells of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from src.data.schema import Dataset
from src.reporting import verdicts
from src.reporting.changes import Changes, Model
from src.reporting.drift import Drift, Moved
from src.reporting.verdicts import Verdict
from src.support.structs import convert
from tests.conftest import STONES
from tests.reporting.before import entry

QUALITY: dict[str, Any] = {"rows": 1052, "accepted": 1050, "rejected": 2, "by_rule": {"missing": 2}}


def figures(mae: float, **changes: Any) -> dict[str, Any]:
    return {"test": {"mae": mae, "r2": 0.5}, "cv": {"mae": {"mean": mae, "std": 1.0}}, **changes}


def model(name: str = "linear", before: Any = 250.0, now: Any = 240.0, **changes: Any) -> Model:
    told = [figures(one) if isinstance(one, float) else one for one in (before, now)]
    values = {"parameters": [], "refused": "", **changes}
    return Model(name=name, before=told[0], now=told[1], **values)


def moved(name: str, distance: float = 0.5, *, is_far: bool = True, kind: str = "number") -> Moved:
    return Moved(name, kind, distance, 0.001, "1 (0 to 2)", "3 (2 to 4)", is_far)


def drift(*columns: Moved, added: int = 40, removed: int = 3) -> Drift:
    return Drift(pd.DataFrame(index=range(added)), pd.DataFrame(), removed, list(columns))


def changes(
    name: str = "stones", word: str = verdicts.BETTER, why: str = "better by far", **values: Any
) -> Changes:
    told = {"before": entry(mean=250.0), "after": entry(mean=240.0), "contest": None}
    told |= {key: values.pop(key) for key in tuple(told) if key in values}
    dataset = convert({**STONES, **values.pop("dataset", {}), "name": name}, Dataset, "dataset")
    rest = {"quality": (QUALITY, QUALITY), "drift": None, "models": [model()], **values}
    return Changes(dataset=dataset, verdict=Verdict(word, why, **told), **rest)
