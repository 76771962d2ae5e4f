from __future__ import annotations

from pathlib import Path

import pytest

from app import settings
from app.settings import Settings
from src.support.errors import UserError


def test_nothing_has_to_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings.read({})
    assert found == Settings()
    assert found.folder() == tmp_path / "var"
    assert found.url() == f"sqlite:///{tmp_path}/var/lapidary.db"
    assert found.bind.startswith("127.0.0.1:"), "without keys it is for this machine alone"
    assert found.origins == ()
    assert found.keep_days is None


def test_every_setting_is_read_from_the_environment() -> None:
    given = {
        "LAPIDARY_BIND": "0.0.0.0:80",
        "LAPIDARY_ROOT": "/ml/",
        "LAPIDARY_WORKERS": "3",
        "LAPIDARY_THREADS": "8",
        "LAPIDARY_LOG": "json",
        "LAPIDARY_VAR": "/srv/lapidary",
        "LAPIDARY_DURABILITY": "power",
        "LAPIDARY_MOST_RECORDS": "10",
        "LAPIDARY_LARGEST_BODY": "0.5",
        "LAPIDARY_LARGEST_UPLOAD": "50",
        "LAPIDARY_LONGEST_TEXT": "1000",
        "LAPIDARY_MOST_SIMILAR": "7",
        "LAPIDARY_PAGE": "20",
        "LAPIDARY_REDACT": "name,iban",
        "LAPIDARY_SIGN": "/keys/lapidary.key",
        "LAPIDARY_TRUST": "/keys/lapidary.pub,/keys/old.pub",
        "LAPIDARY_ORIGINS": "https://shop.example",
        "LAPIDARY_PROXIES": "2",
        "LAPIDARY_SLOW_READERS": "100",
        "LAPIDARY_SLOW_READERS_PER_ADDRESS": "10",
        "LAPIDARY_UNREAD": "32",
        "LAPIDARY_STALLED": "30",
        "LAPIDARY_KEEP_DAYS": "0.5",
        "LAPIDARY_KEEP_MEGABYTES": "100",
        "LAPIDARY_DISK_FLOOR": "0",
        "LAPIDARY_JOBS": "2",
        "LAPIDARY_WAIT": "1.5",
        "LAPIDARY_POLL": "0.1",
        "DATABASE_URL": "postgresql://me@host/name",
    }
    found = settings.read({**given, "PATH": "/bin", "LAPIDARY": "x"})
    unset = [
        name
        for name in Settings.__struct_fields__
        if getattr(found, name) == getattr(Settings(), name)
    ]
    assert unset == []
    assert found.root == "/ml"
    assert found.redact == ("name", "iban")
    assert found.origins == ("https://shop.example",)
    assert (found.workers, found.keep_days, found.wait) == (3, 0.5, 1.5)
    assert found.url() == "postgresql://me@host/name"


def test_an_empty_value_is_none() -> None:
    given = {"LAPIDARY_WORKERS": "", "LAPIDARY_REDACT": "", "DATABASE_URL": ""}
    assert settings.read(given) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAPIDARY_WORKERS", "many"),
        ("LAPIDARY_WORKERS", "0"),
        ("LAPIDARY_THREADS", "1"),
        ("LAPIDARY_DURABILITY", "none"),
        ("LAPIDARY_WAIT", "0"),
        ("LAPIDARY_PAGE", "1001"),
        ("LAPIDARY_PROXIES", "-1"),
        ("LAPIDARY_KEEP_DAYS", "0"),
        ("LAPIDARY_LARGEST_BODY", "nan"),
        ("LAPIDARY_WAIT", "inf"),
        ("LAPIDARY_KEEP_DAYS", "1e12"),
    ],
)
def test_an_error_names_the_variable_and_what_was_given(name: str, value: str) -> None:
    with pytest.raises(UserError, match=name) as caught:
        settings.read({name: value})
    assert caught.value.given == value


def test_a_misspelt_name_is_refused_with_the_right_one() -> None:
    with pytest.raises(UserError, match="LAPIDARY_WORKER'") as caught:
        settings.read({"LAPIDARY_WORKER": "3"})
    assert "LAPIDARY_WORKERS" in str(caught.value.fix)
    assert "LAPIDARY_DATABASE_URL" not in (caught.value.choices or [])


def test_the_database_has_its_usual_name_alone() -> None:
    with pytest.raises(UserError, match="LAPIDARY_DATABASE_URL"):
        settings.read({"LAPIDARY_DATABASE_URL": "sqlite:////x.db"})


@pytest.mark.parametrize("given", ["name, iban", "name,,iban", " name,iban "])
def test_spaces_in_a_list_are_no_part_of_a_name(given: str) -> None:
    assert settings.read({"LAPIDARY_REDACT": given}).redact == ("name", "iban")


def test_the_var_folder_may_be_anywhere(tmp_path: Path) -> None:
    found = Settings(var=str(tmp_path / "a b"))
    assert found.url() == f"sqlite:///{tmp_path}/a b/lapidary.db"
