"""How often ranges hold for each value of each category, and for each class.

    python -m benchmarks.coverage [dataset] [model] [--seeds 20]

Each seed splits the rows anew, trains the model and looks at the held-out rows; those of all seeds
are counted together. Beside it stand the ranges without a factor for each value (of classes: with
one threshold for all), from the same predictions.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import msgspec
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from src.config import composition
from src.config import configuration as configs
from src.config.configuration import Config
from src.data import prepared
from src.data.features import Category
from src.data.schema import Split
from src.evaluation.judged import Judged
from src.learning import target as targets
from src.learning import validation
from src.learning.intervals import conformal
from src.learning.recipe import Recipe
from src.learning.sampling import Sampling
from src.support import text_tables


@dataclass(frozen=True)
class Held:
    """The held-out rows of one seed: whether their ranges hold, and how wide they are."""

    rows: pd.DataFrame
    plain: tuple[np.ndarray, np.ndarray]
    ours: tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("dataset", nargs="?", default="diamonds")
    parser.add_argument("model", nargs="?", default="xgboost")
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    composition.prepare()
    config = configs.build(
        composition.compose([f"dataset={given.dataset}", f"model={given.model}"])
    )
    show([once(config, seed) for seed in range(given.seeds)], config)


def once(config: Config, seed: int) -> Held:
    """Split by a seed, train, and answer the held-out rows."""
    split = Split(method="random", seed=seed)
    dataset = msgspec.structs.replace(config.dataset, split=split)
    ready, _ = prepared.prepare(dataset, seed)
    target = targets.Target(dataset, ready.train, ready.test)
    truth, sampling = target.encode(ready.train), Sampling.of(ready.train, dataset)
    recipe = Recipe(dataset, config.model, target.classes, config.seed)
    with threadpool_limits(1):
        parts = sampling.folds(dataset.task, truth, config.folds, config.seed)
        judged = validation.cross_validate(
            recipe, dataset.metric, ready.train, truth, parts, lambda: None, sampling
        )
        fitted = recipe.fit(ready.train, truth, jobs=-1)
    rows, train = judged.rows(truth, sampling.weights), ready.train[judged.judged]
    held_out = Judged(target.encode(ready.test), fitted.output(ready.test))
    log = config.model.target_transform == "log"
    alike = conformal.pooled(dataset, rows, log=log)
    ours = conformal.calibrate(dataset, rows, train, log=log)
    return Held(
        ready.test,
        conformal.inside_and_width(alike, held_out, ready.test),
        conformal.inside_and_width(ours, held_out, ready.test),
    )


def show(held: list[Held], config: Config) -> None:
    """Print coverage by value and the mean width, without and with factors."""
    dataset = config.dataset
    names = [name for name, one in dataset.features.items() if isinstance(one, Category)]
    if dataset.task != "regression":
        names = [dataset.target.name]
    rows = pd.concat([one.rows for one in held])
    lines = []
    for name in names:
        values = rows[name].astype(str).to_numpy()
        for value in dict.fromkeys(sorted(values)):
            here = values == value
            shares = [
                np.concatenate([getattr(one, kind)[0] for one in held])[here].mean()
                for kind in ("plain", "ours")
            ]
            lines.append([name, value, int(here.sum()), *(round(float(s), 4) for s in shares)])
    text_tables.show("", ["feature", "value", "rows", "without", "with"], lines)
    for kind in ("plain", "ours"):
        inside, width = (np.concatenate([getattr(one, kind)[at] for one in held]) for at in (0, 1))
        print(f"{kind}: coverage {inside.mean():.4f}, mean width {width.mean():.6g}")


if __name__ == "__main__":
    main()
