"""The datasets, their fields in words, and the versions that answer for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.http.operation import Call, operation
from app.http.paging import Limit, Line, Number, Page, Timestamp
from app.http.resource import Resource
from app.records.fields import FieldDescription
from app.registry import store
from app.registry.datasets import description, hiding
from app.registry.datasets.dataset_context import is_served, shows_rows
from app.registry.datasets.description import VersionSummary
from app.registry.loaded import LoadedVersion
from app.registry.services import DatasetResource, Services
from app.registry.store import Registered
from app.store.tables import Version
from src.data import findings
from src.data.findings import Finding
from src.data.schema import Dataset
from src.support.structs import Checked

LOOKED = 200  # versions whose verdict is looked at for one page


class ChampionSummary(msgspec.Struct, frozen=True):
    """The version that serves a dataset, by the dataset's metric."""

    name: str
    version: int
    metric: str
    cv: float | None
    test: float | None


class Retirement(msgspec.Struct, frozen=True):
    """When a dataset was retired, by whom and why."""

    at: Timestamp
    by: str
    why: str


class DatasetSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset in a list; little is known of one without a champion, such as a retired one."""

    name: str
    about: str | UnsetType = UNSET
    task: str | UnsetType = UNSET
    champion: ChampionSummary | None
    retired: Retirement | UnsetType = UNSET


class DatasetList(msgspec.Struct, frozen=True):
    """All datasets."""

    datasets: list[DatasetSummary]


class TargetDescription(msgspec.Struct, frozen=True):
    """What is predicted, in words; of classes, which there are."""

    name: str
    answer_key: str  # under which it stands in an answer
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


class VersionQuery(Checked, frozen=True):
    """Which versions are listed."""

    model: Annotated[Line | None, Meta(description="of this model")] = None
    state: Annotated[
        Literal["champion", "earlier", "served", "never"] | None,
        Meta(description="that serves, that served before, either of them, or neither"),
    ] = None
    gate: Annotated[
        Literal["passed", "missed"] | None,
        Meta(description="by the verdict; a page looks at 200 versions at most"),
    ] = None
    cursor: Annotated[Number | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Limit | None, Meta(description="versions of a page, LAPIDARY_PAGE unless given")
    ] = None


class EventQuery(Checked, frozen=True):
    """Which events are listed."""

    version: Annotated[Number | None, Meta(description="of this version")] = None
    cursor: Annotated[Number | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Limit | None, Meta(description="events of a page, LAPIDARY_PAGE unless given")
    ] = None


class EventList(msgspec.Struct, frozen=True):
    """What happened to a dataset's versions, the newest first, and the cursor of the next page."""

    dataset: str
    events: list[VersionEvent]
    next: int | None


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a dataset's versions and as many of the newest events.

    `count` and `models` are of all versions, `next` is the cursor of the next page.
    """

    dataset: str
    count: int
    models: list[str]
    next: int | None
    champion: int | None
    metric: str
    breach: str | None
    refused: str | None
    waiting: VersionEvent | None  # the version that a person has to decide about
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
                else DatasetSummary(name=name, champion=None, retired=self._retired(name))
                for name in self._registry.known()
                if call.caller.sees(name)
            ]
        )

    def _retired(self, name: str) -> Retirement | UnsetType:
        event = self._registry.retirement(name)
        return UNSET if event is None else Retirement(event.at, event.by, event.why)


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
            target=_target(serving),
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
        query=VersionQuery,
        answer=VersionList,
        refuses=("no_champion",),
        is_offered=is_served,
    )
    def on_get(self, call: Call[VersionQuery, None], dataset: Dataset) -> VersionList:
        """Answer with a page of the versions and the newest events."""
        services, name = self.services, dataset.name
        limit = call.query.limit or services.settings.page
        champion = services.registry.number(name)
        models = store.models(services.database, name)
        if not models:
            services.registry.champion(name)  # says why there is none
        versions, cursor = self._page(name, call.query, limit)
        events = store.events(services.database, name, most=limit)
        return VersionList(
            dataset=name,
            count=sum(models.values()),
            models=list(models),
            next=cursor,
            champion=champion,
            metric=dataset.metric,
            breach=None if champion is None else services.gate.breach(name, champion),
            refused=services.registry.refused().get(name),
            waiting=msgspec.convert(store.waiting(services.database, name), VersionEvent | None),
            versions=[
                description.summary(one, champion, services.gate, services.redaction)
                for one in versions
            ],
            events=msgspec.convert(events, list[VersionEvent]),
        )

    def _page(
        self, dataset: str, query: VersionQuery, limit: int
    ) -> tuple[list[Registered], int | None]:
        """Return the versions of a page, and the cursor of the next one.

        A verdict follows from a version's figures and the rules of now, so those that are asked
        for by theirs are looked for among a bounded number: their page may be a short one.
        """
        services, conditions = self.services, self._conditions(dataset, query)
        most = limit if query.gate is None else LOOKED
        rows = store.page(services.database, dataset, most + 1, query.cursor, *conditions)
        is_last = len(rows) <= most
        rows = rows[:most]
        if query.gate is not None:
            is_passed = query.gate == "passed"
            fitting = [row for row in rows if is_passed != bool(services.gate.missed(row))]
            if len(fitting) > limit:
                return fitting[:limit], fitting[limit - 1].number
            return fitting, None if is_last else rows[-1].number
        return rows, None if is_last else rows[-1].number

    def _conditions(self, dataset: str, query: VersionQuery) -> list[Any]:
        """Return what the database is asked for."""
        conditions = [] if query.model is None else [Version.model == query.model]
        champion = store.champions(self.services.database).get(dataset, store.UNNUMBERED)
        served = store.has_served(dataset)
        states: dict[str | None, list[Any]] = {
            "champion": [Version.number == champion],
            "earlier": [served, Version.number != champion],
            "served": [served],
            "never": [~served],
        }
        return [*conditions, *states.get(query.state, [])]


class Events(DatasetResource):
    """GET /v1/{dataset}/events: what happened to the versions, and who decided it."""

    path = "/v1/{dataset}/events"

    @operation(
        scope="predict",
        name="events",
        summary="What happened to the versions: which served when, and why",
        query=EventQuery,
        answer=EventList,
        is_offered=is_served,
    )
    def on_get(self, call: Call[EventQuery, None], dataset: Dataset) -> EventList:
        """Answer with a page of the events, the newest first."""
        query = call.query
        limit = query.limit or self.services.settings.page
        words = {"number": query.version, "before": query.cursor}
        database, name = self.services.database, dataset.name
        page = Page.read(lambda most: store.events(database, name, **words, most=most), limit)
        return EventList(name, msgspec.convert(page.rows, list[VersionEvent]), page.next)


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


def _target(serving: LoadedVersion) -> TargetDescription:
    target = serving.dataset.target
    return TargetDescription(
        target.name,
        serving.predicted,
        about=target.about or UNSET,
        unit=target.unit or UNSET,
        classes=serving.classes or UNSET,
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
