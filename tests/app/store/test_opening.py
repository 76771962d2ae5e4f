from __future__ import annotations

from pathlib import Path

import peewee
import pytest

from app.settings import Settings
from app.store import migrations, opening
from app.store.opening import Parser
from src.support.errors import UserError


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(var=str(tmp_path / "var"), database_url=database_url, wait=0.2)


@pytest.fixture
def parser() -> Parser:
    made = Parser(about="see to stones", example="stones polish ruby")
    polish = made.add_command("polish", "make a stone shine", "stones polish ruby --times 3")
    polish.add_argument("stone")
    polish.add_argument("--times", type=int, default=1)
    made.add_command("count", "count the stones", "stones count")
    return made


def test_words_are_read(parser: Parser) -> None:
    arguments = parser.parse_args(["polish", "ruby", "--times", "3"])
    assert (arguments.stone, arguments.times) == ("ruby", 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ["{polish,count}"]),
        (["polsih"], ["Invalid choice: 'polsih'", "'polish', 'count'"]),
        (["polish"], ["required: stone", "polish [-h] [--times TIMES] stone"]),
        (["polish", "ruby", "--times", "x"], ["Argument --times", "'x'", "[--times TIMES]"]),
        (["polish", "ruby", "--time", "3"], ["Unrecognized", "--time 3", "[--times TIMES]"]),
        (["count", "all"], ["Unrecognized arguments: all.", "allowed: python -m app count [-h]"]),
    ],
)
def test_a_wrong_word_is_one_message_that_names_what_is_allowed(
    parser: Parser, capsys: pytest.CaptureFixture[str], words: list[str], said: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(words)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("allowed:") == 1
    for part in said:
        assert part in err


@pytest.mark.parametrize(
    ("words", "example"),
    [([], "stones polish ruby"), (["polish"], "stones polish ruby --times 3")],
)
def test_help_has_an_example(
    parser: Parser, capsys: pytest.CaptureFixture[str], words: list[str], example: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([*words, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(f"example:\n  python -m app {example}\n")


def test_a_new_database_is_made_ready_and_closed_again(settings: Settings) -> None:
    with opening.opened(settings, is_made=True) as database:
        assert all(table.select().count(database) >= 0 for table in migrations.TABLES)
    assert database.is_closed()


def test_a_database_that_is_away_is_a_users_error() -> None:
    away = Settings(database_url="postgresql://me:hunter2@127.0.0.1:1/none", wait=0.2)
    with pytest.raises(UserError, match="cannot be used") as caught, opening.opened(away):
        pass
    assert "DATABASE_URL" in str(caught.value.fix)
    assert "hunter2" not in str(caught.value)


def test_a_refusal_in_the_middle_is_a_users_error_and_the_database_is_closed(
    settings: Settings,
) -> None:
    opened: list[peewee.Database] = []

    def fail() -> None:
        with opening.opened(settings, is_made=True) as database:
            opened.append(database)
            raise peewee.OperationalError("the disk is full")

    with pytest.raises(UserError, match="cannot be used") as caught:
        fail()
    assert caught.value.given == "the disk is full"
    assert opened[0].is_closed()


def test_a_file_that_is_no_database_is_a_users_error(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_bytes(b"no database at all" * 100)
    wrong = Settings(database_url=f"sqlite:///{file}")
    with pytest.raises(UserError, match="cannot be used"), opening.opened(wrong):
        pass


def test_in_another_folder_no_empty_database_is_made(tmp_path: Path) -> None:
    elsewhere = Settings(var=str(tmp_path / "var"))
    with pytest.raises(UserError, match="no database here"), opening.opened(elsewhere):
        pass
    assert not (tmp_path / "var").exists()
