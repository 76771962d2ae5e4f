"""python -m app.keys, called here and as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import peewee
import pytest

from app import commands, keys
from app.store import keys as stored
from app.store.keys import digest
from src.errors import UserError

Run = Callable[..., str]


@pytest.fixture
def run(run_command: Run) -> Run:
    return partial(run_command, keys)


def test_a_key_is_shown_once_and_is_valid(run: Run, database: peewee.Database) -> None:
    key = run("create", "name=web", "scopes=predict, label").strip()
    ((prefix, known),) = stored.valid(database).items()
    assert (known.name, known.scopes) == ("web", {"predict", "label"})
    assert known.hash == digest(key)
    listed = run("list")
    assert "web" in listed
    assert prefix in listed
    assert key not in listed


def test_a_key_may_predict_unless_it_is_said_otherwise(run: Run, database: peewee.Database) -> None:
    run("create", "name=web")
    assert [known.scopes for known in stored.valid(database).values()] == [{"predict"}]


def test_a_revoked_key_is_listed_as_revoked(run: Run, database: peewee.Database) -> None:
    run("create", "name=web")
    run("create", "name=other")
    assert run("revoke", "name=web") == "'web' is revoked.\n"
    assert "this machine only" in run("revoke", "name=other")
    assert stored.valid(database) == {}
    assert str(run("list")).count("Z") >= 2


def test_without_keys_the_list_says_how_to_make_one(run: Run) -> None:
    with commands.opened(is_made=True):
        pass
    assert "python -m app.keys create" in run("list")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "What is to be done"),
        (["make"], "'make'"),
        (["create"], "name"),
        (["create", "name=a b"], "name"),
        (["create", f"name={'x' * 65}"], "name"),
        (["create", "name="], "name"),
        (["create", "name=web", "scopes=everything"], "everything"),
        (["create", "name=web", "scopes="], "scope"),
        (["revoke", "name=nobody"], "nobody"),
        (["list", "all"], "takes no words"),
    ],
)
def test_a_wrong_word_makes_no_key(
    run: Run, database: peewee.Database, words: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        run(*words)
    assert stored.listed(database) == []


def test_as_a_process_the_key_alone_goes_to_the_standard_output(
    database_url: str, tmp_path: Path, root: Path
) -> None:
    environ = {**os.environ, "DATABASE_URL": database_url, "LAPIDARY_VAR": str(tmp_path / "var")}

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app.keys", *words]
        return subprocess.run(
            command, cwd=root, env=environ, capture_output=True, text=True, check=False
        )

    made = start("create", "name=web")
    assert made.returncode == 0
    assert made.stdout.startswith("lpd_")
    assert made.stdout.count("\n") == 1, "it can be kept by KEY=$(...)"
    again = start("create", "name=web")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("Error: There is a key 'web' already.")
    assert "Traceback" not in again.stderr
