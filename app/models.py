"""See and change who serves: python -m app.models list|promote|rollback dataset=<name>."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import peewee
from msgspec import Meta

from app import commands
from app import settings as configured
from app.registry import loader
from app.store import versions
from src import tables
from src.checked import Checked
from src.command import guarded
from src.errors import UserError

ACTIONS = ("list", "promote", "rollback")
USAGE = "python -m app.models promote dataset=<name> version=<number>"


class Listed(Checked, frozen=True):
    """Which versions to list."""

    dataset: str


class Promote(Checked, frozen=True):
    """Which version is to serve, and why."""

    dataset: str
    version: Annotated[int, Meta(ge=1)]
    why: str = ""


class Rollback(Checked, frozen=True):
    """Which dataset goes back to the version that served before."""

    dataset: str
    why: str = ""


def main() -> None:
    """Run the command line."""
    action, words = commands.split(sys.argv[1:], ACTIONS, USAGE)
    with commands.opened() as database:
        if action == "list":
            _list(database, commands.parse(words, Listed).dataset)
        elif action == "promote":
            asked = commands.parse(words, Promote)
            _promote(database, asked.dataset, asked.version, action, asked.why)
        else:
            back = commands.parse(words, Rollback)
            number = versions.before(database, back.dataset)
            _promote(database, back.dataset, number, action, back.why)


def _promote(database: peewee.Database, dataset: str, number: int, kind: str, why: str) -> None:
    """Promote a version that was loaded here first: what does not load is not announced."""
    settings = configured.read()
    version = versions.get(database, dataset, number)
    if versions.champions(database).get(dataset) == number:
        print(f"Version {number} of '{dataset}' serves already.")
        return
    load = loader(
        settings.folder(),
        most_records=settings.most_records,
        longest_text=settings.longest_text,
    )
    load(version)
    versions.promote(database, version, kind=kind, by=getpass.getuser(), why=why)
    print(f"Version {number} of '{dataset}' ({version.model}) serves from now on.")


def _list(database: peewee.Database, dataset: str) -> None:
    champion = versions.champions(database).get(dataset)
    found = versions.every(database, dataset)
    if not found:
        raise UserError(
            f"No version of '{dataset}' is registered.",
            fix="make run trains, make serve registers what was trained",
        )
    rows = []
    for version in found:
        metric = version.manifest["config"]["dataset"]["metric"]
        rows.append(
            [
                "*" if version.number == champion else "",
                str(version.number),
                version.model,
                version.manifest["metrics"]["cv"][metric]["mean"],
                version.manifest["created"],
                str(version.manifest["git"]["commit"] or "")[:8],
            ]
        )
    metric = found[0].manifest["config"]["dataset"]["metric"]
    columns = ["serves", "version", "model", f"cv {metric}", "trained", "commit"]
    tables.show(dataset, columns, rows)


if __name__ == "__main__":
    guarded(main)
