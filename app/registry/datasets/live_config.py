"""What conf/ says now: the datasets with their rules, and what may be trained on them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from src.config import composition_cache
from src.config import configuration as configs
from src.config.configuration import Config
from src.data import schema_checks
from src.data.schema import Dataset
from src.support import files
from src.support.errors import UserError, did_you_mean, unknown
from src.support.structs import convert

log = logging.getLogger(__name__)


class LiveConfig:
    """Read conf/ when it has changed; what can no longer be read stays as it was."""

    def __init__(self, var: Path | None = None) -> None:
        """Take the folder in which what was composed is kept for other processes."""
        self._folder = None if var is None else var / "composed"
        self._seen: tuple[Any, ...] | None = None
        self._datasets: dict[str, Dataset] = {}
        self._errors: dict[str, str] = {}
        self.readings = 0  # how often something had changed

    def refresh(self) -> bool:
        """Read what changed; tell whether anything did."""
        seen = _signature()
        if seen == self._seen:
            return False
        names = configs.choices("dataset")
        datasets, errors = {}, {}
        for name in names:
            try:
                datasets[name] = self._dataset(name)
            except (UserError, OSError) as error:
                errors[name] = str(error)
                if self._errors.get(name) != str(error):
                    log.error("conf/dataset/%s.yaml: %s", name, error)
                if name in self._datasets:
                    datasets[name] = self._datasets[name]
        self._datasets, self._errors, self._seen = datasets, errors, seen
        self.readings += 1
        return True

    def names(self) -> list[str]:
        """List the datasets that conf/ has, those that cannot be read too."""
        return sorted({*self._datasets, *self._errors})

    def get(self, name: str) -> Dataset | None:
        """Return a dataset as conf/ has it; None where it has none that can be read."""
        return self._datasets.get(name)

    def errors(self) -> dict[str, str]:
        """Return why a dataset cannot be read, by name."""
        return self._errors

    def config(self, dataset: str, model: str, search: str, trials: int | None) -> Config:
        """Return a training's configuration; raise UserError that lists the choices."""
        known = self.get(dataset)
        if known is None:
            raise UserError(self._errors.get(dataset) or f"conf/dataset has no '{dataset}'.")
        models = configs.serving_models(known.task)
        if model not in models:
            what = f"Unknown model '{model}' for '{dataset}'."
            raise UserError(
                what, code="unknown_model", choices=models, fix=did_you_mean(model, models)
            )
        searches = configs.choices("search")
        if search not in searches:
            raise unknown("search", search, searches, code="unknown_search")
        words = [f"dataset={dataset}", f"model={model}", f"search={search}"]
        if trials is not None:
            words.append(f"search.trials={trials}")
        return configs.build(self._compose(words))

    def _dataset(self, name: str) -> Dataset:
        values = self._compose(composition_cache.dataset_words(name))
        dataset = convert(values.get("dataset"), Dataset, "dataset")
        schema_checks.check(dataset)
        return dataset

    def _compose(self, words: list[str]) -> dict[str, Any]:
        return composition_cache.compose(words, self._folder)


def _signature() -> tuple[Any, ...]:
    """Return what changes when a file of conf/ does, or params.yaml."""
    found = []
    for path in [configs.PARAMS, *sorted(configs.CONF.rglob("*.yaml"))]:
        try:
            found.append((str(path), *files.signature(path)))
        except OSError:
            continue
    return tuple(found)
