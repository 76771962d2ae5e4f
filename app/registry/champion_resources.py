"""Who serves, by a person's word: promotions, roll-backs, and versions let through the gate."""

from __future__ import annotations

from typing import Annotated, Literal

import falcon
import peewee
from msgspec import Meta

from app.auth import guard
from app.http import media
from app.registry import promotion, store
from app.registry.gate import Gatekeeper
from app.registry.registry import Load, Registry
from src.support.errors import UserError
from src.support.structs import Checked

Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
# Without control characters, which PostgreSQL's text does not all take.
Reason = Annotated[str, Meta(pattern=r"^[^\u0000-\u001f\u007f]*$(?!\n)", max_length=500)]


class Promotion(Checked, frozen=True):
    """Which version is to serve, and why; "previous" is the one that served before."""

    version: Number | Literal["previous"]
    why: Reason = ""
    override: bool = False


class Override(Checked, frozen=True):
    """Why a version may be asked for although it fails the gate."""

    why: Reason


class Champion:
    """POST /v1/{dataset}/champion: another version serves from now on."""

    def __init__(
        self, registry: Registry, gatekeeper: Gatekeeper, database: peewee.Database, load: Load
    ) -> None:
        self._registry = registry
        self._gatekeeper = gatekeeper
        self._database = database
        self._load = load

    def on_post(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with who serves; every worker follows within a second."""
        exchange = guard.allowed(request, "admin")
        media.query(request, media.NoQuery)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        asked = media.body(request, exchange.body or b"", Promotion)
        kind = store.PROMOTE
        if asked.version == "previous":
            number, kind = _before(self._database, dataset), store.ROLLBACK
        else:
            number = asked.version
        version = self._registry.named(dataset, str(number))
        changed = promotion.promote(
            self._database,
            self._gatekeeper,
            self._load,
            version,
            kind=kind,
            by=exchange.by,
            why=asked.why,
            is_override=asked.override,
            how=f'send {{"version": {number}, "override": true, "why": "..."}}',
        )
        exchange.version = number
        media.answer(
            response,
            {"dataset": dataset, "champion": number, "model": version.model, "changed": changed},
        )


class Overrides:
    """POST /v1/{dataset}/models/{version}/override: ask for it whatever the gate says."""

    def __init__(self, registry: Registry, database: peewee.Database) -> None:
        self._registry = registry
        self._database = database

    def on_post(
        self, request: falcon.Request, response: falcon.Response, dataset: str, version: str
    ) -> None:
        """Write down who let it through, and why."""
        exchange = guard.allowed(request, "admin")
        media.query(request, media.NoQuery)
        self._registry.dataset(dataset)
        exchange.dataset = dataset
        asked = media.body(request, exchange.body or b"", Override)
        registered = self._registry.named(dataset, version)
        by = exchange.by
        promotion.override(self._database, registered, by=by, why=asked.why)
        exchange.version = registered.number
        document = {"dataset": dataset, "version": registered.number, "by": by, "why": asked.why}
        media.answer(response, document)


def _before(database: peewee.Database, dataset: str) -> int:
    try:
        return store.before(database, dataset)
    except UserError as error:
        error.fix = f'send {{"version": <number>}}; /v1/{dataset}/models lists them'
        raise
