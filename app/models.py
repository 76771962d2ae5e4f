"""See and change who serves: python -m app.models list|promote|rollback|override dataset=<name>."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import peewee
from msgspec import Meta

from app import commands, promoting
from app import settings as configured
from app.configured import Configured
from app.gatekeeper import Gatekeeper
from app.registry import loader
from app.store import versions
from src import tables
from src.checked import Checked
from src.command import guarded
from src.errors import UserError

ACTIONS = ("list", "promote", "rollback", "override")
USAGE = "python -m app.models promote dataset=<name> version=<number>"


class Listed(Checked, frozen=True):
    """Which versions to list."""

    dataset: str


class Promote(Checked, frozen=True):
    """Which version is to serve, and why; with `override` whatever the gate says."""

    dataset: str
    version: Annotated[int, Meta(ge=1)]
    why: str = ""
    override: bool = False


class Override(Checked, frozen=True):
    """Which version may be asked for although it fails the gate, and why."""

    dataset: str
    version: Annotated[int, Meta(ge=1)]
    why: str


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
            _promote(database, asked, action)
        elif action == "override":
            _override(database, commands.parse(words, Override))
        else:
            back = commands.parse(words, Rollback)
            number = versions.before(database, back.dataset)
            _promote(database, Promote(back.dataset, number, back.why), action)


def _promote(database: peewee.Database, asked: Promote, kind: str) -> None:
    settings = configured.read()
    version = versions.get(database, asked.dataset, asked.version)
    load = loader(
        settings.folder(),
        most_records=settings.most_records,
        longest_text=settings.longest_text,
    )
    changed = promoting.promote(
        database,
        _gatekeeper(),
        load,
        version,
        kind=kind,
        by=getpass.getuser(),
        why=asked.why,
        is_override=asked.override,
    )
    serves = "serves from now on" if changed else "serves already"
    print(f"Version {version.number} of '{asked.dataset}' ({version.model}) {serves}.")


def _override(database: peewee.Database, asked: Override) -> None:
    version = versions.get(database, asked.dataset, asked.version)
    promoting.override(database, version, by=getpass.getuser(), why=asked.why)
    print(f"Version {asked.version} of '{asked.dataset}' may be asked for, whatever the gate says.")


def _gatekeeper() -> Gatekeeper:
    conf = Configured(configured.read().folder())
    conf.refresh()
    return Gatekeeper(conf)


def _list(database: peewee.Database, dataset: str) -> None:
    champion = versions.champions(database).get(dataset)
    gatekeeper = _gatekeeper()
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
                "; ".join(gatekeeper.missed(version)) or "passed",
                version.manifest["created"],
                str(version.manifest["git"]["commit"] or "")[:8],
            ]
        )
    metric = found[0].manifest["config"]["dataset"]["metric"]
    columns = ["serves", "version", "model", f"cv {metric}", "gate", "trained", "commit"]
    tables.show(dataset, columns, rows)


if __name__ == "__main__":
    guarded(main)
