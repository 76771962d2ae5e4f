"""Keep a search's trials, an Optuna study, in a journal on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from src.config.configuration import Config, Model, Space
from src.evaluation import metrics

NAME = "search"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
TREES, SCORES = "trees", "scores"


class _Held(JournalFileSymlinkLock):
    """A lock that does nothing, since this process holds the journal already.

    Optuna's own lock is a file, which a killed process would leave behind for the next one.
    """

    def acquire(self) -> bool:
        """Do nothing, since the process holds the file."""
        return True

    def release(self) -> None:
        """Do nothing, since the process holds the file until the search ends."""


def _mend(path: Path) -> None:
    """Cut off the incomplete line of a killed process."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def open_journal(path: Path, config: Config) -> optuna.Study:
    """Open or create the study at `path`, which the caller has locked."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    _mend(path)
    greater = metrics.METRICS[config.dataset.metric].greater_is_better
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path), lock_obj=_Held(str(path)))),
        study_name=NAME,
        direction=StudyDirection.MAXIMIZE if greater else StudyDirection.MINIMIZE,
        load_if_exists=True,
    )
    before = study.get_trials(deepcopy=False)
    for trial in before:
        if trial.state == TrialState.RUNNING:  # its process was killed
            study.tell(trial.number, state=TrialState.FAIL)
    # Asked for and not yet judged when its process was killed, it must come again.
    first = [trial for trial in before if "fixed_params" in trial.system_attrs]
    if not any(trial.state in (TrialState.WAITING, *ENDED) for trial in first):
        _enqueue_own(study, config.model)
    return study


def _enqueue_own(study: optuna.Study, model: Model) -> None:
    """Try the model's own values first, so that a search never ends worse than it began."""
    own = {}
    for key, distribution in distributions(model).items():
        value: Any = model
        for step in key.split("."):
            value = value.get(step) if isinstance(value, dict) else getattr(value, step, None)
        if value is not None and distribution._contains(distribution.to_internal_repr(value)):
            own[key] = value
    study.enqueue_trial(own)


def distributions(model: Model) -> dict[str, BaseDistribution]:
    """Return the model's search space as Optuna distributions."""
    return {key: _distribution(space) for key, space in model.space.items()}


def _distribution(space: Space) -> BaseDistribution:
    if space.choices is not None:
        return CategoricalDistribution(space.choices)
    assert space.low is not None
    assert space.high is not None
    if isinstance(space.low, int) and isinstance(space.high, int):
        return IntDistribution(space.low, space.high, log=space.log)
    return FloatDistribution(space.low, space.high, log=space.log)


def table(study: optuna.Study) -> pd.DataFrame:
    """List the finished trials in order, with their details."""
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state in ENDED:
            trees = trial.user_attrs[TREES]
            seconds = trial.duration.total_seconds() if trial.duration else None
            rows.append(
                {
                    "trial": trial.number,
                    "state": trial.state.name.lower(),
                    "value": trial.value if trial.state == TrialState.COMPLETE else None,
                    "seconds": seconds,
                    "trees": float(np.mean(trees)) if trees else None,
                    **trial.params,
                    "folds": " ".join(f"{score:.6g}" for score in trial.user_attrs[SCORES]),
                }
            )
    return pd.DataFrame(rows)


def trials(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    """List the trials in the given states, in order."""
    return study.get_trials(deepcopy=False, states=states)
