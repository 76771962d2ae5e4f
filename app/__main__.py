"""The service's commands: python -m app <noun> <verb> ..., where --help says more at each word."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from app import settings
from app.store.opening import Parser
from src.support.cli import guarded

# The module that adds its words, imported only where its noun is given; a sentence; an example.
NOUNS = {
    "backup": ("app.store.backup", "copy the database while it is in use", "backup copy.db"),
    "datasets": (
        "app.registry.datasets.command",
        "take a dataset away, and bring it back",
        "datasets retire churn --why 'the shop has closed'",
    ),
    "keys": (
        "app.auth.command",
        "create, renew, list and revoke API keys",
        "keys create --name shop --scopes predict,label",
    ),
    "labels": (
        "app.labels.command",
        "count labels, and remove deleted ones for ever",
        "labels list churn",
    ),
    "models": (
        "app.registry.command",
        "see and change which version serves",
        "models promote churn 2 --why 'the new grades'",
    ),
    "snapshot": (
        "app.trainings.rows.snapshot",
        "write labels into data/, where DVC tracks them",
        "snapshot churn",
    ),
    "transfer": (
        "app.store.transfer",
        "copy all rows into another database, such as from SQLite to PostgreSQL",
        "transfer postgresql://lapidary@db/lapidary",
    ),
}


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # what is kept is for this user alone, as where gunicorn writes it
    guarded(lambda: run(sys.argv[1:]))


def run(words: Sequence[str]) -> None:
    """Do what the words of a command line ask for."""
    arguments = parser(*words[:1]).parse_args(words)
    arguments.run(arguments, settings.read())


def parser(noun: str | None = None) -> Parser:
    """Make the command line, with all that can follow one of the nouns."""
    program = Parser(
        about="look after the service: its keys, its models, its labels and its database",
        example="keys list",
    )
    for name, (module, about, example) in NOUNS.items():
        command = program.add_command(name, about, example)
        if name == noun:
            import_module(module).add_arguments(command)
    return program


if __name__ == "__main__":
    main()
