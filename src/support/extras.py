"""Optional packages, and the extras of pyproject.toml that install them."""

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
    "catboost": ("catboost",),
    "lightgbm": ("lightgbm",),
    "pipeline": ("dvc", "_ruamel_yaml"),  # with which DVC reads YAML by a C library
    "postgres": ("psycopg",),
    "excel": ("python_calamine",),
    "remote": ("fsspec",),
    "samples": ("plotnine",),
    "sign": ("cryptography",),
}
SERVES = "This installation answers and does not train."


@functools.cache
def has(package: str) -> bool:
    """Tell whether a package is installed, without importing it."""
    return importlib.util.find_spec(package) is not None


def absent(package: str, what: str | None = None) -> UserError:
    """Return the error for a missing package, which names the extra that installs it."""
    root = package.partition(".")[0]
    extra = next((name for name, packages in EXTRAS.items() if root in packages), None)
    if what is None:
        what = SERVES if extra == TRAIN else "A package that this needs is not installed."
    fix = f"install {root}" if extra is None else f"pip install -c constraints.txt '.[{extra}]'"
    cause = f"'{root}' cannot be imported"
    return UserError(what, code="not_installed", given=cause, fix=fix)


def untrained() -> UserError | None:
    """Return why this installation cannot train; None if it can."""
    missing = next((package for package in EXTRAS[TRAIN] if not has(package)), None)
    return None if missing is None else absent(missing)


def check_training() -> None:
    """Raise UserError if this installation lacks a package that training needs."""
    error = untrained()
    if error is not None:
        raise error


def explain(error: BaseException) -> UserError | None:
    """Return the error for a failed import; None if no optional package is missing."""
    optional = {package for packages in EXTRAS.values() for package in packages}
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return absent(name) if name is not None and name.partition(".")[0] in optional else None


def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught error: a missing optional package in our words, others as usual."""
    explained = explain(error)
    if explained is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"Error: {explained}", file=sys.stderr)
