"""Count labels and remove deleted ones for ever: python -m app.labels list|purge dataset=<name>."""

from __future__ import annotations

import sys

from app import clock, commands
from app.store import labels
from src import config as configs
from src import tables
from src.checked import Checked
from src.command import guarded
from src.errors import unknown

ACTIONS = ("list", "purge")
USAGE = "python -m app.labels purge dataset=<name> before=<day>"
MOST_SHOWN = 50  # values in a table


class Listed(Checked, frozen=True):
    """Of which dataset to count the labels."""

    dataset: str


class Purge(Checked, frozen=True):
    """Which deleted labels go for ever: those of a dataset that were deleted before a moment."""

    dataset: str
    before: str


def main() -> None:
    """Run the command line."""
    action, words = commands.split(sys.argv[1:], ACTIONS, USAGE)
    if action == "list":
        _list(commands.parse(words, Listed).dataset)
    else:
        _purge(commands.parse(words, Purge))


def _list(dataset: str) -> None:
    with commands.opened() as database:
        counts = labels.counts(database, dataset)
    if not counts:
        _check(dataset)
        print(f"There are no labels of '{dataset}'. Post some: see docs/how-to/label.md")
        return
    total = sum(counts.values())
    if len(counts) > MOST_SHOWN:
        print(f"{labels.counted(total)} of '{dataset}', {len(counts)} different values")
        return
    rows = [[value, count] for value, count in sorted(counts.items())]
    tables.show(f"{labels.counted(total)} of {dataset}", ["value", "labels"], rows)


def _purge(asked: Purge) -> None:
    before = clock.text(clock.parse(asked.before, "before"))
    with commands.opened() as database:
        count = labels.purge(database, asked.dataset, before)
    if not count:
        _check(asked.dataset)
    told = f"{labels.counted(count)} of '{asked.dataset}'"
    print(f"{told} removed for ever, of what was deleted before {before}.")


def _check(dataset: str) -> None:
    """Raise UserError where a dataset without labels is none; one that conf/ lost may have some."""
    known = configs.choices("dataset")
    if dataset not in known:
        raise unknown("dataset", dataset, known)


if __name__ == "__main__":
    guarded(main)
