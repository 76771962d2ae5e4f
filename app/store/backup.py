"""Copy the database while it is in use: python -m app backup <file>."""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import peewee

from app.settings import Settings
from app.store import clock, integrity, opening
from app.store import database as databases
from app.store.opening import Parser
from src.support import files
from src.support.errors import UserError

LAST = "backup.json"  # in var/: when the last backup succeeded, for /metrics


def add_arguments(parser: Parser) -> None:
    """Add the argument for the file."""
    parser.add_argument("file", type=Path, help="where the copy goes; it must not be there yet")
    parser.set_defaults(run=_run)


def _run(arguments: Namespace, settings: Settings) -> None:
    path: Path = arguments.file
    if path.exists():
        raise UserError("The file already exists.", given=path)
    if not path.absolute().parent.is_dir():
        raise UserError("There is no such folder.", given=path.absolute().parent)
    with opening.opened(settings) as database:
        partial = path.with_name(f".{path.name}.partial")
        partial.unlink(missing_ok=True)
        try:
            copy(database, settings.url(), partial)
            partial.rename(path)
            if settings.folder().is_dir():
                files.write_json(settings.folder() / LAST, {"at": clock.text(clock.now())})
        finally:
            partial.unlink(missing_ok=True)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB. The bundles are in var/versions/.")


def copy(database: peewee.Database, url: str, path: Path) -> None:
    """Write a consistent copy of the database without blocking writers, and check it.

    Raises UserError, and leaves what it wrote to the caller, where the database is damaged.
    """
    path.touch(mode=0o600)  # both write into it, so that nobody else can read it meanwhile
    if databases.path(database) is not None:
        # Through SQLite itself: a copy of the file would miss what is in its log.
        _check(database, "The database is damaged, and no copy was made.")
        database.execute_sql("VACUUM INTO ?", (str(path),))
        url = f"sqlite:///{path.absolute()}"
        with closing(databases.connect(url, "process", 1.0, is_made=False)) as made:
            _check(made, "The copy is damaged, and was removed.")
        return
    without, password = _apart(url)
    words = ["pg_dump", "--format=custom", f"--file={path}", without]
    environ = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError(
            "pg_dump is not installed.", fix="install PostgreSQL's client programs"
        ) from None
    if done.returncode:
        raise UserError("pg_dump failed.", given=done.stderr.strip()[:500])


def _check(database: peewee.Database, what: str) -> None:
    report = integrity.examine(database)
    if not report.is_sound:
        raise UserError(
            what,
            given="; ".join(report.errors),
            fix="check the disk; restore an earlier copy where it is the database "
            "(docs/how-to/back-up.md)",
        )


def _apart(url: str) -> tuple[str, str]:
    """Separate a URL's password, since command lines are visible to all users."""
    password = urlsplit(url).password or ""
    return url.replace(f":{password}@", "@", 1), unquote(password)
