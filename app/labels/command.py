"""Count labels and remove deleted ones for ever: python -m app labels list|purge <dataset>."""

from __future__ import annotations

from argparse import Namespace

from app.labels import store
from app.settings import Settings
from app.store import clock, opening
from app.store.opening import Parser
from src.config import configuration as configs
from src.support import text_tables
from src.support.errors import unknown

MOST_SHOWN = 50  # values in a table


def add_arguments(parser: Parser) -> None:
    """Add what can be done with labels."""
    count = parser.add_command("list", "count a dataset's labels by value", "labels list churn")
    count.set_defaults(run=_list)
    example = "labels purge churn --before 2026-01-31"
    purge = parser.add_command("purge", "remove for ever what was deleted before a day", example)
    purge.set_defaults(run=_purge)
    for command in (count, purge):
        command.add_argument("dataset", help="whose labels")
    purge.add_argument(
        "--before", required=True, metavar="DAY", help="such as 2026-01-31, or a moment of it"
    )


def _list(arguments: Namespace, settings: Settings) -> None:
    dataset = arguments.dataset
    with opening.opened(settings) as database:
        counts = store.counts(database, dataset)
    if not counts:
        _check(dataset)
        print(f"There are no labels of '{dataset}'. Post some: see docs/how-to/label.md")
        return
    total = sum(counts.values())
    if len(counts) > MOST_SHOWN:
        print(f"{store.counted(total)} of '{dataset}', {len(counts)} different values")
        return
    rows = [[value, count] for value, count in sorted(counts.items())]
    text_tables.show(f"{store.counted(total)} of {dataset}", ["value", "labels"], rows)


def _purge(arguments: Namespace, settings: Settings) -> None:
    dataset = arguments.dataset
    before = clock.text(clock.parse(arguments.before, "before"))
    with opening.opened(settings) as database:
        count = store.purge(database, dataset, before)
    if not count:
        _check(dataset)
    labels = f"{store.counted(count)} of '{dataset}'"
    print(f"{labels} removed for ever, of what was deleted before {before}.")


def _check(dataset: str) -> None:
    """Raise UserError where a dataset without labels is none; one that conf/ lost may have some."""
    datasets = configs.choices("dataset")
    if dataset not in datasets:
        raise unknown("dataset", dataset, datasets)
