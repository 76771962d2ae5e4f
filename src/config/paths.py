"""The paths of the pipeline's outputs."""

from __future__ import annotations

from pathlib import Path

DATA = Path("data")
METRICS = Path("metrics")
CHAMPIONS = METRICS / "champions.json"  # for people, committed
VERDICTS = METRICS / "verdicts.json"  # for the service: which bundles were judged

_ARTIFACTS = Path("artifacts")
COMPOSITIONS = _ARTIFACTS / "conf" / "composed"
DATASET_CONFS = _ARTIFACTS / "conf" / "datasets"
PREPARED_CONFS = _ARTIFACTS / "conf" / "prepared"
RUN_CONFS = _ARTIFACTS / "conf" / "runs"
TABLES = _ARTIFACTS / "tables"
PREPARED = _ARTIFACTS / "data"
PROFILES = _ARTIFACTS / "profile"
BUNDLES = _ARTIFACTS / "bundles"


def quality(dataset: str) -> Path:
    """Return the committed file of a dataset's row counts."""
    return METRICS / dataset / "quality.json"


def profile(dataset: str) -> Path:
    """Return the file of a dataset's profile."""
    return PROFILES / f"{dataset}.json"


def metrics(dataset: str, model: str) -> Path:
    """Return the committed file of a tracked run's metrics."""
    return METRICS / dataset / f"{model}.json"


def predictions(dataset: str, model: str) -> Path:
    """Return the committed file of a tracked run's plot data."""
    return METRICS / dataset / f"{model}.csv"
