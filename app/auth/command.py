"""Create, list and revoke API keys: python -m app keys create --name shop --scopes predict."""

from __future__ import annotations

import re
import sys
from argparse import Namespace

from app.auth import keys
from app.http.exchange import SCOPES
from app.settings import Settings
from app.store import database as databases
from app.store import opening
from app.store.opening import Parser
from app.store.redaction import PASTED, holds_key
from src.support import text_tables
from src.support.errors import UserError, unknown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
EXAMPLE = "keys create --name shop --scopes predict,label"


def add_arguments(parser: Parser) -> None:
    """Add the subcommands."""
    create = parser.add_command("create", "create a key, which is shown only once", EXAMPLE)
    create.add_argument("--name", required=True, help="of whoever is to use it")
    create.add_argument(
        "--scopes", default="predict", help=f"with commas between them: {', '.join(SCOPES)}"
    )
    create.set_defaults(run=_create)
    every = parser.add_command("list", "list all keys, the revoked ones too", "keys list")
    every.set_defaults(run=_list)
    revoke = parser.add_command("revoke", "end a key within a second", "keys revoke --name shop")
    revoke.add_argument("--name", required=True, help="whose key it is")
    revoke.set_defaults(run=_revoke)


def _create(arguments: Namespace, settings: Settings) -> None:
    if holds_key(arguments.name):
        raise UserError("The name of a key is kept, and this one is a key itself.", fix=PASTED)
    if not NAME.fullmatch(arguments.name):
        raise UserError(
            "The name of the key is not valid.",
            given=repr(arguments.name),
            choices=["1 to 64 letters, digits, _ . @ and -, beginning with a letter or a digit"],
        )
    scopes = [scope.strip() for scope in arguments.scopes.split(",")]
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown("scope", scope, SCOPES)
    with opening.opened(settings, is_made=True) as database:
        key = keys.create(database, arguments.name, scopes)
        place = databases.path(database) or "the database"
    print(key)
    print(
        f"It is shown only once; only its hash is stored, in {place}. From now on every caller of "
        "the service needs a key:\n"
        f"  curl -H 'Authorization: Bearer {key}' http://{settings.bind}/v1/datasets",
        file=sys.stderr,
    )


def _revoke(arguments: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        keys.revoke(database, arguments.name)
        left = len(keys.valid(database))
    name = arguments.name
    print(f"'{name}' is revoked." + ("" if left else " No key is left: this machine only."))


def _list(_: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        stored_keys = keys.listed(database)
    if not stored_keys:
        made = f"{opening.PROGRAM} {EXAMPLE}"
        print(f"There are no keys, so only this machine has access. Create one:\n  {made}")
        return
    columns = ["name", "begins", "scopes", "made", "revoked"]
    rows = [
        [row["name"], row["prefix"], row["scopes"], row["at"], row["revoked"] or ""]
        for row in stored_keys
    ]
    text_tables.show("API keys", columns, rows)
