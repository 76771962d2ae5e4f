"""Create, renew, list and revoke API keys: python -m app keys create --name shop."""

from __future__ import annotations

import re
import sys
from argparse import Namespace

import peewee

from app.auth import closure, keys, lifetime, quotas
from app.http.exchange import SCOPES, UNITS
from app.settings import Settings
from app.store import clock, opening
from app.store import database as databases
from app.store.opening import Parser
from app.store.redaction import PASTED, holds_key
from app.store.tables import Version
from src.config import configuration as configs
from src.support import text_tables
from src.support.errors import UserError, unknown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
EXAMPLE = "keys create --name shop --scopes predict,label"
LONGEST_NOTE = 200  # characters
GRACE = "1d"
COLUMNS = (
    *("name", "begins", "scopes", "datasets", "quotas"),
    *("made", "used", "ends", "state", "note"),
)
_CLOSED = (
    "Nobody is answered until there is one, "
    f"or until this machine is let in without: {opening.PROGRAM} keys open"
)


def add_arguments(parser: Parser) -> None:
    """Add the subcommands."""
    create = parser.add_command("create", "create a key, which is shown only once", EXAMPLE)
    create.add_argument("--name", required=True, help="of whoever is to use it")
    create.add_argument(
        "--scopes", default="predict", help=f"with commas between them: {', '.join(SCOPES)}"
    )
    create.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="DATASET",
        help="that it is for, once for each; all of them unless given",
    )
    create.add_argument(
        "--expires", metavar="TIME", help="after which it is refused: 12h, 90d or a date"
    )
    create.add_argument(
        "--quota",
        action="append",
        default=[],
        metavar="QUOTA",
        help="what it may use, once for each: "
        f"<{'|'.join(UNITS)}>=<number>/<{'|'.join(quotas.WINDOWS)}>",
    )
    create.add_argument("--note", help=f"for people, up to {LONGEST_NOTE} characters")
    create.set_defaults(run=_create)
    renew = "give a key another secret, and let the one before go on for a while"
    rotate = parser.add_command("rotate", renew, "keys rotate shop --grace 7d")
    rotate.add_argument("name", help="whose key it is")
    rotate.add_argument(
        "--grace",
        default=GRACE,
        metavar="TIME",
        help=f"for which the one before is valid: {GRACE} unless given, 0h to end it at once",
    )
    rotate.add_argument("--expires", metavar="TIME", help="another end: 12h, 90d or a date")
    rotate.set_defaults(run=_rotate)
    every = parser.add_command("list", "list all keys, the revoked ones too", "keys list")
    every.set_defaults(run=_list)
    revoke = parser.add_command("revoke", "end a key within a second", "keys revoke --name shop")
    revoke.add_argument("--name", required=True, help="whose key it is")
    revoke.set_defaults(run=_revoke)
    words = "let this machine in without a key again, where no key is left"
    parser.add_command("open", words, "keys open").set_defaults(run=_open)


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
    _check_note(arguments.note)
    allowed = quotas.read_all(arguments.quota)
    expires = None if arguments.expires is None else lifetime.end(arguments.expires, "--expires")
    with opening.opened(settings, is_made=True) as database:
        _check_datasets(arguments.dataset, database)
        closure.close(settings.folder())
        key = keys.create(
            database,
            arguments.name,
            scopes,
            datasets=arguments.dataset,
            expires=expires,
            note=arguments.note,
            allowed=allowed,
        )
        place = databases.path(database) or "the database"
    print(key)
    print(
        f"It is shown only once; only its hash is stored, in {place}. From now on every caller of "
        "the service needs a key:\n"
        f"  curl -H 'Authorization: Bearer {key}' http://{settings.bind}/v1/datasets",
        file=sys.stderr,
    )


def _check_note(note: str | None) -> None:
    if note is None:
        return
    if holds_key(note):
        raise UserError("The note of a key is kept, and this one holds a key.", fix=PASTED)
    if not note.isprintable() or not 0 < len(note) <= LONGEST_NOTE:
        raise UserError(
            "The note is not valid.",
            given=repr(note[:LONGEST_NOTE]),
            choices=[f"1 to {LONGEST_NOTE} characters in one line"],
        )


def _check_datasets(names: list[str], database: peewee.Database) -> None:
    """Raise UserError where a key would be for a dataset that is neither configured nor served."""
    served = Version.select(Version.dataset).distinct().tuples().execute(database)
    known = sorted({*configs.choices("dataset"), *(name for (name,) in served)})
    for name in names:
        if name not in known:
            raise unknown("dataset", name, known)


def _rotate(arguments: Namespace, settings: Settings) -> None:
    until = clock.text(clock.now() + lifetime.span(arguments.grace, "--grace"))
    expires = None if arguments.expires is None else lifetime.end(arguments.expires, "--expires")
    with opening.opened(settings) as database:
        key = keys.rotate(database, arguments.name, until, expires)
    print(key)
    print(
        f"It is shown only once. The one before is valid until {_minute(until)}, "
        f"unless '{arguments.name}' expires or is revoked earlier.",
        file=sys.stderr,
    )


def _revoke(arguments: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        keys.revoke(database, arguments.name)
        left = len(keys.unrevoked(database))
    name = arguments.name
    print(f"'{name}' is revoked." + ("" if left else f" No key is left. {_CLOSED}"))


def _open(_: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        names = sorted({key.name for key in keys.unrevoked(database).values()})
        if names:
            raise UserError(
                "There are keys, so every caller needs one.",
                given=", ".join(names),
                fix="revoke them first: python -m app keys revoke --name <name>",
            )
        closure.reopen(settings.folder())
    print("Within a second the service answers this machine without a key, and nobody else.")


def _list(_: Namespace, settings: Settings) -> None:
    with opening.opened(settings) as database:
        stored, former = keys.listed(database), keys.former(database)
    if not stored:
        made = f"{opening.PROGRAM} {EXAMPLE}"
        who = "There are no keys, so only this machine has access."
        if closure.is_closed(settings.folder()):
            who = f"There are no keys, though some were made. {_CLOSED}"
        print(f"{who} Create one:\n  {made}")
        return
    rows = []
    for row in stored:
        state = "revoked" if row["revoked"] else _state(row["expires"])
        limits = [row["scopes"], row["datasets"] or "all", row["quotas"] or ""]
        what = [*limits, _minute(row["at"]), _minute(row["used"])]
        end = _minute(row["revoked"] or row["expires"])
        rows.append([row["name"], row["prefix"], *what, end, state, row["note"] or ""])
        rows += [
            [one["name"], one["prefix"], *[""] * 5, _minute(one["until"]), "replaced", ""]
            for one in former
            if one["name"] == row["name"] and state != "revoked" and one["until"] > clock.stamp()
        ]
    text_tables.show("API keys", COLUMNS, rows)


def _state(expires: str | None) -> str:
    return "expired" if expires is not None and expires <= clock.stamp() else "valid"


def _minute(moment: str | None) -> str:
    return "" if moment is None else f"{clock.minute(moment)}Z"
