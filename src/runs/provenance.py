"""The provenance of a result: commit, state of the working tree, library versions."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import Any

from src.support.git import ask

# What decides a prediction's digits; anything else may change freely.
LIBRARIES = ("joblib", "numpy", "optuna", "pandas", "scikit-learn", "scipy")
# What a run itself writes says nothing about the code that it ran.
OUTPUTS = (":(exclude)metrics", ":(exclude)dvc.lock")


def git() -> dict[str, Any]:
    """Return the commit and whether the working tree differs; None for both outside git."""
    commit = ask("rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}
    changed = ask("status", "--porcelain", "--untracked-files=normal", "--", ".", *OUTPUTS)
    return {"commit": commit, "dirty": bool(changed)}


def versions(*estimators: object) -> dict[str, str]:
    """Return the versions of Python, of the shared libraries and of the estimators' own."""
    by_library = {name: _version(name) for name in LIBRARIES}
    for estimator in estimators:
        inner = getattr(estimator, "estimator", estimator)  # what a calibrator wraps
        # A module says its version; which package brought it would take half a second to find.
        own = sys.modules[type(inner).__module__.split(".")[0]]
        if own.__name__ != "sklearn":
            by_library[own.__name__] = getattr(own, "__version__", None)
    installed = {name: version for name, version in sorted(by_library.items()) if version}
    return {"python": platform.python_version(), **installed}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
