"""Make, list and revoke API keys: python -m app.keys create name=web scopes=predict."""

from __future__ import annotations

import sys
from typing import Annotated

from msgspec import Meta

from app import commands
from app import settings as configured
from app.exchange import SCOPES
from app.store import database as databases
from app.store import keys
from src import tables
from src.checked import Checked
from src.command import guarded
from src.errors import UserError, unknown

ACTIONS = ("create", "list", "revoke")
USAGE = "python -m app.keys create name=web scopes=predict,label"


class Create(Checked, frozen=True):
    """What a new key needs."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
    scopes: str = "predict"


class Revoke(Checked, frozen=True):
    """Which key ends."""

    name: str


def main() -> None:
    """Run the command line."""
    action, words = commands.split(sys.argv[1:], ACTIONS, USAGE)
    if action == "create":
        _create(commands.parse(words, Create))
    elif action == "revoke":
        _revoke(commands.parse(words, Revoke))
    elif words:
        raise UserError("'list' takes no words.", given=" ".join(words))
    else:
        _list()


def _create(asked: Create) -> None:
    scopes = [scope.strip() for scope in asked.scopes.split(",")]
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown("scope", scope, SCOPES)
    with commands.opened(is_made=True) as database:
        key = keys.create(database, asked.name, scopes)
        place = databases.path(database) or "the database"
    print(key)
    print(
        f"It is shown this once; only its hash is kept, in {place}. From now on every caller of "
        "the service needs a key:\n"
        f"  curl -H 'Authorization: Bearer {key}' http://{configured.read().bind}/v1/datasets",
        file=sys.stderr,
    )


def _revoke(asked: Revoke) -> None:
    with commands.opened() as database:
        keys.revoke(database, asked.name)
        left = len(keys.valid(database))
    print(f"'{asked.name}' is revoked." + ("" if left else " No key is left: this machine only."))


def _list() -> None:
    with commands.opened() as database:
        found = keys.listed(database)
    if not found:
        print(f"There are no keys; only this machine may ask. Make one:\n  {USAGE}")
        return
    columns = ["name", "begins", "scopes", "made", "revoked"]
    rows = [
        [row["name"], row["prefix"], row["scopes"], row["at"], row["revoked"] or ""]
        for row in found
    ]
    tables.show("API keys", columns, rows)


if __name__ == "__main__":
    guarded(main)
