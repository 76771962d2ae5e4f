"""Train one model on one dataset: python -m src.train model=<name>."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from src.config import configuration as configs
from src.data import findings, gate
from src.evaluation import metrics
from src.runs import training
from src.runs.training import Trained
from src.support import text_tables
from src.support.cli import guarded
from src.support.errors import UserError

GROUPS = ("dataset", "model", "search")
# Runs that are composed already, by the key that names one, and the keys allowed beside it.
COMPOSED: dict[str, tuple[str, ...]] = {"run": (), "continue_from": ("search.",)}
Finished = tuple[Trained, list[str]]  # with what was typed for it


def main() -> None:
    """Run the command line."""
    finished: list[Finished] = []
    typed = _by_key(sys.argv[1:])

    def task(values: dict[str, Any]) -> None:
        request = configs.request(values)
        overrides = {key: value for key, value in _overrides().items() if key in typed}
        trained = _again(overrides, request.run, request.continue_from)
        finished.append((trained or training.own(configs.build(values)), _words(overrides)))

    def again() -> None:
        configs.find_root()
        trained = _again(typed, typed.get("run"), typed.get("continue_from"))
        assert trained is not None
        finished.append((trained, _words(typed)))

    try:
        if _is_composed(sys.argv[1:]):
            guarded(again)
        else:
            from src.config.hydra_cli import with_hydra  # what is composed already does without

            with_hydra(task, "config", GROUPS)
    finally:  # a sweep that fails at its third job has two results
        if finished:
            guarded(lambda: show(finished))


def _is_composed(words: list[str]) -> bool:
    """Tell whether the arguments name one run that is composed already.

    For it Hydra would compose the choices of params.yaml in vain; options still need Hydra.
    """
    are_pairs = all(re.match(r"[A-Za-z_][\w.]*=", word) for word in words)
    return are_pairs and any(isinstance(_by_key(words).get(key), str) for key in COMPOSED)


def _again(overrides: dict[str, Any], run: str | None, continue_from: str | None) -> Trained | None:
    """Train a run that is composed already; return None if none is named."""
    if run is not None:
        _refuse_others(overrides, "run")
        return training.tracked(run)
    if continue_from is not None:
        _refuse_others(overrides, "continue_from")
        beside = {key: value for key, value in overrides.items() if key != "continue_from"}
        return training.continued(Path(continue_from), beside)
    return None


def _refuse_others(overrides: dict[str, Any], key: str) -> None:
    """Refuse overrides, which would not change a run that is composed already."""
    for name, value in overrides.items():
        if name != key and not name.startswith(COMPOSED[key]):
            raise UserError(
                f"'{name}' cannot be given together with {key}=...: the run is composed already.",
                given=f"{name}={value}",
                fix=f"leave out {key}=, or leave out {name}=",
            )


def _overrides() -> dict[str, Any]:
    """Return the overrides of Hydra's current job, by key."""
    from hydra.core.hydra_config import HydraConfig

    return _by_key([str(word) for word in HydraConfig.get().overrides.task])


def _by_key(words: list[str]) -> dict[str, Any]:
    pairs = (word.lstrip("+").partition("=") for word in words)
    return {key: _value(value) for key, _, value in pairs}


def _value(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _words(overrides: dict[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in overrides.items() if key not in GROUPS]


def show(finished: list[Finished]) -> None:
    """Print one row per training, the best cross-validated first."""
    ranked = sorted(finished, key=lambda one: _cost(one[0]))
    shared = set.intersection(*(set(words) for _, words in finished))
    by_dataset: dict[str, list[Finished]] = {}
    for one in ranked:
        by_dataset.setdefault(one[0].config.dataset.name, []).append(one)
    for dataset, group in by_dataset.items():
        first = group[0][0]
        every = (name for one, _ in group for name in one.manifest["metrics"]["test"])
        names = metrics.shown(dict.fromkeys(every))
        cv = f"cv {first.config.dataset.metric}"
        columns = ["model", cv, "+-", *names, "train", "test", "seconds", "gate", "given"]
        rows = [
            _row(trained, names, [w for w in words if w not in shared]) for trained, words in group
        ]
        text_tables.show(f"{dataset}: {first.config.dataset.task}", columns, rows)
        for why in metrics.undefined(one.manifest["metrics"]["test"] for one, _ in group):
            print(why)
        said = findings.table(found for trained, _ in group for found in _found(trained))
        if said:
            text_tables.show(f"{dataset}: what was found", findings.HEAD, said)
    for trained, _ in ranked:
        print(f"{trained.config.model.name}: {trained.place}")
        decided = trained.manifest.get("decision")
        if decided is not None:
            print(f"  positive from {decided['threshold']:.3g} on: {decided['by']}")
            for note in decided["notes"]:
                print(f"  take care: {note}")


def _cv(trained: Trained) -> dict[str, float]:
    scores: dict[str, float] = trained.manifest["metrics"]["cv"][trained.config.dataset.metric]
    return scores


def _cost(trained: Trained) -> float:
    return metrics.cost(trained.config.dataset.metric, _cv(trained)["mean"])


def _found(trained: Trained) -> list[tuple[str, Any]]:
    """Return what was found of the rows and of the model."""
    manifest = trained.manifest
    of_rows = (findings.ROWS, manifest["data"].get("findings"))
    return [of_rows, (trained.config.model.name, manifest.get("findings"))]


def _row(trained: Trained, names: list[str], words: list[str]) -> list[Any]:
    figures = trained.manifest["metrics"]
    cv = _cv(trained)
    missed = gate.missed(trained.manifest, trained.config.dataset.gate)
    return [
        trained.config.model.name,
        cv["mean"],
        cv["std"],
        *(figures["test"].get(name) for name in names),
        figures["rows"]["train"],
        figures["rows"]["test"],
        figures["seconds"],
        "; ".join(missed) or ("passed" if trained.config.dataset.gate else None),
        " ".join(words),
    ]


if __name__ == "__main__":
    main()
