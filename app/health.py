"""Whether the service lives, whether it can answer, and its figures."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

import falcon

from app.auth import guard
from app.http import media
from app.http.prometheus import Metrics
from app.registry.registry import TO_DO, Registry
from app.request_log.journal import Journal, Unavailable

log = logging.getLogger(__name__)


class Alive:
    """GET /healthz: the process answers."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer; nothing is looked at."""
        media.answer(response, {"status": "alive"})


class Ready:
    """GET /readyz: models are loaded, the database takes rows, the disk has room."""

    def __init__(
        self, registry: Registry, journal: Journal, folder: Path, disk_floor: float
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._folder = folder
        self._floor = disk_floor * 1e6

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer 200 where all is well, else 503 and the reasons."""
        checks = {
            "models": self._models(),
            "database": self._database(),
            "disk": self._disk(),
        }
        is_ready = all(check["ok"] for check in checks.values())
        response.status = falcon.HTTP_200 if is_ready else falcon.HTTP_503
        media.answer(response, {"status": "ready" if is_ready else "not ready", **checks})

    def _models(self) -> dict[str, Any]:
        served = self._registry.names()
        missing = self._registry.missing()
        document: dict[str, Any] = {"ok": bool(served) and not missing, "served": served}
        if missing:
            document["missing"] = missing
        if refused := self._registry.refused():
            document["refused"] = refused
        if not served:
            document["fix"] = TO_DO
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


def _in_words(error: str) -> str:
    """Say what keeps a database from taking rows; its own words are for the log alone."""
    known = {"locked": "it is busy", "full": "the disk is full", "moved": "its file was moved away"}
    found = (words for sign, words in known.items() if sign in error)
    return next(found, "it cannot be written; the log says why")


class Figures:
    """GET /metrics: what Prometheus reads."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Answer with the sums over all workers."""
        guard.allowed(request, "predict")
        response.data, response.content_type = self._metrics.text()
