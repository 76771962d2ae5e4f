"""What the service's commands share: how their words are read, and the open database."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import peewee

from app.settings import Settings
from app.store import database as databases
from app.store.database import REFUSALS
from app.store.migrations import migrate
from src.support.errors import UserError

PROGRAM = "python -m app"


class Parser(argparse.ArgumentParser):
    """Parse a command line, and report errors in one message with what is allowed."""

    def __init__(self, *, about: str, example: str, prog: str = PROGRAM) -> None:
        """Take a sentence and an example (what follows `python -m app`) for --help."""
        super().__init__(
            prog=prog,
            description=f"{about[:1].upper()}{about[1:]}.",
            epilog=f"example:\n  {PROGRAM} {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._commands: argparse._SubParsersAction[Parser] | None = None

    def add_command(self, name: str, about: str, example: str) -> Parser:
        """Add a subcommand and return its parser."""
        if self._commands is None:
            self._commands = self.add_subparsers(required=True)
        return self._commands.add_parser(name, help=about, about=about, example=example)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse unknown arguments here, where the allowed ones are known."""
        arguments, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return arguments, rest

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with status 2."""
        what = re.sub(r"^argument \{.*?\}: ", "", message)
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        wrong = UserError(
            f"{what[:1].upper()}{what[1:]}.", choices=[usage], fix=f"see {self.prog} --help"
        )
        self.exit(2, f"Error: {wrong}\n")


@contextmanager
def opened(settings: Settings, *, is_made: bool = False) -> Iterator[peewee.Database]:
    """Open the service's database, migrated to the current schema.

    With `is_made` it is created if it does not exist. Raises UserError if it cannot be opened.
    """
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
