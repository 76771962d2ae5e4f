"""Run one training from its request to its bundle: own, tracked, or continued."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.config import configuration as configs
from src.config import paths
from src.config.configuration import Config
from src.data import prepared as preparing
from src.data.cleaning import Cleaned
from src.data.prepared import Prepared
from src.runs import folders
from src.support import files
from src.support.errors import UserError, unknown
from src.support.progress import Bar

if TYPE_CHECKING:
    from src.learning.fits import Fits
    from src.learning.recipe import Progress
    from src.learning.training import Outcome

PLOTTED = 1000  # rows of a regression's plot; all of them would fill git's history


@dataclass(frozen=True)
class Trained:
    """A finished training."""

    config: Config
    manifest: dict[str, Any]
    place: Path


Rows = tuple[Prepared, Cleaned]


def own(config: Config, rows: Rows | None = None, fits: Fits | None = None) -> Trained:
    """Train into a new folder of runs/, without touching the pipeline's outputs.

    Models of one dataset may share the rows that `prepare` has returned for it, and their `fits`
    with blends of them; whoever asked for the rows tells what is to be said of them.
    """
    from src.learning import training

    with Bar(_title(config)) as bar:
        bar.stage("reading", 1)
        ready, cleaned = rows or prepare(config)
        training.check(config, ready.train, ready.test)  # what cannot start leaves no folder
        run = folders.start(config.dataset.name, config.model.name, _request(config, ready, None))
        _write_rejected(cleaned, run)
        if rows is None:
            tell(cleaned)
        return _own(config, ready, run, bar, fits)


def prepare(config: Config) -> Rows:
    """Prepare the rows as the pipeline does, and look for leaks."""
    from src.learning.inspection import rows

    ready, cleaned = preparing.prepare(config.dataset, config.seed, config.folds)
    return rows.inspected(config.dataset, ready, cleaned, config.seed), cleaned


def tell(cleaned: Cleaned) -> None:
    """Print what the YAML's owner may not expect of the rows."""
    for note in cleaned.notes:
        print(note)


def _write_rejected(cleaned: Cleaned, run: folders.Run) -> None:
    if cleaned.rejected.empty:
        return
    path = run.path / preparing.REJECTED
    files.write(path, cleaned.rejected_csv())
    print(f"{len(cleaned.rejected)} of {cleaned.total} rows rejected ({cleaned.words()}): {path}")


def continued(path: Path, overrides: dict[str, Any]) -> Trained:
    """Continue a stopped run's search on the same data and configuration."""
    run = folders.Run(path)
    if not path.resolve().is_relative_to(folders.RUNS.resolve()):
        raise UserError("A run is a folder in runs/.", given=path, choices=["runs/<dataset>/<run>"])
    if not (path / folders.REQUEST).is_file():
        stopped = [str(other.path) for other in folders.every() if not other.is_done]
        raise UserError("There is no run here.", given=path, choices=stopped[:5])
    if run.is_done:
        raise UserError("This run is finished; there is nothing to continue.", given=path)
    request = run.request()
    if not request:
        raise UserError("The run's request cannot be read.", given=path / folders.REQUEST)
    values = request["config"]
    values["search"].update(
        {key.removeprefix("search."): value for key, value in overrides.items()}
    )
    config = configs.build(values)
    configs.check_targets(config.model)
    if request["run"] is not None:
        raise UserError(
            "This run belongs to the pipeline, which goes on with it by itself.",
            given=path,
            fix="dvc repro",
        )
    with Bar(_title(config)) as bar:
        bar.stage("reading", 1)
        ready, _ = prepare(config)
        if ready.origin["md5"] != request["md5"]:
            raise UserError(
                "The data has changed since this run was stopped.",
                given=config.dataset.source,
                fix="start a new run",
            )
        return _own(config, ready, run, bar)


def _own(
    config: Config, ready: Prepared, run: folders.Run, bar: Bar, fits: Fits | None = None
) -> Trained:
    with _telling_how_to_go_on(run, f"python -m src.train continue_from={run.path}"):
        _, manifest = finish(config, ready, run, bar, fits=fits)
    return Trained(config, manifest, run.path / folders.BUNDLE)


def tracked(name: str) -> Trained:
    """Train a tracked run as src.compose wrote it, into the pipeline's outputs."""
    path = paths.RUN_CONFS / f"{name}.yaml"
    if not path.is_file():
        runs = configs.read_params().runs
        if name in runs:
            raise UserError(f"The run '{name}' is not composed yet.", fix="dvc repro")
        raise unknown("tracked run", name, runs)
    config = configs.build(configs.read_yaml(path))
    dataset, model = config.dataset.name, config.model.name
    ready = preparing.load(paths.PREPARED / dataset)
    request = _request(config, ready, name)
    run = _unfinished(request) or folders.start(dataset, model, request)
    place = paths.BUNDLES / dataset / model
    with Bar(_title(config)) as bar, _telling_how_to_go_on(run, "dvc repro"):
        outcome, manifest = finish(config, ready, run, bar, place)
    plotted = _thinned(outcome.predictions, config.dataset.task)
    text = plotted.to_csv(index=False, lineterminator="\n")
    files.write(paths.predictions(dataset, model), text.encode())
    files.write_json(run.path / folders.MANIFEST, manifest)
    # How long it took stays in the manifest: committed, it would differ where nothing else does.
    figures = {name: value for name, value in manifest["metrics"].items() if name != "seconds"}
    found = {"findings": manifest["findings"]}
    files.write_json(paths.metrics(dataset, model), {**figures, **found})
    return Trained(config, manifest, place)


def finish(
    config: Config,
    ready: Prepared,
    run: folders.Run,
    progress: Progress,
    place: Path | None = None,
    extra: Mapping[str, bytes] | None = None,
    fits: Fits | None = None,
) -> tuple[Outcome, dict[str, Any]]:
    """Train, write the bundle to `place` or the run's folder, and return the result.

    `extra` files are kept in the bundle besides its own. Raises UserError if there are too few
    rows, the model cannot be built or the disk refuses; a search's trials stay in the folder.
    """
    # scikit-learn takes a second to import; a misspelt word must not wait for it.
    from src.inference import bundle as bundles
    from src.inference import signing
    from src.learning import counting, training

    signing.check_keys()  # before the work, and not after it
    study = run.path / folders.STUDY
    with counting.shared():
        outcome = training.train(config, ready.train, ready.test, study, progress, fits)
        export, files_of_export = _exported(config, ready, outcome)
        told = {**_manifest(config, ready, run, outcome), "export": export}
        card = _card(config, ready, outcome, told)
    manifest = bundles.save(
        place or run.path / folders.BUNDLE,
        model=outcome.fitted,
        rows=ready.train,
        tables=outcome.tables(),
        manifest=told,
        extra={**files_of_export, **card, **(extra or {})},
    )
    return outcome, manifest


@contextmanager
def _telling_how_to_go_on(run: folders.Run, command: str) -> Iterator[None]:
    """Print how to continue a search that is stopped."""
    try:
        yield
    except (KeyboardInterrupt, UserError):
        if (run.path / folders.STUDY).is_file():
            print(
                f"\nThe search's trials so far are kept. Go on with:\n  {command}", file=sys.stderr
            )
        raise


def _exported(
    config: Config, ready: Prepared, outcome: Outcome
) -> tuple[dict[str, Any] | None, dict[str, bytes]]:
    """Return the manifest's entry on the export, and the files that a service opens.

    An export whose answers differ from the model's is left out; then the pickled model answers.
    """
    from src.data.past.series import NAME as PAST
    from src.inference import held_out, parity, predictor, similar, suspects
    from src.learning import exporting

    dataset, fitted = config.dataset, outcome.fitted
    expected = fitted.output(ready.test)
    records = exporting.records(ready.test, dataset)
    truth = ready.test[dataset.target.name].tolist()
    beside = {
        exporting.GOLDEN: exporting.golden(ready.test, expected, dataset),
        held_out.NAME: held_out.build(
            exporting.shown(records, dataset),
            *(list(dataset.features), truth, expected, fitted.classes),
            outcome.decision,
        ),
        suspects.NAME: suspects.build(len(ready.train), outcome.suspects),
        **similar.build(ready.train, dataset),
        **({} if ready.past is None else {PAST: ready.past}),
    }
    exported = exporting.export(fitted, dataset, ready.train)
    if exported is not None:
        made = predictor.build(dataset, exported.files().__getitem__)
        gap = parity.largest(made, records, expected)
        if gap <= parity.allowed(made):
            note = {"kind": made.kind, "largest_difference": gap}
            return note, {**exported.files(), **beside}
        print(
            f"The exported model differs from the fitted one by up to {gap:.2g}; the bundle keeps "
            "the fitted one alone, which answers more slowly.",
            file=sys.stderr,
        )
    else:
        print(
            f"The model '{config.model.name}' cannot be exported as plain numbers: a service "
            "unpickles it, needs the packages that trained it, answers more slowly, and samples "
            "its reasons.",
            file=sys.stderr,
        )
    return None, {**exporting.unexported(fitted, dataset, ready.train), **beside}


def _card(
    config: Config, ready: Prepared, outcome: Outcome, manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of the model's card."""
    from src.card import document, markdown, schema

    subject = document.Subject(config, outcome.fitted, ready.train, ready.test, outcome.held_out)
    card = document.build(subject, manifest)
    return {
        schema.NAME: files.json_bytes(document.plain(card)),
        schema.MARKDOWN: markdown.write(card).encode(),
    }


def _manifest(
    config: Config, ready: Prepared, run: folders.Run, outcome: Outcome
) -> dict[str, Any]:
    from src.learning import learnt
    from src.runs import provenance

    return {
        "run": run.path.name,
        "dataset": config.dataset.name,
        "model": config.model.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": configs.resolved(config),
        "tuned": None if outcome.trials is None else configs.plain(outcome.model),
        "metrics": outcome.metrics,
        "details": outcome.details,
        "interval": outcome.interval,
        "findings": outcome.findings,
        "learnt": learnt.measure(config.dataset, ready.train, config.seed),
        **({} if outcome.decided is None else {"decision": outcome.decided}),
        "data": ready.origin,
        "git": provenance.git(),
        "versions": provenance.versions(*outcome.fitted.members),
    }


def _thinned(predictions: Any, task: str) -> Any:
    """Select rows evenly by rank of the true value, so that the plot keeps the extremes."""
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


def _unfinished(request: dict[str, Any]) -> folders.Run | None:
    """Find a stopped run of a tracked search with exactly the same request."""
    for run in folders.every():
        if not run.is_done and (run.path / folders.STUDY).is_file():
            before = run.request()
            if {key: before.get(key) for key in request} == request:
                return run
    return None


def _title(config: Config) -> str:
    return f"{config.dataset.name} {config.model.name}"
