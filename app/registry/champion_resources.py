"""Who serves, by a person's word: promotions, roll-backs, and versions let through the gate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import peewee
from msgspec import Meta

from app.http.media import NoQuery
from app.http.openapi import Schema
from app.http.operation import Call, operation
from app.registry import promotion, store
from app.registry.datasets.description import VersionNumber
from app.registry.services import DatasetResource
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

# Without control characters, which PostgreSQL's text does not all take.
Reason = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$(?!\n)", max_length=500)]


class PromotionRequest(Checked, frozen=True):
    """Which version is to serve, and why; "previous" is the one that served before."""

    version: VersionNumber | Literal["previous"]
    why: Reason = ""
    override: bool = False


class OverrideRequest(Checked, frozen=True):
    """Why a version may be asked for although it fails the gate."""

    # One without a word is refused as such.
    why: Annotated[Reason, Meta(extra_json_schema={"minLength": 1})]


class Promotion(msgspec.Struct, frozen=True):
    """Who serves, and whether that is new."""

    dataset: str
    champion: int
    model: str
    changed: bool


class Override(msgspec.Struct, frozen=True):
    """Who let a version through the gate, and why."""

    dataset: str
    version: int
    by: str
    why: str


def _promotions(_: Any) -> Schema:
    """Show how to go back and how to name a version."""
    return {
        "back": {"summary": "the version that served before", "value": {"version": "previous"}},
        "one": {"summary": "this version", "value": {"version": 1, "why": "the new grades"}},
    }


def _overrides(_: Any) -> Schema:
    """Show a reason."""
    return {"one": {"value": {"why": "the old grades do not count"}}}


class Champion(DatasetResource):
    """The version of a dataset that serves."""

    path = "/v1/{dataset}/champion"

    @operation(
        scope="admin",
        name="promote",
        summary="Let another version serve, or the one that served before",
        body=PromotionRequest,
        body_examples=_promotions,
        answer=Promotion,
        refuses=(
            "unknown_version",
            "gate_failed",
            "no_previous_version",
            "unloadable_version",
            "broken_bundle",
        ),
    )
    def on_post(self, call: Call[NoQuery, PromotionRequest], dataset: Dataset) -> Promotion:
        """Let a version serve; every worker follows within a second."""
        services, request = self.services, call.body
        kind = store.PROMOTE
        if request.version == "previous":
            number, kind = _previous(services.database, dataset.name), store.ROLLBACK
        else:
            number = request.version
        version = services.registry.named(dataset.name, str(number))
        is_changed = promotion.promote(
            services.database,
            services.gate,
            services.load,
            version,
            kind=kind,
            by=call.exchange.by,
            why=request.why,
            is_override=request.override,
            how=f'send {{"version": {number}, "override": true, "why": "..."}}',
        )
        call.exchange.version = number
        return Promotion(dataset.name, number, version.model, is_changed)


class Overrides(DatasetResource):
    """The permission to ask for a version whatever the gate says."""

    path = "/v1/{dataset}/models/{version}/override"

    @operation(
        scope="admin",
        name="override",
        summary="Let a version be asked for that fails the gate; the reason is kept",
        body=OverrideRequest,
        body_examples=_overrides,
        answer=Override,
        refuses=("unknown_version", "reason_missing"),
    )
    def on_post(
        self, call: Call[NoQuery, OverrideRequest], dataset: Dataset, version: str
    ) -> Override:
        """Write down who let it through, and why."""
        registered = self.services.registry.named(dataset.name, version)
        by, why = call.exchange.by, call.body.why
        promotion.override(self.services.database, registered, by=by, why=why)
        call.exchange.version = registered.number
        return Override(dataset.name, registered.number, by, why)


def _previous(database: peewee.Database, dataset: str) -> int:
    try:
        return store.before(database, dataset)
    except UserError as error:
        error.fix = f'send {{"version": <number>}}; /v1/{dataset}/models lists them'
        raise
