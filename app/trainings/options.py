"""What may be trained: the models that fit a dataset, the searches, and what to train on."""

from __future__ import annotations

from typing import Literal

import msgspec
import peewee

from app.http.cache import SlowCount, unless_quick
from app.http.media import NoQuery
from app.http.operation import Call, operation
from app.labels import store as label_store
from app.registry import store as version_store
from app.registry.registry import Registry
from app.registry.services import DatasetResource, Services
from src.config import configuration as configs
from src.data.schema import Dataset
from src.support import extras
from src.support.errors import coded

KINDS = ("category", "integer", "number", "text")


class ModelOption(msgspec.Struct, frozen=True):
    """A model that fits a dataset."""

    name: str
    about: str
    complexity: int | None
    tunable: bool


class SearchOption(msgspec.Struct, frozen=True):
    """A search, and how many trials it makes unless told; null where it makes none."""

    name: str
    trials: int | None


class TrainingRefusal(msgspec.Struct, frozen=True):
    """Why nothing can be trained here, and what to do."""

    detail: str
    fix: str | None


class TrainingOptions(msgspec.Struct, frozen=True):
    """What a training may be asked for with, as conf/ has it now.

    `most_changed` is the share of answers above which a version waits for a person; null where
    each does.
    """

    dataset: str
    task: str
    metric: str
    promote: Literal["auto", "manual"]
    most_changed: float | None
    refused: TrainingRefusal | None
    usual: str | None
    models: list[ModelOption]
    searches: list[SearchOption]
    labels: int


def models(dataset: Dataset) -> list[ModelOption]:
    """List the models that serve the task and take every kind of feature, the simplest first.

    Raises UserError where a file is no YAML.
    """
    fitting = []
    for name in configs.serving_models(dataset.task):
        values = configs.read_yaml(configs.CONF / "model" / f"{name}.yaml")
        if dataset.kinds() <= set(values.get("inputs") or KINDS):
            about, complexity = str(values.get("about") or ""), values.get("complexity")
            fitting.append(ModelOption(name, about, complexity, bool(values.get("space"))))
    return sorted(fitting, key=lambda model: (model.complexity or 0, model.name))


def usual_model(registry: Registry, database: peewee.Database, dataset: str) -> str:
    """Return the champion's model, else the one that params.yaml names."""
    version = version_store.champions(database).get(dataset)
    if version is None:
        return configs.read_params().model
    return registry.version(dataset, version).model


def searches() -> list[SearchOption]:
    """List the searches of conf/."""
    folder = configs.CONF / "search"
    values = {
        name: configs.read_yaml(folder / f"{name}.yaml") for name in configs.choices("search")
    }
    return [SearchOption(name, (value or {}).get("trials")) for name, value in values.items()]


class Options(DatasetResource):
    """What a training of a dataset may be asked for with."""

    path = "/v1/{dataset}/choices"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._counts: dict[str, SlowCount[int]] = {}

    @operation(
        scope="train",
        name="choices",
        summary="What may be trained: models, searches, and how many labels there are",
        answer=TrainingOptions,
        refuses=("configuration_unreadable",),
    )
    def on_get(self, call: Call[NoQuery, None], dataset: Dataset) -> TrainingOptions:
        """Answer with the names that conf/ has now."""
        services = self.services
        with coded("configuration_unreadable"):
            fitting = models(dataset)
            is_manual = dataset.promote == "manual"
            usual = usual_model(services.registry, services.database, dataset.name)
            return TrainingOptions(
                dataset=dataset.name,
                task=dataset.task,
                metric=dataset.metric,
                promote="manual" if is_manual else "auto",
                most_changed=None if is_manual else dataset.most_changed,
                refused=_refusal(),
                usual=usual if usual in [model.name for model in fitting] else None,
                models=fitting,
                searches=searches(),
                labels=self._labels(dataset.name),
            )

    def _labels(self, dataset: str) -> int:
        """Count the labels; a page that follows a training asks every second."""
        database = self.services.database
        return self._counts.setdefault(dataset, SlowCount()).get(
            lambda: sum(label_store.counts(database, dataset).values()), unless_quick, None
        )


def _refusal() -> TrainingRefusal | None:
    """Return why nothing can be trained here; None where it can."""
    error = extras.untrained()
    return None if error is None else TrainingRefusal(error.what, error.fix)
