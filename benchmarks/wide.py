"""A table of very many columns beside scikit-learn: python -m benchmarks.wide [columns] [rounds].

200 rows of three classes; of 400 columns of noise one tells them. In turn, in one process, as
seconds of CPU:

reference   StandardScaler and LogisticRegression with the parameters of conf/model/logistic.yaml:
            fitted and asked on the folds of the training, and fitted on all of its rows
fits        the same by Lapidary's encoder and recipe
training    all that `python -m src.train` does with prepared rows: the fits, intervals, segments,
            the exported model, its card and the bundle
preparing   cleaning, splitting and what is looked for in the rows
profile     what `python -m src.profile` counts
explore     the charts of the first page of Explore, when no page was made before
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from app.dashboard.explore import SHOWN
from app.dashboard.figures import explore
from benchmarks.support import bars
from benchmarks.support.bars import Bar
from benchmarks.training import Quiet
from src.config import composition
from src.config import configuration as configs
from src.config.configuration import Config
from src.data import prepared as preparing
from src.data.prepared import Prepared
from src.data.profile import document as profile
from src.learning import target as targets
from src.learning import validation
from src.learning.inspection import rows as inspection
from src.learning.recipe import Recipe
from src.learning.sampling import Fold, Sampling
from src.runs import folders, training
from src.support.cli import guarded

ROWS, CLASSES = 200, "ABC"
ONE_IN = 400  # columns tells the class
MOST = 2.0  # times the reference


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wide", description=__doc__)
    parser.add_argument("columns", nargs="?", type=int, default=1200)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    arguments = parser.parse_args()
    guarded(lambda: run(arguments.columns, arguments.rounds))


def run(columns: int, rounds: int) -> None:
    """Print the median of each, and the ratio of the fits to those of the reference."""
    composition.prepare()
    with tempfile.TemporaryDirectory() as folder:
        config = _config(Path(folder), columns)
        ready, cleaned = preparing.prepare(config.dataset, config.seed)
        ready = inspection.inspected(config.dataset, ready, cleaned, config.seed)
        parts = _Parts(config, ready)
        told: dict[str, Any] = {}

        def described() -> None:
            told.update(profile.profile(config.dataset, ready, cleaned.rejected, ""))

        looks: dict[str, Callable[[], Any]] = {
            "reference": parts.reference,
            "fits": parts.fits,
            "training": lambda: _trained(config, ready, Path(folder)),
            "preparing": lambda: _prepared(config),
            "profile": described,
            "explore": lambda: explore.view(_page(told)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in looks}
        for at in range(rounds):
            for name, look in looks.items():
                begun = time.process_time()
                look()
                seconds[name].append(time.process_time() - begun)
                print(f"{at} {name:10} {seconds[name][-1]:7.2f} s", flush=True)
    ratios = [ours / theirs for ours, theirs in zip(*_both(seconds), strict=True)]
    print(
        *(f"{name:10} median {statistics.median(own):.2f} s" for name, own in seconds.items()),
        sep="\n",
    )
    fits = f"{len(parts.folds) + 1} fits"
    bars.show(
        f"{columns} columns, {len(ready.train)} rows to train",
        [
            Bar("fits to reference", statistics.median(ratios), MOST, is_least=False, note=fits),
            Bar("explore, s", seconds["explore"][0], 1, is_least=False, note="the first view"),
        ],
    )


def _both(seconds: dict[str, list[float]]) -> tuple[list[float], list[float]]:
    return seconds["fits"], seconds["reference"]


class _Parts:
    """The fits of a training, by either side."""

    def __init__(self, config: Config, ready: Prepared) -> None:
        self.config, self.train = config, ready.train
        self.target = targets.Target(config.dataset, ready.train, ready.test)
        self.truth = self.target.encode(ready.train)
        self.sampling = Sampling.of(ready.train, config.dataset)
        self.folds: list[Fold] = self.sampling.folds(
            config.dataset.task, self.truth, config.folds, config.seed
        )

    def reference(self) -> None:
        """Fit scikit-learn's own pipeline on each fold, ask it, and fit it on all rows."""
        cells = self.train[list(self.config.dataset.features)]
        estimator = {**self.config.model.estimator["multiclass"], **self.config.model.params}
        words = {name: value for name, value in estimator.items() if name != "_target_"}
        with threadpool_limits(1):
            for fit, judge in self.folds:
                model = make_pipeline(StandardScaler(), LogisticRegression(**words))
                model.fit(cells.iloc[fit], self.truth[fit]).predict_proba(cells.iloc[judge])
            make_pipeline(StandardScaler(), LogisticRegression(**words)).fit(cells, self.truth)

    def fits(self) -> None:
        """Do the same as a training does."""
        config = self.config
        recipe = Recipe(config.dataset, config.model, self.target.classes, config.seed)
        with threadpool_limits(1):
            validation.validate_and_fit(
                *(recipe, config.dataset.metric, self.train, self.truth, self.folds),
                lambda: None,
                self.sampling,
            )


def _trained(config: Config, ready: Prepared, folder: Path) -> None:
    training.finish(config, ready, folders.Run(folder / "run"), Quiet())


def _prepared(config: Config) -> None:
    ready, cleaned = preparing.prepare(config.dataset, config.seed)
    inspection.inspected(config.dataset, ready, cleaned, config.seed)


def _page(document: dict[str, Any]) -> dict[str, Any]:
    """Return the first page, with the words of a YAML that has none."""
    columns = [{**one, "about": "", "unit": ""} for one in document["columns"][: SHOWN + 1]]
    return {**document, "columns": columns}


def _config(folder: Path, columns: int) -> Config:
    """Write the table and return the configuration of a logistic regression of it."""
    random = np.random.default_rng(11)
    classes = np.arange(ROWS) % len(CLASSES)
    cells = random.normal(size=(ROWS, columns))
    cells[:, ::ONE_IN] += classes[:, None]
    names = [f"w{at:04}" for at in range(columns)]
    table = pd.DataFrame(cells.round(2), columns=names)
    table["grade"] = [CLASSES[at] for at in classes]
    source = folder / "spectra.csv"
    table.to_csv(source, index=False)
    values = composition.compose(["model=logistic", "search=none"])
    values["dataset"] = {
        "name": "spectra",
        "task": "multiclass",
        "source": str(source),
        "target": {"name": "grade", "values": list(CLASSES)},
        "metric": "accuracy",
        "features": {name: {"type": "number"} for name in names},
    }
    return configs.build(values)


if __name__ == "__main__":
    main()
