"""What the service's commands share: words such as name=web, and the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import peewee

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
    return convert(given, kind, is_text=True)


@contextmanager
def opened() -> Iterator[peewee.Database]:
    """Open the service's database, brought to the present schema; say so where it is away."""
    settings = configured.read()
    database = databases.connect(settings.url(), settings.durability, settings.wait)
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
