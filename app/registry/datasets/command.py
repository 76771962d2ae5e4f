"""Retire a dataset, or bring it back: python -m app datasets list|retire|restore."""

from __future__ import annotations

import getpass
from argparse import Namespace

import peewee

from app.registry import store
from app.settings import Settings
from app.store import database as databases
from app.store import opening
from app.store.opening import Parser
from app.store.tables import Label, Version
from src.config import configuration as configs
from src.support import text_tables
from src.support.errors import unknown

PROGRAM = "python -m app datasets"


def add_arguments(parser: Parser) -> None:
    """Add what can be done with datasets."""
    every = parser.add_command("list", "list all datasets, and which are retired", "datasets list")
    every.set_defaults(run=_list)
    example = "datasets retire churn --why 'the shop has closed'"
    retire = parser.add_command(
        "retire", "let a dataset answer nothing any more; nothing is deleted", example
    )
    retire.set_defaults(run=_retire)
    example = "datasets restore churn"
    restore = parser.add_command("restore", "let a retired dataset answer again", example)
    restore.set_defaults(run=_restore)
    for command in (retire, restore):
        command.add_argument("dataset", help="which one")
        command.add_argument("--why", default="", help="the reason, which is kept")


def _list(_: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        champions, retired = store.champions(database), store.retired(database)
        rows = []
        for name in _names(database):
            event = retired.get(name)
            state = "" if event is None else f"retired {event.at[:10]} by {event.by}"
            rows.append(
                [
                    name,
                    str(champions.get(name, "")) if event is None else "",
                    _count(database, Version, name),
                    _count(database, Label, name),
                    f"{state}: {event.why}" if event is not None and event.why else state,
                ]
            )
    text_tables.show("datasets", ["dataset", "serves", "versions", "labels", "state"], rows)


def _retire(arguments: Namespace, settings: Settings) -> None:
    name = arguments.dataset
    with opening.opened(settings) as database:
        _check(database, name)
        if not _tell(database, arguments, store.RETIRED):
            print(f"'{name}' is retired already; {PROGRAM} restore {name} brings it back.")
            return
        versions, labels = _count(database, Version, name), _count(database, Label, name)
    print(
        f"'{name}' is retired: within a second predictions, labels and trainings of it are "
        f"refused (410), and /readyz does without it. Nothing is deleted: the log, {versions} "
        f"version(s) and {labels} label(s) can be read. {PROGRAM} restore {name} brings it back."
    )


def _restore(arguments: Namespace, settings: Settings) -> None:
    name = arguments.dataset
    with opening.opened(settings) as database:
        _check(database, name)
        is_changed = _tell(database, arguments, store.RESTORED)
        number = store.champions(database).get(name)
    answers = "no version of it serves yet" if number is None else f"version {number} serves"
    words = "is restored" if is_changed else "is not retired"
    print(f"'{name}' {words}: {answers}.")


def _tell(database: peewee.Database, arguments: Namespace, kind: str) -> bool:
    """Write down what is to be from now on; tell whether it was otherwise before."""
    name = arguments.dataset
    with databases.exclusive(database):
        if (name in store.retired(database)) == (kind == store.RETIRED):
            return False
        number = store.champions(database).get(name, store.UNNUMBERED)
        by, why = getpass.getuser(), arguments.why
        store.tell(database, name, number, kind=kind, by=by, why=why)
    return True


def _check(database: peewee.Database, name: str) -> None:
    names = _names(database)
    if name not in names:
        raise unknown("dataset", name, names, code="unknown_dataset")


def _names(database: peewee.Database) -> list[str]:
    """List the datasets that conf/ has, or the database versions or labels of."""
    registered = Version.select(Version.dataset).distinct().tuples().execute(database)
    labelled = Label.select(Label.dataset).distinct().tuples().execute(database)
    return sorted({*configs.choices("dataset"), *(name for (name,) in [*registered, *labelled])})


def _count(database: peewee.Database, table: type[Version | Label], name: str) -> int:
    rows = table.select(peewee.fn.COUNT(peewee.SQL("*"))).where(table.dataset == name)
    return int(rows.scalar(database))
