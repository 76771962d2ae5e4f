"""How good each version is on what came after, by the labels that its predictions were given."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from app.http.media import NoQuery
from app.http.operation import Call, operation
from app.registry import live_scores
from app.registry.services import DatasetResource, Services
from src.data.rules import OnBreach
from src.data.schema import Dataset


class LiveFigure(msgspec.Struct, frozen=True):
    """A figure with the interval in which chance could have moved it."""

    value: float | None
    low: float | None
    high: float | None


class LiveCoverage(msgspec.Struct, frozen=True):
    """How often the truth lay in the interval of a prediction, beside what was promised."""

    promised: float
    value: float | None
    low: float | None
    high: float | None


class LabelDelay(msgspec.Struct, frozen=True):
    """How long labels come after their predictions."""

    median_seconds: float
    p90_seconds: float


class VersionScore(msgspec.Struct, frozen=True, kw_only=True):
    """A version's figures on labels; none where nothing of them can be read."""

    version: int
    model: str
    labels: int
    metrics: dict[str, LiveFigure] | UnsetType = UNSET
    held_out: dict[str, float | None] | UnsetType = UNSET
    coverage: LiveCoverage | UnsetType = UNSET
    delay: LabelDelay | UnsetType = UNSET
    per_class: dict[str, dict[str, float | None]] | UnsetType = UNSET
    champion: bool


class Scoreboard(msgspec.Struct, frozen=True):
    """The versions that have labels, the newest first."""

    dataset: str
    metric: str
    champion: int | None
    breach: str | None
    on_breach: OnBreach
    versions: list[VersionScore]


class Scores(DatasetResource):
    """The scores of a dataset's versions."""

    path = "/v1/{dataset}/scoreboard"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._scores = live_scores.Scoreboard()

    @operation(
        scope="predict",
        name="scoreboard",
        summary="How good each version is on what came after, with intervals",
        answer=Scoreboard,
    )
    def on_get(self, call: Call[NoQuery, None], dataset: Dataset) -> Scoreboard:
        """Answer with a line for each version that has labels, the newest first."""
        services, name = self.services, dataset.name
        champion = services.registry.number(name)
        lines = []
        for number, signature in live_scores.signatures(services.database, name).items():
            version = services.registry.version(name, number)
            score = self._scores.of(services.database, version, signature)
            lines.append(VersionScore(**score, champion=number == champion))
        breach = None if champion is None else services.gate.breach(name, champion)
        return Scoreboard(name, dataset.metric, champion, breach, dataset.on_breach, lines)
