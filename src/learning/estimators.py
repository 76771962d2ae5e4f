"""Build scikit-learn estimators from a model's YAML, checked before anything is fitted."""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from src.config.configuration import Model
from src.data.schema import Dataset, Task
from src.support.errors import UserError, unknown

LIBLINEAR = ("LinearSVC", "LinearSVR")  # and what has solver=liblinear
_LIBLINEAR = threading.Lock()
OPENMP = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
# Other names of what every estimator is made with, which its library refuses beside them.
ALIASES = {
    "n_jobs": ("num_threads", "num_thread", "nthread", "nthreads"),
    "random_state": ("random_seed", "seed"),
}
# What the loader says of a library of the system's that a package of Python's stands on.
SHARED = re.compile(r"\blib[\w+-]+\.so[\w.]*(?=: cannot open)")
REFUSALS = {"catboost": "CatBoostError", "lightgbm.basic": "LightGBMError"}


def make(model: Model, task: Task, seed: int) -> Any:
    """Instantiate the model's estimator for a task, seeded and on one thread.

    One thread, since folds and trials run in parallel, and since the order of sums changes their
    last digits. Raises UserError for a class that cannot be imported or an unknown parameter.
    """
    # What stands in params is a choice, on the command line or of a search; the task's own values
    # are where it starts from.
    arguments = {**model.estimator[task], **model.params}
    kind = _find(str(arguments.pop("_target_")), model)
    names = parameters(kind)
    for name in arguments:
        if name not in names:
            raise unknown(
                "parameter", name, names, of=f"{kind.__name__} in the model '{model.name}'"
            )
    for name, value in _usual(kind, seed):
        if name in names and not any(other in arguments for other in ALIASES.get(name, ())):
            arguments.setdefault(name, value)
    try:
        return kind(**arguments)
    except TypeError as error:
        raise UserError(
            f"{kind.__name__} of the model '{model.name}' cannot be made.",
            given=str(error),
            choices=names,
            fix=f"add what it needs to params in conf/model/{model.name}.yaml",
        ) from None


def _usual(kind: Any, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what estimators are made with where they take it and the model does not say it."""
    yield "random_state", seed
    yield "allow_writing_files", False  # a fit leaves nothing in the working directory
    # scikit-learn's n_jobs is one by default; other libraries take every core they find.
    if not kind.__module__.startswith("sklearn."):
        yield "n_jobs", 1
        yield "thread_count", 1


def refusals() -> tuple[type[Exception], ...]:
    """Return what the libraries in use raise for parameters or rows that they do not take."""
    own = [
        getattr(sys.modules[module], name)
        for module, name in REFUSALS.items()
        if module in sys.modules
    ]
    return (ValueError, TypeError, *own)


def without_moment(fitted: Any) -> Any:
    """Take out of a fitted estimator when it was fitted, so that the same fit gives the same bytes.

    CatBoost alone writes it into its models.
    """
    inner = getattr(fitted, "estimator_", fitted)
    if type(inner).__module__.startswith("catboost."):
        metadata = inner.get_metadata()
        metadata["train_finish_time"] = metadata["model_guid"] = ""
    return fitted


@contextmanager
def alone(estimator: Any) -> Iterator[None]:
    """Let no other fit run beside this one where both would draw from one random generator.

    liblinear has a single one for the whole process: side by side, fits take turns at its numbers,
    and none comes out as it would by itself.
    """
    inner = getattr(estimator, "estimator", estimator)
    shares = type(inner).__name__ in LIBLINEAR or getattr(inner, "solver", None) == "liblinear"
    with _LIBLINEAR if shares else nullcontext():
        yield


@contextmanager
def on_one_thread(estimator: Any) -> Iterator[None]:
    """Let an estimator have one thread where its class takes no parameter that says so.

    OpenMP keeps the number for each thread that calls it, so a limit set by another does not hold.
    """
    inner = getattr(estimator, "estimator_", getattr(estimator, "estimator", estimator))
    with threadpool_limits(1, "openmp") if type(inner).__name__ in OPENMP else nullcontext():
        yield


def check_weight(model: Model, dataset: Dataset, seed: int) -> None:
    """Raise UserError if the dataset has weights and the model's estimator takes none."""
    if dataset.weight is None:
        return
    estimator = make(model, dataset.task, seed)
    if not has_fit_parameter(estimator, "sample_weight"):
        raise UserError(
            f"The estimator of the model '{model.name}' takes no weights of rows.",
            given=f"weight: {dataset.weight} of '{dataset.name}'; {type(estimator).__name__}",
            fix="choose a model that takes them, such as linear, ridge, logistic or xgboost, or "
            "take weight out of the dataset's YAML",
        )


def check(model: Model, task: Task, seed: int) -> None:
    """Raise UserError if the estimator cannot be built, or its space has an unknown parameter."""
    names = parameters(type(make(model, task, seed)))
    for key in model.space:
        _, searched, name = key.partition("params.")
        if searched and name not in names:
            raise unknown("parameter", name, names, of=f"the space of the model '{model.name}'")


def parameters(kind: Any) -> list[str]:
    """List the parameters of an estimator class.

    Some classes name them in get_params only; of what LightGBM takes as **kwargs its library tells.
    """
    signature = inspect.signature(kind.__init__).parameters.values()
    named = [part.name for part in signature if part.kind is not part.VAR_KEYWORD]
    try:
        others = list(kind().get_params())
    except TypeError:  # it has parameters without a default, which the signature names
        others = []
    behind = _of_lightgbm() if kind.__module__.startswith("lightgbm.") else []
    return sorted({*named, *others, *behind} - {"self"})


@functools.cache
def _of_lightgbm() -> list[str]:
    """List the parameters of LightGBM's library, each by all of its names."""
    basic = importlib.import_module("lightgbm.basic")
    aliases: dict[str, list[str]] = basic._ConfigAliases._get_all_param_aliases()
    return [*aliases, *(name for names in aliases.values() for name in names)]


def _find(target: str, model: Model) -> Any:
    module, _, name = target.rpartition(".")
    where = f"_target_ of the model '{model.name}'"
    if not module:
        raise UserError(
            f"The {where} has no module.",
            given=target,
            fix="name the class with its module, such as sklearn.linear_model.Ridge",
        )
    try:
        kind = getattr(importlib.import_module(module), name, None)
    except (ImportError, ValueError, OSError) as error:
        raise UserError(
            f"The {where} cannot be imported.",
            given=target if isinstance(error, ModuleNotFoundError) else f"{target}: {error}",
            fix=_missing_part(str(error), module, model),
        ) from None
    if kind is None:
        raise UserError(f"The {where} does not exist.", given=target)
    if not (hasattr(kind, "fit") and hasattr(kind, "get_params")):
        raise UserError(f"The {where} is not a scikit-learn estimator.", given=target)
    return kind


def _missing_part(error: str, module: str, model: Model) -> str:
    """Say what to install for a class that cannot be imported."""
    shared = SHARED.search(error)
    if shared and shared[0].startswith("libgomp"):
        return "apt-get install libgomp1, which has the system's OpenMP"
    if shared:
        return f"install the system's package that has {shared[0]}"
    if model.extra:
        return f"pip install -c constraints.txt '.[{model.extra}]'"
    return f"install {module.split('.')[0]}"
