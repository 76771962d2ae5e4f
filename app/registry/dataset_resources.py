"""The datasets, their fields in words, and the versions that answer for them."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from app.http.operation import Call, operation
from app.http.paging import Timestamp
from app.http.resource import Resource
from app.records.fields import FieldDescription
from app.registry import description, hiding, store
from app.registry.dataset_context import is_served, shows_rows
from app.registry.description import VersionSummary
from app.registry.loaded import LoadedVersion
from app.registry.services import DatasetResource, Services
from src.data import findings
from src.data.findings import Finding
from src.data.schema import Dataset


class ChampionSummary(msgspec.Struct, frozen=True):
    """The version that serves a dataset, by the dataset's metric."""

    name: str
    version: int
    metric: str
    cv: float | None
    test: float | None


class DatasetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset in a list; little is known of one without a champion."""

    name: str
    about: str | UnsetType = UNSET
    task: str | UnsetType = UNSET
    champion: ChampionSummary | None


class DatasetList(msgspec.Struct, frozen=True):
    """All datasets."""

    datasets: list[DatasetSummary]


class TargetDescription(msgspec.Struct, frozen=True):
    """What is predicted, in words; of classes, which there are."""

    name: str
    about: str | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    classes: list[str | float] | UnsetType = UNSET


class SimilarityRule(msgspec.Struct, frozen=True):
    """The fields in which similar records are equal, and the one in which they are near."""

    same: list[str]
    nearest: str


class DatasetLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on."""

    predict: str
    similar: str | UnsetType = UNSET
    models: str
    labels: str
    trainings: str
    scoreboard: str


class DatasetDescription(msgspec.Struct, frozen=True):
    """What a record is made of, in words, with examples that can be posted."""

    name: str
    about: str
    task: str
    champion: ChampionSummary
    target: TargetDescription
    fields: list[FieldDescription]
    example: dict[str, Any]
    examples: list[dict[str, Any]]
    separator: str  # of a CSV
    similar: SimilarityRule | None
    findings: list[Finding] | None  # of the champion and its rows; None if nobody looked
    links: DatasetLinks


class VersionEvent(msgspec.Struct, frozen=True):
    """What happened to a version, and who or what decided it."""

    at: Timestamp
    kind: str
    number: int
    by: str
    why: str


class VersionList(msgspec.Struct, frozen=True):
    """A dataset's versions and what happened to them, the newest first."""

    dataset: str
    champion: int | None
    metric: str
    breach: str | None
    refused: str | None
    versions: list[VersionSummary]
    events: list[VersionEvent]


class Datasets(Resource):
    """GET /v1/datasets: each dataset in a line."""

    path = "/v1/datasets"

    def __init__(self, services: Services) -> None:
        self._registry = services.registry

    @operation(
        scope="predict",
        name="datasets",
        summary="The datasets, and who answers",
        answer=DatasetList,
    )
    def on_get(self, call: Call) -> DatasetList:
        """Answer with what is served, and what could be."""
        served = {name: self._registry.champion(name) for name in self._registry.names()}
        return DatasetList(
            [
                _summary(served[name])
                if name in served
                else DatasetSummary(name=name, champion=None)
                for name in self._registry.known()
                if call.caller.sees(name)
            ]
        )


class OneDataset(DatasetResource):
    """GET /v1/{dataset}: what a record is made of, in words, with an example."""

    path = "/v1/{dataset}"

    @operation(
        scope="predict",
        name="fields",
        summary="What a {noun} is made of, in words, with an example",
        answer=DatasetDescription,
        refuses=("no_champion",),
        is_offered=is_served,
    )
    def on_get(self, call: Call, dataset: Dataset) -> DatasetDescription:
        """Answer with fields, target, an example that can be posted, and where to post it."""
        serving = self.services.registry.champion(dataset.name)
        trained, is_real = serving.dataset, shows_rows(dataset, call.exchange.caller)
        rule = trained.similar if serving.similar is not None else None
        return DatasetDescription(
            name=trained.name,
            about=trained.about,
            task=trained.task,
            champion=_champion(serving),
            target=_target(trained, serving.classes),
            fields=serving.records.fields(),
            example=serving.example(is_real=is_real),
            examples=serving.examples(is_real=is_real),
            separator=trained.separator,
            similar=None if rule is None else SimilarityRule(rule.same, rule.nearest),
            findings=hiding.findings(
                findings.of(serving.version.manifest), self.services.redaction
            ),
            links=_links(
                f"{call.request.root_path}/v1/{trained.name}", is_similar=rule is not None
            ),
        )


class Models(DatasetResource):
    """GET /v1/{dataset}/models: the versions, how good they are, and who serves."""

    path = "/v1/{dataset}/models"

    @operation(
        scope="predict",
        name="models",
        summary="The versions, how good they are, and who serves",
        answer=VersionList,
        refuses=("no_champion",),
        is_offered=is_served,
    )
    def on_get(self, call: Call, dataset: Dataset) -> VersionList:
        """Answer with the versions and the changes of the champion, the newest first."""
        services, name = self.services, dataset.name
        champion = services.registry.number(name)
        versions = store.every(services.database, name)
        if not versions:
            services.registry.champion(name)  # says why there is none
        return VersionList(
            dataset=name,
            champion=champion,
            metric=dataset.metric,
            breach=None if champion is None else services.gate.breach(name, champion),
            refused=services.registry.refused().get(name),
            versions=[
                description.summary(one, champion, services.gate, services.redaction)
                for one in versions
            ],
            events=msgspec.convert(store.events(services.database, name), list[VersionEvent]),
        )


def _summary(serving: LoadedVersion) -> DatasetSummary:
    dataset = serving.dataset
    return DatasetSummary(
        name=dataset.name, about=dataset.about, task=dataset.task, champion=_champion(serving)
    )


def _champion(serving: LoadedVersion) -> ChampionSummary:
    metric, metrics = serving.dataset.metric, serving.version.manifest["metrics"]
    return ChampionSummary(
        **serving.model,
        metric=metric,
        cv=metrics["cv"][metric]["mean"],
        test=metrics["test"][metric],
    )


def _target(dataset: Dataset, classes: list[Any] | None) -> TargetDescription:
    target = dataset.target
    return TargetDescription(
        target.name,
        about=target.about or UNSET,
        unit=target.unit or UNSET,
        classes=classes or UNSET,
    )


def _links(path: str, *, is_similar: bool) -> DatasetLinks:
    return DatasetLinks(
        predict=f"{path}/predictions",
        similar=f"{path}/similar" if is_similar else UNSET,
        models=f"{path}/models",
        labels=f"{path}/labels",
        trainings=f"{path}/trainings",
        scoreboard=f"{path}/scoreboard",
    )
