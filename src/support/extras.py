"""Packages that not every installation has, and the extras of pyproject.toml that bring them."""

from __future__ import annotations

import functools
import importlib.util
import sys
from types import TracebackType

from src.support.errors import UserError

# What each brings, as it is imported. What the base dependencies bring is everywhere.
TRAIN = "train"
EXTRAS = {
    TRAIN: ("joblib", "optuna", "pandas", "pyarrow", "rich", "scipy", "sklearn", "threadpoolctl"),
    "pipeline": ("dvc",),
    "postgres": ("psycopg",),
    "samples": ("plotnine",),
}
SERVES = "This installation answers and does not train."


@functools.cache
def has(package: str) -> bool:
    """Tell whether a package is installed; it is not imported."""
    return importlib.util.find_spec(package) is not None


def absent(package: str, what: str | None = None) -> UserError:
    """Make the error for a package that is not installed; it names the extra that brings it."""
    root = package.partition(".")[0]
    extra = next((name for name, packages in EXTRAS.items() if root in packages), None)
    if what is None:
        what = SERVES if extra == TRAIN else "A package that this needs is not installed."
    fix = f"install {root}" if extra is None else f"pip install -c constraints.txt '.[{extra}]'"
    given = f"'{root}' cannot be imported"
    return UserError(what, code="not_installed", given=given, fix=fix)


def untrained() -> UserError | None:
    """Return why nothing can be trained by this installation; None where it can."""
    missing = next((package for package in EXTRAS[TRAIN] if not has(package)), None)
    return None if missing is None else absent(missing)


def check_training() -> None:
    """Raise UserError where this installation has not what a training needs."""
    error = untrained()
    if error is not None:
        raise error


def explain(error: BaseException) -> UserError | None:
    """Return what to say of an import that failed; None where no optional package is missing."""
    known = {package for packages in EXTRAS.values() for package in packages}
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return absent(name) if name is not None and name.partition(".")[0] in known else None


def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show an error that nobody caught: an optional package in our words, others as ever."""
    explained = explain(error)
    if explained is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"Error: {explained}", file=sys.stderr)
