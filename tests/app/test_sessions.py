from __future__ import annotations

import pytest

from app import security, sessions
from app.security import StoredKey

PREFIX = "lpd_12345678"
KEYS = {PREFIX: StoredKey("web", "a" * 64, frozenset({"predict"}))}


def test_a_session_names_its_key() -> None:
    assert sessions.prefix(sessions.begin(PREFIX, KEYS[PREFIX]), KEYS) == PREFIX


def test_a_session_does_not_hold_the_key() -> None:
    key, prefix, hashed = security.new_key()
    value = sessions.begin(prefix, StoredKey("web", hashed, frozenset()))
    assert key not in value
    assert hashed not in value


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    value = sessions.begin(PREFIX, KEYS[PREFIX])
    now = sessions.time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: now + sessions.LIFE + 2)
    assert sessions.prefix(value, KEYS) is None


def test_a_session_ends_with_its_key() -> None:
    value = sessions.begin(PREFIX, KEYS[PREFIX])
    assert sessions.prefix(value, {}) is None
    renewed = {PREFIX: StoredKey("web", "b" * 64, frozenset())}
    assert sessions.prefix(value, renewed) is None


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_session_that_was_changed_is_none(at: int) -> None:
    parts = sessions.begin(PREFIX, KEYS[PREFIX]).split(".")
    keys = {**KEYS, "lpd_87654321": KEYS[PREFIX]}
    parts[at] = ["lpd_87654321", str(int(parts[1]) + 1), "0" * 64][at]
    assert sessions.prefix(".".join(parts), keys) is None


@pytest.mark.parametrize("value", ["", "x", "a.b.c", f"{PREFIX}.99999999999.{'é' * 64}", "." * 99])
def test_what_is_no_session_is_none(value: str) -> None:
    assert sessions.prefix(value, KEYS) is None


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
        ({}, False),
        ({"wsgi.url_scheme": "https"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "https"}, True),
    ],
)
def test_a_cookie_is_for_this_site_alone(environ: dict[str, str], is_secure: bool) -> None:
    header = sessions.header("name", "value", environ)
    assert header.startswith("name=value; ")
    assert "HttpOnly" in header
    assert "SameSite=Strict" in header
    assert ("Secure" in header) is is_secure
