from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import peewee
import pytest

from app.auth import ended_sessions, keys, sessions
from app.auth.guesses import MOST
from app.store import clock
from app.store import database as databases
from app.store.tables import EndedSession
from tests.app import server as servers
from tests.app.conftest import MakeService
from tests.app.dashboard.browser import Browser, expect
from tests.app.dashboard.visitor import Visitor
from tests.app.service import Service

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def locked(make_service: MakeService) -> tuple[Service, str]:
    """Start a service that needs a key; return it with one."""
    service = make_service()
    key = keys.create(service.database, "web", ["predict"])
    service.look()
    return service, key


def cookie(answer: Any, name: str) -> str:
    found = re.search(rf"{name}=([^;]*)", str(answer.headers.get("set-cookie")))
    assert found is not None
    return found[1]


def sign_in(service: Service, key: str, going: str = "/") -> Any:
    form = service.ask("/signin", headers=BROWSER)
    token = re.search(r'name="csrf" value="(\w+)"', form.text)
    assert token is not None
    return service.client.simulate_post(
        "/signin",
        body=f"csrf={token[1]}&key={key}&next={going}",
        headers={"Cookie": f"{sessions.FORM}={cookie(form, sessions.FORM)}"},
        content_type="application/x-www-form-urlencoded",
    )


@SQLITE
def test_who_is_not_signed_in_is_led_there(locked: tuple[Service, str]) -> None:
    answer = locked[0].ask("/", headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin?next=/"


@SQLITE
def test_a_key_opens_the_pages(locked: tuple[Service, str]) -> None:
    service, key = locked
    answer = sign_in(service, key, quote("/?x=1"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/?x=1")
    session = {"Cookie": f"{sessions.COOKIE}={cookie(answer, sessions.COOKIE)}", **BROWSER}
    page = service.ask("/", headers=session)
    assert page.status_code == 200
    assert "web" in page.text
    assert "/requests" not in page.text, "what the key may not see is not offered"
    assert all(key.encode() not in (row["request_body"] or b"") for row in service.rows())
    assert service.rows()[-2]["request_body"] in (None, b"")


@SQLITE
def test_a_wrong_key_is_told_and_not_repeated(locked: tuple[Service, str]) -> None:
    answer = sign_in(locked[0], "lpd_wrong_key")
    assert answer.status_code == 403
    assert "This API key is not valid" in answer.text
    assert "lpd_wrong_key" not in answer.text


@SQLITE
def test_a_key_that_has_expired_signs_nobody_in(locked: tuple[Service, str]) -> None:
    service, _ = locked
    end = clock.text(clock.now() - timedelta(minutes=1))
    key = keys.create(service.database, "old", ["predict"], expires=end)
    service.look()
    answer = sign_in(service, key)
    assert answer.status_code == 403
    assert "This API key has expired" in answer.text


@SQLITE
def test_who_signs_in_is_in_the_log(locked: tuple[Service, str]) -> None:
    service, key = locked
    sign_in(service, key)
    assert [row["caller"] for row in service.rows()] == ["(anyone)", "web"]


@SQLITE
def test_who_tries_many_keys_is_told_to_wait_on_the_page(locked: tuple[Service, str]) -> None:
    service, key = locked
    for _ in range(MOST):
        assert sign_in(service, "lpd_wrong_key").status_code == 403
    answer = sign_in(service, "lpd_wrong_key")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many wrong API keys" in answer.text
    assert sign_in(service, key).status_code == 303


@SQLITE
def test_a_form_of_another_site_signs_nobody_in(locked: tuple[Service, str]) -> None:
    service, key = locked
    answer = service.client.simulate_post("/signin", body=f"key={key}&csrf=&next=/")
    assert answer.status_code == 403
    assert sessions.COOKIE not in str(answer.headers.get("set-cookie"))


@SQLITE
@pytest.mark.parametrize(
    ("body", "status"), [("key=" + "x" * 8000, 413), ("&".join("abcdefghijk") + "&a=1" * 11, 400)]
)
def test_what_is_no_form_is_told_on_the_page(
    locked: tuple[Service, str], body: str, status: int
) -> None:
    answer = locked[0].client.simulate_post("/signin", body=body)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert 'role="alert"' in answer.text
    assert locked[0].rows()[-1]["request_body"] in (None, b"")


@SQLITE
@pytest.mark.parametrize(("path", "method"), [("/signin", "POST"), ("/", "GET")])
def test_nobody_without_a_key_has_much_stored(
    locked: tuple[Service, str], path: str, method: str
) -> None:
    answer = locked[0].ask(path, method, body="x" * 20_000)
    assert answer.status_code == 413
    assert locked[0].rows()[-1]["request_body"] is None


@SQLITE
def test_who_is_signed_in_may_sign_in_again(locked: tuple[Service, str]) -> None:
    service, key = locked
    session = f"{sessions.COOKIE}={cookie(sign_in(service, key), sessions.COOKIE)}"
    form = service.ask("/signin", headers={**BROWSER, "Cookie": session})
    both = f"{session}; {sessions.FORM}={cookie(form, sessions.FORM)}"
    own = sessions.token(cookie(form, sessions.FORM))
    assert own in form.text
    body = f"csrf={own}&key={key}&next=/"
    answer = service.client.simulate_post("/signin", body=body, headers={"Cookie": both})
    assert answer.status_code == 303


@SQLITE
@pytest.mark.parametrize("going", ["//other.example", "https://other.example", "/\\other.example"])
def test_nobody_is_sent_elsewhere(locked: tuple[Service, str], going: str) -> None:
    answer = sign_in(*locked, going)
    assert answer.headers["location"] == "/"


@SQLITE
def test_where_nobody_needs_a_key_nobody_signs_in(service: Service) -> None:
    answer = service.ask("/signin", headers=BROWSER, query_string="next=/requests")
    assert (answer.status_code, answer.headers["location"]) == (303, "/requests")


def test_a_copied_cookie_ends_where_one_signs_out(
    locked: tuple[Service, str], make_service: MakeService
) -> None:
    service, key = locked
    other = make_service()  # a worker beside it
    mine, another = (cookie(sign_in(service, key), sessions.COOKIE) for _ in range(2))
    assert mine != another

    def is_in(api: Service, value: str) -> bool:
        headers = {"Cookie": f"{sessions.COOKIE}={value}", **BROWSER}
        return bool(api.ask("/", headers=headers).status_code == 200)

    assert is_in(service, mine)
    assert is_in(other, mine)
    given = {"Cookie": f"{sessions.COOKIE}={mine}", "X-CSRF-Token": sessions.token(mine)}
    foreign = {**given, "X-CSRF-Token": sessions.token(another)}
    assert service.ask("/signout", "POST", headers=foreign).status_code == 403
    assert is_in(service, mine), "nobody else may sign them out"
    answer = service.ask("/signout", "POST", headers=given)
    assert answer.status_code == 204
    assert cookie(answer, sessions.COOKIE) == ""
    assert not is_in(service, mine), "at once where one signs out"
    service.look()
    assert not is_in(service, mine), "and after what this worker hears of itself"
    other.look()
    assert not is_in(other, mine), "as soon as another looks"
    assert not is_in(make_service(), mine), "and after a start"
    for api in (service, other):
        assert is_in(api, another), "a session alone, and not the key"
    assert service.ask("/signout", "POST", headers=given).status_code == 401
    assert mine.encode() not in service.everything()
    assert mine.rpartition(".")[2].encode() not in service.everything()


@pytest.mark.slow
def test_who_signs_out_of_one_worker_is_signed_out_of_all(home: Path, tmp_path: Path) -> None:
    with servers.running(home, tmp_path / "var", workers="2") as server:
        database = databases.connect(f"sqlite:///{server.database}", "process", 5)
        key = keys.create(database, "shop", ["predict"])
        database.close()
        secret = sessions.secret(tmp_path / "var")
        stored = keys.StoredKey("shop", keys.digest(key), frozenset({"predict"}))
        value = sessions.begin(keys.beginning(key), stored, secret)
        asked = {"Cookie": f"{sessions.COOKIE}={value}", "X-CSRF-Token": sessions.token(value)}

        def statuses(**headers: str) -> set[int]:
            given = headers or asked
            return {server.ask("GET", "/v1/datasets", None, **given)[0] for _ in range(20)}

        nobody = {"Accept": "application/json"}
        server.wait_until(lambda: statuses(**nobody) == {401}, "every worker knows the key")
        assert statuses() == {200}
        assert server.ask("POST", "/signout", None, **asked)[0] == 204
        server.wait_until(lambda: statuses() == {401}, "every worker knows of the end")
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        server.wait_until(lambda: statuses() == {401}, "and those that came after")


@SQLITE
def test_who_signs_out_with_a_key_ends_no_session(locked: tuple[Service, str]) -> None:
    service, key = locked
    assert service.ask("/signout", "POST", headers={"X-API-Key": key}).status_code == 204
    assert service.rows(EndedSession) == []


@SQLITE
def test_who_cannot_be_signed_out_is_told_so(
    locked: tuple[Service, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, key = locked
    mine = cookie(sign_in(service, key), sessions.COOKIE)

    def refuse(*_: Any) -> None:
        raise peewee.OperationalError("database is locked")

    monkeypatch.setattr(ended_sessions, "end", refuse)
    given = {"Cookie": f"{sessions.COOKIE}={mine}", "X-CSRF-Token": sessions.token(mine)}
    assert service.ask("/signout", "POST", headers=given).status_code == 503


@pytest.fixture
def guarded(home: Path, tmp_path: Path, browser: Browser) -> Iterator[tuple[Visitor, str]]:
    """Sit down before a service that needs a key."""
    with servers.running(home, tmp_path / "guarded", workers="1") as server:
        database = databases.connect(f"sqlite:///{server.database}", "process", 5)
        key = keys.create(database, "shop", ["predict"])
        database.close()
        server.wait_until(lambda: server.ask("GET", "/v1/datasets")[0] == 401, "the key is known")
        context = browser.new_context(viewport={"width": 390, "height": 900})
        visitor = Visitor(context.new_page(), f"http://127.0.0.1:{server.port}", 390)
        yield visitor, key
        context.close()


@pytest.mark.slow
def test_a_person_signs_in_and_out(guarded: tuple[Visitor, str]) -> None:
    visitor, key = guarded
    visitor.expected.append("403")
    visitor.go("/")
    visitor.check("signin")
    visitor.find("#key").fill("lpd_12345678_wrong")
    visitor.find("#key").press("Enter")
    expect(visitor.find("[role=alert]")).to_contain_text("not valid")
    visitor.find("#key").fill(key)
    visitor.find("#key").press("Enter")
    expect(visitor.find("h1")).to_have_text("Datasets")
    visitor.find("text=Sign out").click()
    expect(visitor.find("h1")).to_have_text("Sign in")
    visitor.go("/")
    expect(visitor.find("h1")).to_have_text("Sign in")
    visitor.check_quiet()
