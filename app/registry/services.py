"""What the rooms above the registry are given, and the base of resources of one dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import peewee

from app.http.exchange import ANYONE, Exchange
from app.http.resource import Resource
from app.registry.datasets.live_config import LiveConfig
from app.registry.gate import Gatekeeper
from app.registry.registry import Load, Registry
from app.settings import Settings
from app.store.redaction import Redaction
from src.support.errors import UserError

# What may be asked of a retired dataset: to read what there is, and to delete labels.
OF_RETIRED = ("GET", "HEAD", "DELETE")


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
        """Put the dataset in the place of its name, which the log notes.

        Raises UserError where the caller does not see it, or where there is none.
        """
        name, caller = path["dataset"], exchange.caller or ANYONE
        if not caller.sees(name):  # looked at before anybody knows whether there is one
            raise UserError(
                "This key is for other datasets.",
                code="dataset_not_allowed",
                given=name,
                choices=sorted(caller.datasets or ()),
                fix="ask an administrator for a key of this dataset",
            )
        try:
            path["dataset"] = self.services.registry.dataset(name)
        except UserError as error:
            if error.code == "unknown_dataset" and caller.datasets is not None:
                error.choices, error.fix = [], None  # others are not to be named
            raise
        if exchange.environ["REQUEST_METHOD"] not in OF_RETIRED:
            self.services.registry.check_active(name)
        exchange.dataset = name
