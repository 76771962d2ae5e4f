"""python -m app keys, called here and as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import peewee
import pytest

from app.auth import closure
from app.auth import keys as stored
from app.auth.keys import digest
from app.settings import Settings
from app.store import clock, opening
from src.support.errors import UserError

Run = Callable[..., str]


@pytest.fixture
def run(run_command: Run) -> Run:
    return partial(run_command, "keys")


def test_a_key_is_shown_once_and_is_valid(run: Run, database: peewee.Database) -> None:
    key = run("create", "--name", "web", "--scopes", "predict, label").strip()
    ((prefix, known),) = stored.unrevoked(database).items()
    assert (known.name, known.scopes) == ("web", {"predict", "label"})
    assert known.hash == digest(key)
    listed = run("list")
    assert "web" in listed
    assert prefix in listed
    assert key not in listed


def test_a_key_may_predict_unless_it_is_said_otherwise(run: Run, database: peewee.Database) -> None:
    run("create", "--name", "web")
    assert [known.scopes for known in stored.unrevoked(database).values()] == [{"predict"}]


def test_a_revoked_key_is_listed_as_revoked(run: Run, database: peewee.Database) -> None:
    run("create", "--name", "web")
    run("create", "--name", "other")
    assert run("revoke", "--name", "web") == "'web' is revoked.\n"
    assert "keys open" in run("revoke", "--name", "other")
    assert stored.unrevoked(database) == {}
    assert str(run("list")).count("Z") >= 2


def test_a_key_is_listed_with_its_limits(run: Run, database: peewee.Database) -> None:
    words = ["--dataset", "diamonds", "--dataset", "payments", "--expires", "90d"]
    words += ["--quota", "records=1000/day", "--quota", "requests=5/minute", "--note", "of Ada"]
    run("create", "--name", "web", *words)
    (known,) = stored.unrevoked(database).values()
    assert known.datasets == {"diamonds", "payments"}
    days = clock.parse(known.until or "", "until") - clock.now()
    assert timedelta(days=89.9) < days < timedelta(days=90)
    listed = run("list")
    assert list(map(str, known.quotas)) == ["records=1000/day", "requests=5/minute"]
    for word in ("records=1000/day", "diamonds,payments", f"{known.until}"[:16], "valid", "of Ada"):
        assert word in listed
    stored.note_use(database, ["web"], stored.unrevoked(database))
    assert f"{clock.stamp()[:13]}" in run("list").split("payments")[1]


def test_a_renewed_key_is_shown_once_and_the_one_before_is_listed(
    run: Run, database: peewee.Database
) -> None:
    old = run("create", "--name", "web").strip()
    new = run("rotate", "web", "--grace", "7d").strip()
    known = stored.unrevoked(database)
    assert [bool(stored.find(key, known)) for key in (old, new)] == [True, True]
    assert "replaced" in run("list")
    run("rotate", "web", "--grace", "0h", "--expires", "2999-01-31")
    assert stored.find(new, stored.unrevoked(database)).has_ended
    listed = run("list")
    assert listed.count("replaced") == 1, "the one that goes on for a while"
    assert "2999-01-31" in listed
    run("revoke", "--name", "web")
    assert "replaced" not in run("list")


def test_without_keys_the_list_says_how_to_make_one(run: Run, settings: Settings) -> None:
    with opening.opened(settings, is_made=True):
        pass
    assert "python -m app keys create" in run("list")


def test_once_keys_were_made_this_machine_is_let_in_by_command_alone(
    run: Run, settings: Settings
) -> None:
    run("create", "--name", "web")
    assert closure.is_closed(settings.folder())
    with pytest.raises(UserError, match="every caller needs one") as caught:
        run("open")
    assert caught.value.given == "web"
    run("revoke", "--name", "web")
    assert closure.is_closed(settings.folder())
    run("open")
    assert not closure.is_closed(settings.folder())


@pytest.mark.parametrize("is_made", [False, True])
def test_the_list_says_whether_keys_were_made_before(
    run: Run, settings: Settings, database: peewee.Database, is_made: bool
) -> None:
    if is_made:
        closure.close(settings.folder())
    told = run("list")
    assert "keys create" in told
    assert ("only this machine has access" in told) != is_made
    assert ("keys open" in told) == is_made


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create", "--name", "a b"], "name of the key"),
        (["create", "--name", "x" * 65], "name of the key"),
        (["create", "--name", ""], "name of the key"),
        (["create", "--name", "web\n"], "name of the key"),
        (["create", "--name", "web", "--scopes", "everything"], "everything"),
        (["create", "--name", "web", "--scopes", ""], "scope"),
        (["create", "--name", "web", "--dataset", "diamond"], "diamond"),
        (["create", "--name", "web", "--dataset", ""], "dataset"),
        (["create", "--name", "web", "--quota", "records=5"], "no quota"),
        (["create", "--name", "web", *["--quota", "records=5/day"] * 2], "same unit"),
        (["create", "--name", "web", "--expires", "2001-01-31"], "over already"),
        (["create", "--name", "web", "--expires", "soon"], "--expires"),
        (["create", "--name", "web", "--note", ""], "note"),
        (["create", "--name", "web", "--note", "x" * 201], "note"),
        (["create", "--name", "web", "--note", f"lpd_12345678_{'x' * 43}"], "holds a key"),
        (["rotate", "nobody"], "nobody"),
        (["rotate", "nobody", "--grace", "2999-01-31"], "--grace"),
        (["revoke", "--name", "nobody"], "nobody"),
    ],
)
def test_a_wrong_value_makes_no_key(
    run: Run, database: peewee.Database, words: list[str], told: str
) -> None:
    with pytest.raises(UserError, match=told):
        run(*words)
    assert stored.listed(database) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "create,rotate,list,revoke,open"),
        (["make"], "'make'"),
        (["create"], "--name"),
        (["create", "name=web"], "--name"),
        (["revoke"], "--name"),
        (["list", "all"], "all"),
    ],
)
def test_a_wrong_word_makes_no_key(
    run: Run,
    database: peewee.Database,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert stored.listed(database) == []


def test_as_a_process_the_key_alone_goes_to_the_standard_output(
    database_url: str, tmp_path: Path, root: Path
) -> None:
    environ = {**os.environ, "DATABASE_URL": database_url, "LAPIDARY_VAR": str(tmp_path / "var")}

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", "keys", *words]
        return subprocess.run(
            command, cwd=root, env=environ, capture_output=True, text=True, check=False
        )

    made = start("create", "--name", "web")
    assert made.returncode == 0
    assert made.stdout.startswith("lpd_")
    assert made.stdout.count("\n") == 1, "it can be kept by KEY=$(...)"
    again = start("create", "--name", "web")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("Error: The key 'web' already exists.")
    assert "Traceback" not in again.stderr
