from __future__ import annotations

from pathlib import Path

import peewee
import pytest

from app import commands
from app.store import migrations
from src.checked import Checked
from src.errors import UserError


class Words(Checked, frozen=True):
    name: str
    count: int = 1


@pytest.fixture
def named(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LAPIDARY_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("LAPIDARY_WAIT", "0.2")


def test_words_become_a_struct() -> None:
    assert commands.parse(["name=a=b", "count=3"], Words) == Words("a=b", 3)
    assert commands.parse(["name="], Words) == Words("")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["name"], "name=value"),
        (["name=a", "name=b"], "twice"),
        (["nmae=a"], "nmae"),
        ([], "'name' is missing"),
        (["name=a", "count=x"], "count"),
    ],
)
def test_a_wrong_word_is_told(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        commands.parse(words, Words)


def test_an_action_is_told_from_its_words() -> None:
    assert commands.split(["go", "a=b"], ["go", "stay"], "usage") == ("go", ["a=b"])


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"], ["help"]])
def test_who_asks_gets_the_actions(words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        commands.split(words, ["go", "stay"], "how to")
    assert caught.value.choices == ["go", "stay"]
    assert caught.value.fix == "how to"


def test_a_misspelt_action_is_told() -> None:
    with pytest.raises(UserError, match="'og'"):
        commands.split(["og"], ["go", "stay"], "usage")


def test_a_new_database_is_made_ready_and_closed_again(named: None) -> None:
    with commands.opened(is_made=True) as database:
        assert all(table.select().count(database) >= 0 for table in migrations.TABLES)
    assert database.is_closed()


def test_a_database_that_is_away_is_a_users_error(
    named: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/none")
    with pytest.raises(UserError, match="cannot be used") as caught, commands.opened():
        pass
    assert "DATABASE_URL" in str(caught.value.fix)
    assert "hunter2" not in str(caught.value)


def test_a_refusal_in_the_middle_is_a_users_error_and_the_database_is_closed(named: None) -> None:
    opened: list[peewee.Database] = []

    def fail() -> None:
        with commands.opened(is_made=True) as database:
            opened.append(database)
            raise peewee.OperationalError("the disk is full")

    with pytest.raises(UserError, match="cannot be used") as caught:
        fail()
    assert caught.value.given == "the disk is full"
    assert opened[0].is_closed()


def test_a_file_that_is_no_database_is_a_users_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"no database at all" * 100)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    with pytest.raises(UserError, match="cannot be used"), commands.opened():
        pass


def test_in_another_folder_no_empty_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAPIDARY_VAR", str(tmp_path / "var"))
    with pytest.raises(UserError, match="no database here"), commands.opened():
        pass
    assert not (tmp_path / "var").exists()
