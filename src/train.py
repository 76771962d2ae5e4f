"""Train one model on one dataset: python -m src.train model=<name>."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from src import config as configs
from src import gate, metrics, running, tables
from src.command import guarded, with_hydra
from src.errors import UserError
from src.running import Trained

GROUPS = ("dataset", "model", "search")
Finished = tuple[Trained, list[str]]  # with what was typed for it


def main() -> None:
    """Run the command line."""
    finished: list[Finished] = []

    def task(values: dict[str, Any]) -> None:
        given = _given()
        trained = _train(values, dict(given))
        words = [f"{key}={value}" for key, value in given.items() if key not in GROUPS]
        finished.append((trained, words))

    try:
        with_hydra(task, "config", GROUPS)
    finally:  # a sweep that fails at its third job has two results
        if finished:
            guarded(lambda: show(finished))


def _train(values: dict[str, Any], given: dict[str, Any]) -> Trained:
    request = configs.request(values)
    if request.run is not None:
        _refuse_others(given, "run", allowed=())
        return running.tracked(request.run)
    if request.continue_from is not None:
        _refuse_others(given, "continue_from", allowed=("search.",))
        return running.continued(Path(request.continue_from), given)
    return running.own(configs.build(values))


def _given() -> dict[str, Any]:
    """Return the overrides that were typed, as values by key."""
    from hydra.core.hydra_config import HydraConfig

    words = [str(word).lstrip("+") for word in HydraConfig.get().overrides.task]
    pairs = (word.partition("=") for word in words)
    return {key: _value(value) for key, _, value in pairs}


def _value(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


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


def show(finished: list[Finished]) -> None:
    """Print one row per training, the best cross-validated first."""
    ranked = sorted(finished, key=lambda one: _cost(one[0]))
    shared = set.intersection(*(set(words) for _, words in finished))
    by_dataset: dict[str, list[Finished]] = {}
    for one in ranked:
        by_dataset.setdefault(one[0].config.dataset.name, []).append(one)
    for dataset, group in by_dataset.items():
        first = group[0][0]
        names = metrics.shown(first.manifest["metrics"]["test"])
        cv = f"cv {first.config.dataset.metric}"
        columns = ["model", cv, "+-", *names, "train", "test", "seconds", "gate", "given"]
        rows = [_row(trained, [w for w in words if w not in shared]) for trained, words in group]
        tables.show(f"{dataset}: {first.config.dataset.task}", columns, rows)
    for trained, _ in ranked:
        print(f"{trained.config.model.name}: {trained.place}")


def _cv(trained: Trained) -> dict[str, float]:
    scores: dict[str, float] = trained.manifest["metrics"]["cv"][trained.config.dataset.metric]
    return scores


def _cost(trained: Trained) -> float:
    return metrics.cost(trained.config.dataset.metric, _cv(trained)["mean"])


def _row(trained: Trained, words: list[str]) -> list[Any]:
    found = trained.manifest["metrics"]
    cv = _cv(trained)
    per_class = trained.manifest["details"].get("per_class")
    missed = gate.failures(found["test"], trained.config.dataset.gate, per_class)
    return [
        trained.config.model.name,
        cv["mean"],
        cv["std"],
        *(found["test"][name] for name in metrics.shown(found["test"])),
        found["rows"]["train"],
        found["rows"]["test"],
        found["seconds"],
        "; ".join(missed) or ("passed" if trained.config.dataset.gate else None),
        " ".join(words),
    ]


if __name__ == "__main__":
    main()
