"""Figures that an operator sets alarms on, as they are when somebody asks for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress

import peewee
from prometheus_client.core import GaugeMetricFamily

from app.registry import store as version_store
from app.registry.registry import Registry
from app.request_log.journal import Journal, Unavailable
from app.settings import Settings
from app.store import backup, clock, integrity
from app.store.database import REFUSALS
from app.store.tables import Training
from app.trainings.store import QUEUED, RUNNING
from src.support.errors import UserError


class OperatingFigures:
    """Collects gauges; what cannot be read now is left out."""

    def __init__(
        self, settings: Settings, database: peewee.Database, registry: Registry, journal: Journal
    ) -> None:
        self._settings = settings
        self._folder = settings.folder()
        self._database = database
        self._registry = registry
        self._journal = journal

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every gauge."""
        yield self._backup()
        yield from self._integrity()
        with suppress(OSError):
            free = shutil.disk_usage(self._folder).free
            yield _gauge("lapidary_disk_free_bytes", "Free space beside the database.", free)
        yield self._writable()
        yield _gauge(
            "lapidary_log_waiting",
            "Answers of the process that was asked which wait to be stored.",
            self._journal.waiting,
        )
        with suppress(*REFUSALS):
            yield self._trainings()
            yield from self._champions()

    def _backup(self) -> GaugeMetricFamily:
        at = 0.0
        with suppress(OSError, ValueError, KeyError, UserError):
            document = json.loads((self._folder / backup.LAST).read_text(encoding="utf-8"))
            at = clock.parse(document["at"], "at").timestamp()
        about = "When python -m app backup last succeeded; 0 if it never did."
        return _gauge("lapidary_backup_timestamp_seconds", about, at)

    def _integrity(self) -> Iterator[GaugeMetricFamily]:
        report = integrity.read(self._settings)
        if report is None:
            return
        about = "1 where the last check found the database damaged, else 0."
        yield _gauge("lapidary_database_damaged", about, 0 if report.is_sound else 1)
        about = "Rows of the log that the last check found not to be what was stored."
        yield _gauge("lapidary_damaged_rows", about, report.damaged_rows)
        about = "When the database was last checked."
        yield _gauge("lapidary_database_checked_timestamp_seconds", about, _seconds(report.at))

    def _writable(self) -> GaugeMetricFamily:
        try:
            self._journal.check()
        except Unavailable:
            value = 0
        else:
            value = 1
        about = "1 where the database takes rows; after a write that failed another one is tried."
        return _gauge("lapidary_database_takes_rows", about, value)

    def _trainings(self) -> GaugeMetricFamily:
        counts = Training.select(Training.state, peewee.fn.COUNT(Training.id))
        counts = counts.where(Training.state.in_([QUEUED, RUNNING])).group_by(Training.state)
        of_state = dict(counts.tuples().execute(self._database))
        family = GaugeMetricFamily(
            "lapidary_trainings", "Trainings that wait or run.", labels=["state"]
        )
        for state in (QUEUED, RUNNING):
            family.add_metric([state], of_state.get(state, 0))
        return family

    def _champions(self) -> Iterator[GaugeMetricFamily]:
        about = "1 where a dataset's version is loaded, 0 where none of them can be."
        loaded = GaugeMetricFamily("lapidary_champion_loaded", about, labels=["dataset"])
        for is_loaded, names in enumerate((self._registry.missing(), self._registry.names())):
            for name in names:
                loaded.add_metric([name], is_loaded)
        yield loaded
        since = version_store.serving_since(self._database)
        trained = _of_champions("trained", "When the version that serves was trained.")
        promoted = _of_champions("promoted", "When the version that serves began to.")
        for name in self._registry.names():
            version = self._registry.champion(name).version
            labels = [name, str(version.number)]
            trained.add_metric(labels, _seconds(version.manifest["created"]))
            if name in since:
                promoted.add_metric(labels, _seconds(since[name]))
        yield trained
        yield promoted


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _of_champions(what: str, about: str) -> GaugeMetricFamily:
    name = f"lapidary_champion_{what}_timestamp_seconds"
    return GaugeMetricFamily(name, about, labels=["dataset", "version"])


def _seconds(text: str) -> float:
    return clock.parse(text, "time").timestamp()
