"""Whether the database is as it was written: the check of its file, and what came of the last one.

The result stands in a file in var/, for all workers and for the next start; the database itself
would be a poor place for it. What a check reads keeps no writer waiting.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import peewee

from app.settings import Settings
from app.store import clock
from app.store import database as databases
from app.store.row_checksums import OF_PREDICTIONS, OF_REQUESTS
from app.store.tables import Version
from src.inference import bundle
from src.support import files
from src.support.errors import UserError

log = logging.getLogger(__name__)

NAME = "integrity.json"
# Bytes up to which it is checked before the service begins, and its indexes against its rows: they
# are looked up one by one, and a large file takes a second for each 100 MB without that.
SMALL = 50_000_000
MOST = 5  # findings that are kept
NIGHT = 3  # the hour, here, after which it is checked again
DAMAGED = ("malformed", "not a database", "corrupt")  # in what SQLite says of a damaged file
RESTORE = (
    "stop the service and restore a backup: "
    "rm -f {0} {0}-wal {0}-shm; cp <backup> {0} (docs/how-to/back-up.md)"
)

DELETE = "answers go on; stop the service and delete what is named (docs/how-to/back-up.md)"


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a check of the database has shown, how it was checked and when.

    `damaged_rows` counts rows of the log that are not what was stored; they keep nobody from being
    answered, so the database is sound with them. `rows` names some.
    """

    at: str
    check: str
    is_sound: bool = True
    errors: list[str] = []
    damaged_rows: int = 0
    rows: list[str] = []


def examine(database: peewee.Database) -> Report:
    """Check a database: SQLite's file, or whether a server checks its own pages.

    Raises one of REFUSALS where it cannot be read now.
    """
    file = databases.path(database)
    if file is None:
        ((state,),) = database.execute_sql("SHOW data_checksums").fetchall()
        return Report(clock.text(clock.now()), f"data_checksums={state}")
    rows: list[str] = []
    count = 0
    check = "integrity_check" if file.stat().st_size <= SMALL else "quick_check"
    try:
        said = database.execute_sql(f"PRAGMA {check}({MOST})").fetchall()
        errors = [str(text) for (text,) in said if text != "ok"]
        if not errors and _has_checksums(database):
            errors = list(itertools.islice(_damaged_manifests(database), MOST))
            for row in itertools.chain(
                OF_REQUESTS.damaged(database), OF_PREDICTIONS.damaged(database)
            ):
                count += 1
                rows = [*rows, row][:MOST]
    except UnicodeDecodeError as error:
        errors = [f"a text is none: {error}"]
    except databases.ERRORS as error:
        if not is_damage(error):
            raise
        errors = [str(error)]
    return Report(clock.text(clock.now()), check, not errors, errors, count, rows)


def _has_checksums(database: peewee.Database) -> bool:
    """Tell whether rows have checksums: a database of earlier is migrated after this."""
    return "checksum" in {column.name for column in database.get_columns("request")}


def _damaged_manifests(database: peewee.Database) -> Iterator[str]:
    columns = (Version.dataset, Version.number, Version.manifest)
    for dataset, number, text in Version.select(*columns).tuples().iterator(database):
        try:
            manifest = json.loads(bytes(text))
            is_whole = manifest.get("format") != bundle.FORMAT or bundle.is_sealed(manifest)
        except ValueError:
            is_whole = False
        if not is_whole:
            yield f"the manifest of version {number} of {dataset} is not what was registered"


def is_damage(error: BaseException) -> bool:
    """Tell whether a database's refusal says that its file is damaged."""
    return any(word in str(error) for word in DAMAGED)


def begin(settings: Settings) -> None:
    """Check a small file before the service begins; a large one is checked beside the answering."""
    _place(settings).unlink(missing_ok=True)
    with closing(_connected(settings)) as database:
        file = databases.path(database)
        if file is not None and file.is_file() and file.stat().st_size <= SMALL:
            look(settings, database)


def is_due(settings: Settings, now: datetime) -> bool:
    """Tell whether there was no check since the start, or none since the last night began."""
    report = read(settings)
    if report is None:
        return True
    here = now.astimezone()
    night = here.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    night = night if night <= here else night - timedelta(days=1)
    return datetime.fromisoformat(report.at) < night


def look(settings: Settings, database: peewee.Database | None = None) -> None:
    """Check the database, keep the result and say it; raise one of REFUSALS where that fails."""
    if database is None:
        with closing(_connected(settings)) as own:
            look(settings, own)
        return
    report = examine(database)
    try:
        files.write(_place(settings), msgspec.json.encode(report))
    except UserError as error:  # a full disk is no reason not to start, and to say what follows
        log.warning("%s", error)
    file = databases.path(database)
    if not report.is_sound:
        fix = RESTORE.format(file)
        log.error("the database is damaged: %s; %s", "; ".join(report.errors), fix)
    elif report.damaged_rows:
        log.error("rows of the log are damaged: %s; %s", _counted(report), DELETE)
    elif report.check.endswith("=off"):
        log.warning("PostgreSQL does not notice damaged pages: %s", report.check)
    else:
        log.info("the database is sound (%s)", report.check)


def _counted(report: Report) -> str:
    more = report.damaged_rows - len(report.rows)
    return "; ".join([*report.rows, *([f"and {more} more rows"] if more else [])])


def read(settings: Settings) -> Report | None:
    """Return the last result; None where there is none since the start."""
    try:
        return msgspec.json.decode(_place(settings).read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError):
        return None


def _place(settings: Settings) -> Path:
    return settings.folder() / NAME


def _connected(settings: Settings) -> peewee.Database:
    """Return a connection of its own: without an end, for a large file takes its time."""
    return databases.connect(settings.url(), settings.durability, settings.wait, is_made=False)
