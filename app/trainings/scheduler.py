"""What one worker does for all: trainings are started, asked for by labels, and watched live."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial

from app.registry.datasets.live_config import LiveConfig
from app.settings import Settings
from app.store import database as databases
from app.store.database import REFUSALS
from app.trainings.judging.gate_watch import GateWatch
from app.trainings.launcher import Launcher
from app.trainings.triggers import RetrainTrigger
from src.support import recurring
from src.support.errors import UserError
from src.support.recurring import Errors, Share

log = logging.getLogger(__name__)

EVERY = 0.5  # seconds between two looks


class Scheduler:
    """Look after trainings and champions, a step at a time."""

    def __init__(self, settings: Settings, parent: int) -> None:
        """Take the process that trainings must not outlive."""
        url, wait = settings.url(), settings.wait
        self._database = databases.connect(
            url, settings.durability, wait, is_made=False, slowest=databases.SLOWEST
        )
        self._configured = LiveConfig(settings.folder())
        self._errors = Errors()
        database, known = self._database, self._configured
        self._duties: dict[str, Callable[[], object]] = {
            "trainings": Launcher(database, settings.folder(), settings.jobs, parent).look,
            "conf/": known.refresh,
            "retraining": _paced(RetrainTrigger(database, known).look),
            "the gate": _paced(GateWatch(database, known).look),
        }

    def look(self) -> None:
        """Do once what is to be done now; what cannot be done hinders nothing else."""
        for name, duty in self._duties.items():
            self._do(name, duty)

    def _do(self, name: str, duty: Callable[[], object]) -> None:
        try:
            duty()
        except (UserError, *REFUSALS) as error:
            self._tell(name, str(error))
        except Exception as error:
            self._tell(name, repr(error), error)
        else:
            self._errors.pop(name, None)
        finally:
            self._database.close()

    def _tell(self, name: str, words: str, error: Exception | None = None) -> None:
        """Log an error once, not at each look."""
        if self._errors.is_new(name, words):
            log.error("%s: %s", name, words, exc_info=error)


def _paced(duty: Callable[[], object]) -> Callable[[], object]:
    """Do a duty for no more than a share of the time: it may read many labels."""
    return partial(Share().spend, duty)


def start(settings: Settings) -> None:
    """Run in a thread; of several workers one does it, and another when that one is gone."""
    parent = os.getppid()
    recurring.start("steward", settings.folder(), EVERY, lambda: Scheduler(settings, parent).look)
