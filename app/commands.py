"""What the service's commands share: words such as name=web, and the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import peewee
from msgspec.structs import fields

from app import settings as configured
from app.store import database as databases
from app.store.database import REFUSALS
from app.store.migrations import migrate
from src.checked import Checked, convert
from src.errors import UserError, unknown

Q = TypeVar("Q", bound=Checked)


def split(words: Sequence[str], actions: Sequence[str], usage: str) -> tuple[str, list[str]]:
    """Tell the action from its words; raise UserError where it is none of the known."""
    if not words or words[0] in ("-h", "--help", "help"):
        raise UserError("What is to be done?", choices=actions, fix=usage)
    if words[0] not in actions:
        raise unknown("action", words[0], actions)
    return words[0], list(words[1:])


def parse(words: Sequence[str], kind: type[Q]) -> Q:
    """Read words such as name=web into a struct; raise UserError that names the wrong one."""
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UserError("Words are given as name=value.", given=word)
        if name in given:
            raise UserError(f"'{name}' is given twice.", given=word)
        given[name] = value
    missing = [field.name for field in fields(kind) if field.required and field.name not in given]
    if missing and not set(given) - {field.name for field in fields(kind)}:
        raise UserError(f"'{missing[0]}' is missing.", fix=f"add {missing[0]}=<...>")
    return convert(given, kind, is_text=True)


@contextmanager
def opened(*, is_made: bool = False) -> Iterator[peewee.Database]:
    """Open the service's database, brought to the present schema; say so where it is away.

    With `is_made` one is made where there is none.
    """
    settings = configured.read()
    database = databases.connect(
        settings.url(), settings.durability, settings.wait, is_made=is_made
    )
    path = databases.path(database)
    if path is not None and not is_made and not path.is_file():
        raise UserError(
            "There is no database here.",
            given=path,
            fix="go to the project's folder, or set LAPIDARY_VAR as for the service; "
            "the service makes one when it starts",
        )
    try:
        migrate(database)
        yield database
    except REFUSALS as error:
        raise UserError(
            "The database cannot be used now.",
            given=str(error),
            fix="see DATABASE_URL and LAPIDARY_VAR; if it is busy, try again",
        ) from None
    finally:
        database.close()
