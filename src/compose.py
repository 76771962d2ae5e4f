"""Write each tracked run's resolved configuration: python -m src.compose.

Each training depends on its own file alone, so that an edit in conf/ re-runs exactly the trainings
that it changes, and an edited comment only this stage.
"""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from msgspec import structs

from src.config import composition_cache, paths, tables
from src.config import configuration as configs
from src.config.configuration import Config, Pair, Params
from src.data.schema import RULES, without_rules
from src.support import files
from src.support.cli import guarded
from src.support.errors import UserError, did_you_mean


def main() -> None:
    """Run the command line."""
    argparse.ArgumentParser(prog="python -m src.compose", description=__doc__).parse_args()
    guarded(compose)


def compose() -> None:
    """Compose, check and write the configuration of everything that params.yaml tracks."""
    configs.find_root()
    params = configs.read_params()
    _check_pairs()
    composed = {name: _compose(name, pair, params) for name, pair in params.runs.items()}
    datasets = {config.dataset.name: config for config in composed.values()}
    idle = [name for name in params.datasets if name not in datasets]
    if idle:
        raise UserError(
            f"The dataset '{idle[0]}' has no tracked run.",
            fix=f"add a line to runs in {configs.PARAMS}: "
            f"{idle[0]}-dummy: {{dataset: {idle[0]}, model: dummy, plot: scatter}}",
        )
    written = {paths.RUN_CONFS / f"{name}.yaml": _of_run(c) for name, c in composed.items()}
    for name, config in datasets.items():
        written[paths.PREPARED_CONFS / f"{name}.yaml"] = _of_preparation(config)
        written[paths.DATASET_CONFS / f"{name}.yaml"] = _of_champion(config, params)
    for path, values in written.items():
        _write(path, values)
    _keep(params)
    for folder in (paths.RUN_CONFS, paths.DATASET_CONFS, paths.PREPARED_CONFS):
        for path in set(folder.glob("*.yaml")) - set(written):
            path.unlink()  # of a run that is no longer tracked
    print(f"composed {len(composed)} runs of {len(datasets)} datasets")


def _keep(params: Params) -> None:
    """Cache for the service what it would compose itself: all datasets and the tracked runs."""
    words = [composition_cache.dataset_words(name) for name in configs.choices("dataset")]
    words += [_words(pair) for pair in params.runs.values()]
    kept: set[Path | None] = set()
    for composition in words:
        with suppress(UserError, OSError):  # of a dataset without runs: the service says it
            composition_cache.compose(composition)
        kept.add(composition_cache.keep(composition, paths.COMPOSITIONS))
    for path in set(paths.COMPOSITIONS.glob("*.json")) - kept:
        path.unlink()  # of what conf/ says no more


def _check_pairs() -> None:
    """Refuse a file whose name is not a pair, since Hydra would silently ignore it."""
    pairs = {f"{d}_{m}" for d in configs.choices("dataset") for m in configs.choices("model")}
    for name in configs.choices("dataset_model"):
        if name not in pairs:
            raise UserError(
                "A file in conf/dataset_model is named after no pair, and would never be read.",
                given=f"{name}.yaml",
                fix=did_you_mean(name, pairs) or "name it <dataset>_<model>.yaml",
            )


def _compose(name: str, pair: Pair, params: Params) -> Config:
    if pair.dataset not in params.datasets:
        raise UserError(
            f"The run '{name}' is of a dataset that is not tracked.",
            given=pair.dataset,
            choices=params.datasets,
            fix=f"add {pair.dataset} to datasets in {configs.PARAMS}",
        )
    try:
        config = configs.build(composition_cache.compose(_words(pair)))
        _check_plot(pair, config)
        _check_estimator(config)
    except UserError as error:
        error.what = f"In the run '{name}' of {configs.PARAMS}: {error.what}"
        raise
    return structs.replace(config, dataset=tables.kept(config.dataset))


def _words(pair: Pair) -> list[str]:
    return [f"dataset={pair.dataset}", f"model={pair.model}", f"search={pair.search}"]


def _check_plot(pair: Pair, config: Config) -> None:
    fitting = "scatter" if config.dataset.task == "regression" else "confusion"
    if pair.plot != fitting:
        raise UserError(
            f"This plot does not fit a {config.dataset.task}.",
            given=f"plot: {pair.plot}",
            choices=[f"plot: {fitting}"],
        )


def _check_estimator(config: Config) -> None:
    """Refuse a misspelt parameter now, not after minutes of other trainings."""
    from src.learning import estimators

    for single in config.model.singles():
        estimators.check(single, config.dataset.task, config.seed)


def _of_run(config: Config) -> dict[str, Any]:
    """Return everything but the rules, which change the verdict but not the training."""
    values = configs.resolved(config)
    values["dataset"] = configs.plain(without_rules(config.dataset))
    return values


def _of_preparation(config: Config) -> dict[str, Any]:
    """Return what reading, cleaning and splitting depend on."""
    values = configs.resolved(config)["dataset"]
    for key in ("about", "noun", "coverage", "similar", "derived", *RULES):
        values.pop(key)
    past = config.dataset.windows()
    if past:  # of what is derived the only part that rows have
        values["derived"] = {name: config.dataset.derived[name] for name in past}
    for described in (*values["features"].values(), values["target"]):
        described.pop("about", None)
        described.pop("unit", None)
    return {"dataset": values, "seed": config.seed, "folds": config.folds}


def _of_champion(config: Config, params: Params) -> dict[str, Any]:
    """Return what the choice of the champion depends on."""
    dataset = config.dataset
    return {
        "task": dataset.task,
        "metric": dataset.metric,
        "gate": configs.resolved(config)["dataset"]["gate"],
        "models": [pair.model for pair in params.runs.values() if pair.dataset == dataset.name],
    }


def _write(path: Path, values: dict[str, Any]) -> None:
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    files.write(path, text.encode())


if __name__ == "__main__":
    main()
