"""What the rooms above the registry are given, and the base of resources of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import peewee

from app.http.exchange import Exchange
from app.http.resource import Resource
from app.registry.gate import Gatekeeper
from app.registry.live_config import LiveConfig
from app.registry.registry import Load, Registry
from app.settings import Settings
from app.store.redaction import Redaction


@dataclass(frozen=True)
class Services:
    """The collaborators that resources share; the factory makes them once."""

    settings: Settings
    database: peewee.Database
    redaction: Redaction
    config: LiveConfig
    gate: Gatekeeper
    registry: Registry
    load: Load


class DatasetResource(Resource):
    """A resource of one dataset: its handlers get the Dataset that the path names."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def look_up(self, exchange: Exchange, path: dict[str, Any]) -> None:
        """Put the dataset in the place of its name, which the log notes; raise UserError 404."""
        name = path["dataset"]
        path["dataset"] = self.services.registry.dataset(name)
        exchange.dataset = name
