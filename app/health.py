"""Whether the service lives, whether it can answer, and its figures."""

from __future__ import annotations

import logging
import os
import shutil
from typing import Any

import falcon
import msgspec

from app.http.exchange import Caller
from app.http.operation import Call, operation
from app.http.prometheus import Metrics
from app.http.resource import Resource
from app.registry.registry import TO_DO, Registry
from app.request_log.journal import Journal, Unavailable
from app.settings import Settings
from app.store import integrity

log = logging.getLogger(__name__)

TO_MEND = "mend what is said of it, or take it away: python -m app datasets retire <name>"
TO_RESTORE = "restore a backup: docs/how-to/back-up.md; the log says what is damaged"


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether all is well, and each thing that was looked at."""

    status: str
    models: dict[str, Any] | None = None
    database: dict[str, Any] | None = None
    disk: dict[str, Any] | None = None
    integrity: dict[str, Any] | None = None


class Alive(Resource):
    """GET /healthz: the process answers."""

    path = "/healthz"
    is_probe = True
    is_recorded = False

    @operation(
        scope=None, name="alive", summary="The process answers", answer=Health, is_light=True
    )
    def on_get(self, call: Call) -> Health:
        """Answer; nothing is looked at."""
        return Health("alive")


class Ready(Resource):
    """GET /readyz: a model is loaded, the database is sound, it takes rows, the disk has room."""

    path = "/readyz"
    is_probe = True
    is_recorded = False

    def __init__(self, registry: Registry, journal: Journal, settings: Settings) -> None:
        self._registry = registry
        self._journal = journal
        self._settings = settings
        self._folder = settings.folder()
        self._floor = settings.disk_floor * 1e6

    @operation(
        scope=None,
        name="ready",
        summary="A model is loaded, the database takes rows, the disk has room",
        description="A dataset whose version cannot be loaded stands in `missing`, with the reason "
        "in `refused` where it is known; the others answer.",
        answer=Health,
        also_statuses=(503,),
    )
    def on_get(self, call: Call) -> Health:
        """Answer 200 where all is well, else 503 and the reasons."""
        checks = {
            "models": self._models(call.caller),
            "database": self._database(),
            "disk": self._disk(),
            "integrity": self._integrity(),
        }
        is_ready = all(check["ok"] for check in checks.values())
        call.response.status = falcon.HTTP_200 if is_ready else falcon.HTTP_503
        return Health("ready" if is_ready else "not ready", **checks)

    def _models(self, caller: Caller) -> dict[str, Any]:
        served = self._registry.names()
        missing = self._registry.missing()
        # One that cannot be loaded keeps nobody from asking for the others.
        document: dict[str, Any] = {
            "ok": bool(served),
            "served": list(filter(caller.sees, served)),
        }
        if seen := list(filter(caller.sees, missing)):
            document["missing"] = seen
        refused = self._registry.refused()
        if seen := list(filter(caller.sees, refused)):
            document["refused"] = {name: refused[name] for name in seen}
        if not served:
            document["fix"] = TO_DO
        elif "missing" in document:
            document["fix"] = TO_MEND
        return document

    def _database(self) -> dict[str, Any]:
        try:
            self._journal.check()
        except Unavailable as error:
            log.warning("the database takes no rows: %s", error)
            return {"ok": False, "error": _in_words(str(error))}
        return {"ok": True}

    def _disk(self) -> dict[str, Any]:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            return {"ok": False, "error": os.strerror(error.errno or 0)}
        return {"ok": free >= self._floor, "free_megabytes": int(free / 1e6)}

    def _integrity(self) -> dict[str, Any]:
        report = integrity.read(self._settings)
        if report is None:
            return {"ok": True, "state": "being checked"}
        checked = {"at": report.at, "check": report.check}
        if report.is_sound:
            damaged = {"damaged_rows": report.damaged_rows} if report.damaged_rows else {}
            return {"ok": True, "state": "sound", **checked, **damaged}
        return {"ok": False, "state": "damaged", **checked, "fix": TO_RESTORE}


def _in_words(error: str) -> str:
    """Say what keeps a database from taking rows; its own words are for the log alone."""
    known = {"locked": "it is busy", "full": "the disk is full", "moved": "its file was moved away"}
    known |= dict.fromkeys(integrity.DAMAGED, "its file is damaged: restore a backup")
    found = (words for sign, words in known.items() if sign in error)
    return next(found, "it cannot be written; the log says why")


class Figures(Resource):
    """GET /metrics: what Prometheus reads."""

    path = "/metrics"
    is_recorded = False

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @operation(
        scope="predict",
        name="metrics",
        summary="What Prometheus reads",
        also_answers=("text/plain",),
    )
    def on_get(self, call: Call) -> None:
        """Answer with the sums over all workers, without datasets that the caller does not see."""
        call.response.data, call.response.content_type = self._metrics.text(call.caller)
