"""When the labels themselves ask for a training: the rule `retrain` of a dataset."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import peewee

from app.registry import store as version_store
from app.registry.datasets.live_config import LiveConfig
from app.registry.store import Registered
from app.store import clock, ids
from app.store.tables import Training
from app.trainings import store
from app.trainings.rows import new_labels
from src.data import rules
from src.data.rules import Retrain
from src.data.schema import Dataset
from src.support import extras
from src.support.errors import UserError

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=1)  # by which clocks of two machines may differ
AFTER_LABELS, AT_LEAST_EVERY = "after_labels", "at_least_every"
IMPATIENCE = 10  # times the debounce after which labels that go on coming are waited for no more


class RetrainTrigger:
    """Ask for a training where a dataset's rule says so, and none waits or runs already."""

    def __init__(self, database: peewee.Database, configured: LiveConfig) -> None:
        self._database = database
        self._configured = configured
        self._refused: dict[str, tuple[int, str]] = {}  # what could not be trained
        self._ahead: dict[str, tuple[str, datetime]] = {}  # of a training from a clock set ahead

    def look(self) -> None:
        """Look at every dataset that has the rule."""
        retired = version_store.retired(self._database)
        for name in self._configured.names():
            dataset = None if name in retired else self._configured.get(name)
            if dataset is not None and dataset.retrain is not None:
                self._look_at(dataset, dataset.retrain)

    def _look_at(self, dataset: Dataset, rule: Retrain) -> None:
        is_open = Training.state.in_([store.QUEUED, store.RUNNING])
        if store.page(self._database, [Training.dataset == dataset.name, is_open], 1):
            return  # what comes meanwhile is counted when it has ended
        reason = self._reason(dataset.name, rule)
        if reason is None:
            return
        champion = self._champion(dataset.name)
        model = rule.model or (champion.model if champion else None)
        if model is None:
            return  # without a champion conf/ must say which model
        if not self._is_possible(dataset.name, model):
            return
        row = {
            "id": ids.new(),
            "dataset": dataset.name,
            "by": "retrain",
            "reason": reason,
            "name": "",
            "model": model,
            "search": "none",
            "use": rule.use,
        }
        store.ask(self._database, row)
        log.info("training %s of %s: %s", row["id"], dataset.name, reason)

    def _is_possible(self, name: str, model: str) -> bool:
        """Tell whether it can be trained; say what is wrong once, until conf/ changes."""
        asked = (self._configured.readings, model)
        if self._refused.get(name) == asked:
            return False
        try:
            extras.check_training()
            self._configured.config(name, model, "none", None)
        except UserError as error:
            log.error("retrain of %s: %s", name, error)
            self._refused[name] = asked
            return False
        return True

    def _reason(self, name: str, rule: Retrain) -> str | None:
        before = _before(store.latest(self._database, name, 2))
        now = clock.now()
        last = begun = None
        if before is not None:
            last = self._not_ahead(name, before["frozen"] or before["at"], now)
            begun = min(last, _moment(before["at"]))
        wanted = rule.after_labels or 1
        count, newest = new_labels.since(self._database, name, last, wanted)
        if count == 0 or newest is None:
            return None
        is_due = rule.after_labels is not None and count >= wanted
        if is_due and self._is_quiet(name, rule, last, now, newest):
            return AFTER_LABELS
        if rule.at_least_every is not None:
            pause = timedelta(seconds=rules.seconds(rule.at_least_every))
            begun = begun or self._registered(name)
            if begun is None or now - begun >= pause:
                return AT_LEAST_EVERY
        return None

    def _not_ahead(self, name: str, text: str, now: datetime) -> datetime:
        """Return a moment, or when it was first seen to lie ahead of the clock.

        A clock that was a day ahead and was set back would else stop the rule for a day.
        """
        moment = _moment(text)
        if moment <= now + AHEAD:
            return moment
        if self._ahead.get(name, ("", now))[0] != text:
            log.warning(
                "retrain of %s: its last training is from %s, which is ahead of the clock; labels "
                "count from now on",
                name,
                text,
            )
            self._ahead[name] = (text, now)
        return self._ahead[name][1]

    def _is_quiet(
        self, name: str, rule: Retrain, last: datetime | None, now: datetime, newest: str
    ) -> bool:
        """Tell whether no label came for a moment, or they go on coming for too long."""
        debounce = timedelta(seconds=rules.seconds(rule.debounce))
        if now - _moment(newest) >= debounce:
            return True
        oldest = new_labels.oldest(self._database, name, last)
        return oldest is not None and now - _moment(oldest) >= IMPATIENCE * debounce

    def _champion(self, name: str) -> Registered | None:
        number = version_store.champions(self._database).get(name)
        return None if number is None else version_store.get(self._database, name, number)

    def _registered(self, name: str) -> datetime | None:
        champion = self._champion(name)
        return None if champion is None else _moment(champion.at)


def _before(newest: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the training to go on from: of two the older where the newer one was lost.

    So what a lost one was to be trained on is asked for once more, and no third time.
    """
    if newest and newest[0]["state"] == store.LOST:
        newest = newest[1:]
    return newest[0] if newest else None


def _moment(text: str) -> datetime:
    return clock.parse(text, "time")
