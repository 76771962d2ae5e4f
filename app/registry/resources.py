"""One version in full, and two of them side by side; and all routes of this room."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from app.http.operation import Call, operation
from app.http.resource import Resource
from app.registry import comparison
from app.registry.activity import Activity
from app.registry.card_resources import ModelCard
from app.registry.champion_resources import Champion, Overrides
from app.registry.comparison import ConfigurationDifference, MetricComparison, RowComparisons
from app.registry.datasets import description, hiding
from app.registry.datasets.dataset_resources import Datasets, Events, Models, OneDataset
from app.registry.datasets.description import (
    HeldOutRow,
    HeldOutRows,
    VersionDetails,
    VersionSummary,
)
from app.registry.datasets.profile_resources import Profile
from app.registry.scoreboard import Scores
from app.registry.services import DatasetResource, Services
from app.registry.store import Registered
from src.data.schema import Dataset
from src.inference import held_out, suspects


class VersionComparison(msgspec.Struct, frozen=True):
    """What sets two versions apart."""

    dataset: str
    task: str
    metric: str
    versions: list[VersionSummary]
    configuration: list[ConfigurationDifference]
    metrics: list[MetricComparison]
    rows: RowComparisons


def routes(services: Services) -> list[Resource]:
    """Return the datasets, their versions and what happens to them."""
    return [
        Datasets(services),
        Activity(services),
        OneDataset(services),
        Profile(services),
        Models(services),
        Events(services),
        OneVersion(services),
        ModelCard(services),
        Comparison(services),
        Overrides(services),
        Champion(services),
        Scores(services),
    ]


class OneVersion(DatasetResource):
    """GET /v1/{dataset}/models/{version}: its figures, how it was made, and where it is wrong."""

    path = "/v1/{dataset}/models/{version}"

    @operation(
        scope="predict",
        name="version",
        summary="One version: its figures, how it was made, and its errors that cost most",
        answer=VersionDetails,
        refuses=("unknown_version", "broken_bundle", "no_champion"),
        is_answer_stored=False,  # it repeats what the bundle keeps
    )
    def on_get(self, call: Call, dataset: Dataset, version: str) -> VersionDetails:
        """Answer with a version, its errors on the held-out rows, and the records of the worst."""
        services = self.services
        registered = services.registry.named(dataset.name, version)
        call.exchange.version = registered.number
        champion = services.registry.number(dataset.name)
        rows = self._held_out(registered, dataset.target.name)
        path = registered.path(services.settings.folder())
        doubted = suspects.read(path, registered.manifest)
        if doubted is not None:
            told = hiding.rows(doubted["rows"], dataset.target.name, services.redaction)
            doubted = {**doubted, "rows": told}
        return description.details(
            registered, champion, services.gate, dataset, rows, doubted, services.redaction
        )

    def _held_out(self, version: Registered, target: str) -> HeldOutRows | None:
        kept = held_out.read(version.path(self.services.settings.folder()), version.manifest)
        if kept is None:
            return None
        redaction = self.services.redaction
        points = [[row["actual"], row["predicted"]] for row in kept["sample"]]
        return HeldOutRows(
            total=kept["total"],
            points=hiding.points(points, target, redaction),
            worst=msgspec.convert(hiding.rows(kept["worst"], target, redaction), list[HeldOutRow]),
        )


class Comparison(DatasetResource):
    """GET /v1/{dataset}/models/{version}/compare/{other}: what sets two versions apart."""

    path = "/v1/{dataset}/models/{version}/compare/{other}"

    @operation(
        scope="predict",
        name="compare",
        summary="Two versions: configuration, figures, and the rows that they answer otherwise",
        answer=VersionComparison,
        refuses=("unknown_version", "unloadable_version", "broken_bundle", "no_champion"),
        is_answer_stored=False,  # it repeats what the bundles keep
    )
    def on_get(self, call: Call, dataset: Dataset, version: str, other: str) -> VersionComparison:
        """Answer with both, what differs in how they were made, in figures, and in answers."""
        services = self.services
        pair = [services.registry.named(dataset.name, one) for one in (version, other)]
        champion = services.registry.number(dataset.name)
        return VersionComparison(
            dataset=dataset.name,
            task=dataset.task,
            metric=dataset.metric,
            rows=self._shown(self._rows(pair), dataset.target.name),
            versions=[
                description.summary(one, champion, services.gate, services.redaction)
                for one in pair
            ],
            configuration=comparison.configuration(*pair),
            metrics=comparison.metrics(*pair),
        )

    def _shown(self, rows: RowComparisons, target: str) -> RowComparisons:
        """Return the rows without fields that are not shown."""
        redaction = self.services.redaction
        if not redaction.has_fields:
            return rows
        is_target = redaction.hides(target)
        most = [
            msgspec.structs.replace(
                one,
                record=redaction.record(one.record),
                actual=UNSET if is_target else one.actual,
            )
            for one in rows.most
        ]
        return msgspec.structs.replace(rows, most=most, points=UNSET if is_target else rows.points)

    def _rows(self, pair: list[Registered]) -> RowComparisons:
        """Ask both about rows that one of them held out: the newer one, if it kept them.

        Those that every bundle has, to check itself by, are compared and not shown.
        """
        registry, folder = self.services.registry, self.services.settings.folder()
        first, second = (registry.loaded(one.dataset, one.number) for one in pair)
        newest = sorted(pair, key=lambda one: -one.number)
        for one in newest:
            kept = held_out.read(one.path(folder), one.manifest)
            if kept is not None:
                return comparison.rows(first, second, kept["sample"], of=one.number)
        serving = first if first.version.number == newest[0].number else second
        number = newest[0].number
        return comparison.rows(first, second, serving.golden, of=number, is_shown=False)
