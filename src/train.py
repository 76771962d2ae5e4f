"""Train one model on one dataset: python -m src.train model=xgboost."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from src import config as configs
from src import files, gate, metrics, paths, runs, tables
from src.command import guarded, with_hydra
from src.config import Config
from src.data import prepared as preparing
from src.data.prepared import Prepared
from src.errors import UserError, unknown
from src.progress import Bar

GROUPS = ("dataset", "model", "search")
PLOTTED = 1000  # rows of a regression's plot; all of them would fill git's history


@dataclass(frozen=True)
class Trained:
    """A finished training, for the table at the end."""

    config: Config
    manifest: dict[str, Any]
    place: Path
    given: str = ""


def main() -> None:
    """Run the command line."""
    finished: list[Trained] = []

    def task(values: dict[str, Any]) -> None:
        given = _given()
        trained = _train(values, dict(given))
        words = [f"{key}={value}" for key, value in given.items() if key not in GROUPS]
        finished.append(replace(trained, given=" ".join(words)))

    try:
        with_hydra(task, "config", GROUPS)
    finally:  # a sweep that fails at its third job has two results
        if finished:
            guarded(lambda: show(finished))


def _train(values: dict[str, Any], given: dict[str, Any]) -> Trained:
    request = configs.request(values)
    if request.run is not None:
        _refuse_others(given, "run", allowed=())
        return tracked(request.run)
    if request.continue_from is not None:
        _refuse_others(given, "continue_from", allowed=("search.",))
        return continued(Path(request.continue_from), given)
    config = configs.build(values)
    with Bar(_title(config)) as bar:
        bar.stage("reading", 1)
        ready, _ = preparing.prepare(config.dataset, config.seed)
        run = runs.start(config.dataset.name, config.model.name, _request(config, ready, None))
        return _finish(config, ready, run, bar)


def continued(path: Path, given: dict[str, Any]) -> Trained:
    """Go on with a stopped run's search, on the same data and configuration."""
    run = runs.Run(path)
    if not (path / runs.REQUEST).is_file():
        stopped = [str(other.path) for other in runs.every() if not other.is_done]
        raise UserError("There is no run here.", given=path, choices=stopped[:5])
    if run.is_done:
        raise UserError("This run is finished; there is nothing to go on with.", given=path)
    request = run.request()
    values = request["config"]
    values["search"].update({key.removeprefix("search."): value for key, value in given.items()})
    config = configs.build(values)
    if request["run"] is not None:
        raise UserError(
            "This run belongs to the pipeline, which goes on with it by itself.",
            given=path,
            fix="dvc repro",
        )
    with Bar(_title(config)) as bar:
        bar.stage("reading", 1)
        ready, _ = preparing.prepare(config.dataset, config.seed)
        if ready.origin["md5"] != request["md5"]:
            raise UserError(
                "The data has changed since this run was stopped.",
                given=config.dataset.source,
                fix="start a new run",
            )
        return _finish(config, ready, run, bar)


def tracked(name: str) -> Trained:
    """Train a tracked run exactly as src.compose wrote it, into the pipeline's outputs."""
    path = paths.RUN_CONFS / f"{name}.yaml"
    if not path.is_file():
        raise unknown("tracked run", name, configs.read_params().runs)
    config = configs.build(configs.read_yaml(path))
    dataset, model = config.dataset.name, config.model.name
    ready = preparing.load(paths.PREPARED / dataset)
    request = _request(config, ready, name)
    run = _unfinished(request) or runs.start(dataset, model, request)
    with Bar(_title(config)) as bar:
        trained = _finish(config, ready, run, bar, bundle=paths.BUNDLES / dataset / model)
    files.write_json(run.path / runs.MANIFEST, trained.manifest)
    files.write_json(paths.metrics(dataset, model), trained.manifest["metrics"])
    return trained


def _finish(
    config: Config, ready: Prepared, run: runs.Run, bar: Bar, bundle: Path | None = None
) -> Trained:
    """Train and write the bundle; on Ctrl-C say how to go on."""
    from src import provenance
    from src.inference import bundle as bundles
    from src.learning import training

    place = bundle or run.path / runs.BUNDLE
    try:
        outcome = training.train(config, ready.train, ready.test, run.path / runs.STUDY, bar)
    except KeyboardInterrupt:
        _say_stopped(run)
        raise
    tables_ = {"predictions": outcome.predictions}
    if outcome.trials is not None:
        tables_["trials"] = outcome.trials
    manifest = bundles.save(
        place,
        model=outcome.fitted,
        rows=ready.train,
        tables=tables_,
        manifest={
            "run": run.path.name,
            "dataset": config.dataset.name,
            "model": config.model.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "config": configs.resolved(config),
            "tuned": configs.plain(outcome.model) if outcome.trials is not None else None,
            "metrics": outcome.metrics,
            "details": outcome.details,
            "data": ready.origin,
            "git": provenance.git(),
            "versions": provenance.versions(outcome.fitted.members[0]),
        },
    )
    if bundle is not None:
        plotted = _thinned(outcome.predictions, config.dataset.task)
        text = plotted.to_csv(index=False, lineterminator="\n")
        files.write(paths.predictions(config.dataset.name, config.model.name), text.encode())
    return Trained(config, manifest, place)


def _thinned(predictions: Any, task: str) -> Any:
    """Take rows evenly by rank of the truth, so that the plot keeps the extremes."""
    if task != "regression" or len(predictions) <= PLOTTED:
        return predictions
    ordered = predictions.sort_values(["actual", "predicted"], kind="stable")
    step = (len(ordered) - 1) / (PLOTTED - 1)
    return ordered.iloc[[round(at * step) for at in range(PLOTTED)]]


def _request(config: Config, ready: Prepared, tracked_run: str | None) -> dict[str, Any]:
    return {
        "run": tracked_run,
        "md5": ready.origin["md5"],
        "config": configs.resolved(config),
    }


def _unfinished(request: dict[str, Any]) -> runs.Run | None:
    """Find a tracked run that was stopped in its search and asked for exactly the same."""
    for run in runs.every():
        if not run.is_done and (run.path / runs.STUDY).is_file():
            before = run.request()
            if {key: before.get(key) for key in request} == request:
                return run
    return None


def _say_stopped(run: runs.Run) -> None:
    if (run.path / runs.STUDY).is_file():
        print(
            f"\nThe search's trials so far are kept. Go on with:\n"
            f"  python -m src.train continue_from={run.path}",
            file=sys.stderr,
        )


def _title(config: Config) -> str:
    return f"{config.dataset.name} {config.model.name}"


def _given() -> dict[str, Any]:
    """Return the overrides that were typed, as values by key."""
    from hydra.core.hydra_config import HydraConfig

    words = [str(word).lstrip("+") for word in HydraConfig.get().overrides.task]
    pairs = (word.partition("=") for word in words)
    return {key: yaml.safe_load(value) for key, _, value in pairs}


def _refuse_others(given: dict[str, Any], key: str, allowed: tuple[str, ...]) -> None:
    """Refuse overrides that a run which is composed already could not heed."""
    params = configs.read_params()
    defaults = {"dataset": params.dataset, "model": params.model, "search": params.search}
    given.pop(key, None)
    for name, value in list(given.items()):
        if defaults.get(name) == value:
            del given[name]
        elif not name.startswith(allowed) if allowed else True:
            raise UserError(
                f"'{name}' cannot be given together with {key}=...: the run is composed already.",
                given=f"{name}={value}",
                fix=f"leave out {key}=, or leave out {name}=",
            )


def show(finished: list[Trained]) -> None:
    """Print one row per training, the best cross-validated first."""
    by_dataset: dict[str, list[Trained]] = {}
    for trained in finished:
        by_dataset.setdefault(trained.config.dataset.name, []).append(trained)
    for dataset, group in by_dataset.items():
        metric = group[0].config.dataset.metric
        names = metrics.shown(group[0].manifest["metrics"]["test"])
        group.sort(key=_cost)
        columns = [
            "model",
            f"cv {metric}",
            "+-",
            *names,
            "train",
            "test",
            "seconds",
            "gate",
            "given",
        ]
        tables.show(f"{dataset}: {group[0].config.dataset.task}", columns, map(_row, group))
    for trained in finished:
        print(f"{trained.config.model.name}: {trained.place}")


def _cv(trained: Trained) -> dict[str, float]:
    scores: dict[str, float] = trained.manifest["metrics"]["cv"][trained.config.dataset.metric]
    return scores


def _cost(trained: Trained) -> float:
    return metrics.cost(trained.config.dataset.metric, _cv(trained)["mean"])


def _row(trained: Trained) -> list[Any]:
    found = trained.manifest["metrics"]
    cv = _cv(trained)
    missed = gate.failures(found["test"], trained.config.dataset.gate)
    return [
        trained.config.model.name,
        cv["mean"],
        cv["std"],
        *(found["test"][name] for name in metrics.shown(found["test"])),
        found["rows"]["train"],
        found["rows"]["test"],
        found["seconds"],
        "; ".join(missed) or ("passed" if trained.config.dataset.gate else None),
        trained.given,
    ]


if __name__ == "__main__":
    main()
