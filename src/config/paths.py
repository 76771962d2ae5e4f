"""Where the pipeline keeps what it makes."""

from __future__ import annotations

from pathlib import Path

DATA = Path("data")
METRICS = Path("metrics")
CHAMPIONS = METRICS / "champions.json"

_ARTIFACTS = Path("artifacts")
COMPOSITIONS = _ARTIFACTS / "conf" / "composed"
DATASET_CONFS = _ARTIFACTS / "conf" / "datasets"
PREPARED_CONFS = _ARTIFACTS / "conf" / "prepared"
RUN_CONFS = _ARTIFACTS / "conf" / "runs"
PREPARED = _ARTIFACTS / "data"
PROFILES = _ARTIFACTS / "profile"
BUNDLES = _ARTIFACTS / "bundles"


def quality(dataset: str) -> Path:
    """Return where a dataset's counts of rejected rows are committed."""
    return METRICS / dataset / "quality.json"


def profile(dataset: str) -> Path:
    """Return where a prepared dataset's description is kept."""
    return PROFILES / f"{dataset}.json"


def metrics(dataset: str, model: str) -> Path:
    """Return where a tracked run's metrics are committed."""
    return METRICS / dataset / f"{model}.json"


def predictions(dataset: str, model: str) -> Path:
    """Return where a tracked run's plot data is committed."""
    return METRICS / dataset / f"{model}.csv"
