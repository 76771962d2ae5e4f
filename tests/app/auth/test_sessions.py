from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.auth import sessions
from app.auth.keys import StoredKey, new_key
from src.support.errors import UserError

PREFIX = "lpd_12345678"
SECRET = b"x" * 32
KEYS = {PREFIX: StoredKey("web", "a" * 64, frozenset({"predict"}))}


def test_a_session_names_its_key() -> None:
    session = sessions.read(sessions.begin(PREFIX, KEYS[PREFIX], SECRET), KEYS, SECRET)
    assert session is not None
    assert session.prefix == PREFIX
    assert 0 <= time.time() + sessions.LIFE - session.expires < 60


def test_each_session_has_an_id_of_its_own() -> None:
    read = [
        sessions.read(sessions.begin(PREFIX, KEYS[PREFIX], SECRET), KEYS, SECRET) for _ in range(9)
    ]
    assert len({one.id for one in read if one is not None}) == 9


def test_a_session_does_not_hold_the_key() -> None:
    key, prefix, hashed = new_key()
    value = sessions.begin(prefix, StoredKey("web", hashed, frozenset()), SECRET)
    assert key not in value
    assert hashed not in value


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    value = sessions.begin(PREFIX, KEYS[PREFIX], SECRET)
    now = sessions.time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.LIFE + 2)
    assert sessions.read(value, KEYS, SECRET) is None


def test_a_session_ends_with_its_key() -> None:
    value = sessions.begin(PREFIX, KEYS[PREFIX], SECRET)
    assert sessions.read(value, {}, SECRET) is None
    renewed = {PREFIX: StoredKey("web", "b" * 64, frozenset())}
    assert sessions.read(value, renewed, SECRET) is None


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_session_that_was_changed_is_none(at: int) -> None:
    parts = sessions.begin(PREFIX, KEYS[PREFIX], SECRET).split(".")
    keys = {**KEYS, "lpd_87654321": KEYS[PREFIX]}
    parts[at] = ["lpd_87654321", str(int(parts[1]) + 1), "0" * 32, "0" * 64][at]
    assert sessions.read(".".join(parts), keys, SECRET) is None


@pytest.mark.parametrize(
    "value", ["", "x", "a.b.c", f"{PREFIX}.99999999999.{'0' * 32}.{'é' * 64}", "." * 99]
)
def test_what_is_no_session_is_none(value: str) -> None:
    assert sessions.read(value, KEYS, SECRET) is None


def test_a_cookie_is_found_among_others() -> None:
    environ = {"HTTP_COOKIE": f"a=1; {sessions.COOKIE}=x.1.y;b=2"}
    assert sessions.cookie(environ, sessions.COOKIE) == "x.1.y"
    assert sessions.cookie(environ, sessions.FORM) == ""
    assert sessions.cookie({}, sessions.COOKIE) == ""


def test_a_token_is_of_one_session() -> None:
    assert sessions.token("a") == sessions.token("a") != sessions.token("b")


@pytest.mark.parametrize(
    ("environ", "is_secure"),
    [
        ({}, True),
        ({"HTTP_HOST": "shop.example"}, True),
        ({"HTTP_HOST": "10.0.0.1:8000"}, True),
        ({"HTTP_HOST": "localhost:8000"}, False),
        ({"HTTP_HOST": "127.0.0.1:8000"}, False),
        ({"HTTP_HOST": "[::1]:8000"}, False),
        ({"HTTP_HOST": "localhost", "wsgi.url_scheme": "https"}, True),
        ({"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_PROTO": "https"}, True),
        ({"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_PROTO": "http, HTTPS"}, True),
        ({"HTTP_HOST": "localhost", "HTTP_X_FORWARDED_PROTO": "https, http"}, False),
    ],
)
def test_a_cookie_is_for_this_site_alone(environ: dict[str, str], is_secure: bool) -> None:
    header = sessions.header("name", "value", environ)
    assert header.startswith("name=value; ")
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert ("Secure" in header) is is_secure


def test_who_knows_the_stored_hash_alone_signs_nobody_in() -> None:
    value = sessions.begin(PREFIX, KEYS[PREFIX], b"y" * 32)
    assert sessions.read(value, KEYS, SECRET) is None


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(sessions.secret, [folder] * 50))
    assert [len(one) for one in found] == [sessions.BYTES]
    assert sessions.secret(tmp_path / "other") not in found
    assert [path.name for path in folder.iterdir()] == [sessions.SECRET]
    assert stat.S_IMODE((folder / sessions.SECRET).stat().st_mode) == 0o600


def test_of_two_who_make_a_secret_both_have_the_first(tmp_path: Path) -> None:
    first = sessions.secret(tmp_path)
    sessions._make(tmp_path / sessions.SECRET)
    assert sessions.secret(tmp_path) == first


def test_half_a_secret_is_none(tmp_path: Path) -> None:
    (tmp_path / sessions.SECRET).write_bytes(b"")
    with pytest.raises(UserError, match="damaged"):
        sessions.secret(tmp_path)
