"""Run one training that was asked for: python -m app.trainings.job <id> <parent>.

The service starts it, in a process of its own and at the lowest priority.
"""

from __future__ import annotations

import argparse
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import peewee

from app import settings as configured
from app.settings import Settings
from app.store import database as databases
from app.store import log_lines
from app.trainings import store
from app.trainings.retries import DatabaseWriter, with_retries
from app.trainings.workspace import Workspace
from src.support import extras
from src.support.errors import UserError

if TYPE_CHECKING:
    from app.trainings.heartbeat import Heartbeat

log = logging.getLogger("training")

OURS = "Something went wrong in the training; its log says what."
MEMORY = "The training needs more memory than there is."


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m app.trainings.job", description=__doc__)
    parser.add_argument("id", help="of the training")
    parser.add_argument("parent", type=int, help="the process that it is not to outlive")
    asked = parser.parse_args()
    settings = configured.read()
    database = databases.connect(settings.url(), settings.durability, settings.wait, is_made=False)
    place = Workspace(settings.folder(), asked.id)
    from app.trainings.heartbeat import Heartbeat

    with DatabaseWriter(database) as errands, Heartbeat(database, asked.id, asked.parent) as pulse:
        _step_back()  # all but these two threads
        why = _attempt(settings, database, asked.id, place, pulse, errands)
        if why is not None:
            failed, progress = store.FAILED, pulse.progress
            errands(lambda: store.end(database, asked.id, failed, error=why, progress=progress))
    place.clear()


def _step_back() -> None:
    """Let everybody else go first: the processor, and who is killed where memory runs out."""
    with suppress(OSError):
        os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _attempt(
    settings: Settings,
    database: peewee.Database,
    number: str,
    place: Workspace,
    pulse: Heartbeat,
    errands: DatabaseWriter,
) -> str | None:
    """Train; where that fails, write into the log what happened and return it in words."""
    try:
        extras.check_training()
        from app.trainings import run

        row = with_retries(database, lambda: store.find(database, number))
        done = run.train(settings, database, row, place, pulse, errands)
        pulse.say(errands(lambda: run.publish(database, row, done, pulse)))
    except UserError as error:
        why = str(error)
        log.error("%s", error)
    except MemoryError:
        why = MEMORY
        log.error(why)
    except Exception:
        why = OURS
        log.exception("it failed")
    else:
        return None
    return why


if __name__ == "__main__":
    log_lines.install(os.environ.get("LAPIDARY_LOG"), "training")
    main()
