from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.auth import keys, sessions
from app.auth.guard import Guard
from app.auth.guesses import MOST
from app.auth.keys import StoredKey, digest, new_key
from app.http import problems
from app.http.exchange import ANYONE, HERE, SCOPES, Caller
from src.support.errors import UserError
from tests.app.http import routes

KEY, PREFIX, HASH = new_key()
OTHER = new_key()[0]
STORED = {PREFIX: StoredKey("web", HASH, frozenset({"predict"}))}


def guard(*, locked: bool = True, proxies: int = 0, origins: tuple[str, ...] = ()) -> Guard:
    made = Guard(proxies=proxies, origins=origins, secret=b"s")
    made.know(routes.table())
    made.learn(STORED if locked else {})
    return made


def environ(path: str = "/v1/stones", method: str = "GET", **more: str) -> dict[str, Any]:
    given = {"REMOTE_ADDR": "127.0.0.1", **more}
    return {"PATH_INFO": path, "REQUEST_METHOD": method, **given}


def refused(guard: Guard, given: dict[str, Any]) -> UserError:
    with pytest.raises(UserError) as caught:
        guard.admit(given)
    return caught.value


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", ""])
def test_without_keys_this_machine_may_do_all(address: str) -> None:
    caller = guard(locked=False).admit(environ(REMOTE_ADDR=address))
    assert caller == HERE
    assert all(caller.may(scope) for scope in SCOPES)


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "10.0.0.1"},
        {"REMOTE_ADDR": "::ffff:10.0.0.1"},
        {"REMOTE_ADDR": "nonsense"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "10.0.0.1"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/stones", "/metrics", "/docs", "/openapi.json"])
def test_without_keys_nobody_else_may_do_anything(more: dict[str, str], path: str) -> None:
    problem = refused(guard(locked=False), environ(path, **more))
    assert problems.status(problem) == 403
    assert "app keys create" in problem.fix


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:8000", True),
        ("evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("agent", ["Mozilla/5.0 (X11)", "curl/8", "Opera/9.80"])
def test_this_machine_is_asked_by_its_own_name(host: str, is_here: bool, agent: str) -> None:
    """A page of another site can have its own name lead here."""
    given = environ(HTTP_HOST=host, HTTP_USER_AGENT=agent)
    if is_here:
        assert guard(locked=False).admit(given) == HERE
    else:
        assert problems.status(refused(guard(locked=False), given)) == 403
    assert guard(locked=False).admit({**given, "REMOTE_ADDR": ""}) == HERE, "of a Unix socket"


@pytest.mark.parametrize("path", ["/v1/stones", "/docs", "/", "/signin"])
def test_where_keys_were_made_nobody_is_admitted_without_them(path: str) -> None:
    closed = guard()
    closed.learn({}, is_closed=True)
    for more in ({}, {"HTTP_X_API_KEY": KEY}):
        assert refused(closed, environ(path, **more)).code == "api_keys_lost"
    assert not closed.is_open
    assert closed.admit(environ("/healthz")) == ANYONE


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("locked", [False, True])
def test_probes_are_for_anyone(path: str, locked: bool) -> None:
    assert guard(locked=locked).admit(environ(path, REMOTE_ADDR="10.0.0.1")) == ANYONE
    assert problems.status(refused(guard(), environ(f"{path}/x"))) == 401


PAGES = ["/", "/signin", "/static/x/page.js", "/datasets/stones", "/requests", "/requests/1"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_look_themselves_at_who_asks(path: str) -> None:
    for method in ("GET", "HEAD"):
        assert guard().admit(environ(path, method, REMOTE_ADDR="10.0.0.1")) == ANYONE


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "ODD"])
@pytest.mark.parametrize("path", [*PAGES, "/docs", "/openapi.json"])
def test_anyone_may_only_read_and_sign_in(path: str, method: str) -> None:
    given = environ(path, method)
    if (method, path) == ("POST", "/signin"):
        assert guard().admit(given) == ANYONE
    else:
        assert problems.status(refused(guard(), given)) == 401


def signed_in(method: str = "GET", **more: str) -> dict[str, Any]:
    cookie, _ = guard().sign_in(KEY, environ())
    more = {name: value.replace("TOKEN", sessions.token(cookie)) for name, value in more.items()}
    more["HTTP_COOKIE"] = f"{sessions.COOKIE}={cookie}"
    return environ("/v1/stones", method, REMOTE_ADDR="10.0.0.1", **more)


def test_who_signed_in_is_known() -> None:
    assert guard().admit(signed_in()) == Caller("web", frozenset({"predict"}))
    for made, key in ((guard(), OTHER), (guard(locked=False), KEY)):
        with pytest.raises(UserError, match="not valid"):
            made.sign_in(key, environ())


def ended(**more: Any) -> Guard:
    made = guard()
    made.learn({PREFIX: replace(STORED[PREFIX], until="2020-01-31T10:20:30.000000Z", **more)})
    return made


@pytest.mark.parametrize(("is_former", "reason"), [(False, "has expired"), (True, "replaced")])
def test_a_key_that_has_ended_is_refused_with_the_reason(is_former: bool, reason: str) -> None:
    made = ended(is_former=is_former)
    problem = refused(made, environ(HTTP_X_API_KEY=KEY))
    assert (problems.status(problem), problem.code) == (401, "expired_api_key")
    assert reason in problem.what
    assert "2020-01-31 10:20 UTC" in problem.what
    with pytest.raises(UserError, match=reason):
        made.sign_in(KEY, environ())
    assert made.take_used() == set()


def test_a_key_that_has_ended_ends_its_sessions_and_opens_nothing() -> None:
    assert refused(ended(), signed_in()).code == "missing_api_key"
    assert not ended().is_open
    assert refused(ended(), environ()).code == "missing_api_key"


def test_who_ended_is_told_to_those_alone_who_have_the_key() -> None:
    assert refused(ended(), environ(HTTP_X_API_KEY=KEY[:-1])).code == "invalid_api_key"


def test_a_key_is_used_by_whoever_calls_or_is_signed_in_with_it() -> None:
    made = guard()
    for given in (environ(HTTP_X_API_KEY=KEY), signed_in()):
        made.admit(given)
        assert made.take_used() == {"web"}
        assert made.take_used() == set()
    refused(made, environ(HTTP_X_API_KEY=OTHER))
    assert made.take_used() == set()


def test_where_a_key_is_for_some_datasets_nobody_sees_them_without_one() -> None:
    made = guard()
    assert made.admit(environ("/docs")).sees("stones")
    made.learn({PREFIX: replace(STORED[PREFIX], datasets=frozenset({"stones"}))})
    for path in ("/docs", "/readyz"):
        caller = made.admit(environ(path))
        assert caller.is_anyone
        assert not caller.sees("stones")
    caller = made.admit(environ(HTTP_X_API_KEY=KEY))
    assert (caller.sees("stones"), caller.sees("debts")) == (True, False)


def test_a_change_with_a_cookie_needs_the_pages_token() -> None:
    assert problems.status(refused(guard(), signed_in("POST"))) == 403
    assert problems.status(refused(guard(), signed_in("DELETE", HTTP_X_CSRF_TOKEN="x"))) == 403
    assert problems.status(refused(guard(), signed_in("POST", HTTP_X_CSRF_TOKEN="é"))) == 403
    assert guard().admit(signed_in("POST", HTTP_X_CSRF_TOKEN="TOKEN")).name == "web"
    given = refused(guard(), signed_in("POST", HTTP_X_CSRF_TOKEN="a secret")).given
    assert "a secret" not in given


def test_who_is_signed_in_may_sign_in_again() -> None:
    assert guard().admit({**signed_in("POST"), "PATH_INFO": "/signin"}).name == "web"


def test_a_key_goes_before_a_cookie() -> None:
    given = signed_in("POST", HTTP_AUTHORIZATION=f"Bearer {OTHER}")
    assert problems.status(refused(guard(), given)) == 401
    assert guard().admit(signed_in("POST", HTTP_X_API_KEY=KEY)).name == "web"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_without_keys_no_other_sites_page_changes_anything(site: str) -> None:
    origin = "https://other.example"
    given = {"HTTP_SEC_FETCH_SITE": site, "HTTP_ORIGIN": origin}
    assert problems.status(refused(guard(locked=False), environ("/v1/x", "POST", **given))) == 403
    assert guard(locked=False).admit(environ("/v1/x", "GET", **given)) == HERE
    listed = guard(locked=False, origins=(origin,))
    assert listed.admit(environ("/v1/x", "POST", **given)) == HERE
    own = environ("/v1/x", "POST", HTTP_SEC_FETCH_SITE="same-origin")
    assert guard(locked=False).admit(own) == HERE


@pytest.mark.parametrize("path", ["/docs", "/docs/docs.js", "/openapi.json"])
def test_the_description_is_for_anyone_where_there_are_keys(path: str) -> None:
    assert guard().admit(environ(path, REMOTE_ADDR="10.0.0.1")) == ANYONE


@pytest.mark.parametrize("path", ["/v1/docs", "/metrics", "/doc", "/request", "/datasets", "/sign"])
def test_nothing_else_is(path: str) -> None:
    assert problems.status(refused(guard(), environ(path))) == 401


@pytest.mark.parametrize(
    "more",
    [
        {"HTTP_AUTHORIZATION": f"Bearer {KEY}"},
        {"HTTP_AUTHORIZATION": f"bearer   {KEY} "},
        {"HTTP_X_API_KEY": KEY},
        {"HTTP_X_API_KEY": f" {KEY} "},
        {"HTTP_X_API_KEY": KEY, "HTTP_AUTHORIZATION": "Basic eDp5"},
        {"HTTP_X_API_KEY": KEY, "REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.2"},
    ],
)
def test_a_key_tells_its_caller_and_the_scopes(more: dict[str, str]) -> None:
    caller = guard().admit(environ(**more))
    assert caller == Caller("web", frozenset({"predict"}))


@pytest.mark.parametrize(
    "given",
    [
        "guess",
        PREFIX,
        OTHER,
        KEY[:-1],
        f"{KEY}x",
        PREFIX + OTHER[len(PREFIX) :],
        "lpd_é",
        "\xff" * 50,
    ],
    ids=["guess", "prefix", "other", "shorter", "longer", "mixed", "letter", "bytes"],
)
@pytest.mark.parametrize("header", ["HTTP_X_API_KEY", "HTTP_AUTHORIZATION"])
@pytest.mark.parametrize("path", ["/v1/stones", "/docs"])
def test_a_wrong_key_is_refused_even_on_this_machine(given: str, header: str, path: str) -> None:
    value = given if header == "HTTP_X_API_KEY" else f"Bearer {given}"
    problem = refused(guard(), environ(path, **{header: value}))
    assert problems.status(problem) == 401
    assert problems.headers(problem) == {"WWW-Authenticate": "Bearer"}
    assert given not in str(problem)


def test_after_some_wrong_keys_an_address_is_told_to_wait_before_they_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, wrong = guard(proxies=1), f"{PREFIX}_wrong"
    here = {"HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    for key in (OTHER, wrong) * (MOST // 2):
        assert refused(made, environ(HTTP_X_API_KEY=key, **here)).code == "invalid_api_key"
    hashed: list[str] = []
    monkeypatch.setattr(keys, "digest", lambda key: hashed.append(key) or digest(key))
    for key in (OTHER, wrong):
        problem = refused(made, environ(HTTP_X_API_KEY=key, **here))
        assert (problems.status(problem), problem.code) == (429, "too_many_wrong_keys")
        assert 0 < int(problems.headers(problem)["Retry-After"]) <= 60
        with pytest.raises(UserError, match="Too many wrong"):
            made.sign_in(key, environ(**here))
    assert hashed == [wrong, wrong], "what no key begins with is not even hashed"
    assert made.admit(environ(HTTP_X_API_KEY=KEY, **here)).name == "web", "a right one gets in"
    assert refused(made, environ(**here)).code == "missing_api_key", "none is no guess"
    there = {"HTTP_X_FORWARDED_FOR": "10.0.0.1, 10.0.0.2"}
    assert refused(made, environ(HTTP_X_API_KEY=OTHER, **there)).code == "invalid_api_key"


@pytest.mark.parametrize("more", [{}, {"HTTP_AUTHORIZATION": "Bearer "}, {"HTTP_X_API_KEY": ""}])
def test_no_key_is_told_from_a_wrong_one(more: dict[str, str]) -> None:
    problem = refused(guard(), environ(**more))
    assert problems.status(problem) == 401
    assert "none was sent" in problem.what


def test_a_revoked_key_is_refused_as_soon_as_it_is_known() -> None:
    made = guard()
    given = environ(HTTP_X_API_KEY=KEY)
    made.admit(given)
    made.learn({"lpd_another": STORED[PREFIX]})
    assert problems.status(refused(made, given)) == 401


@pytest.mark.parametrize(
    ("proxies", "chain", "client"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "a\x00b", "127.0.0.1"),
        (1, "x" * 1000, "x" * 64),
    ],
)
def test_a_client_is_whom_the_trusted_proxies_name(proxies: int, chain: str, client: str) -> None:
    given = environ(HTTP_X_FORWARDED_FOR=chain)
    assert guard(proxies=proxies).client(given) == client


def test_a_client_of_a_unix_socket_is_local() -> None:
    assert guard().client(environ(REMOTE_ADDR="")) == "local"


ORIGIN = "https://shop.example"


@pytest.mark.parametrize(
    ("origins", "origin", "is_allowed"),
    [
        ((), ORIGIN, False),
        ((ORIGIN,), ORIGIN, True),
        ((ORIGIN,), "https://evil.example", False),
        ((ORIGIN,), f"{ORIGIN}.evil.example", False),
        ((ORIGIN,), "null", False),
        (("*",), "https://any.example", True),
    ],
)
def test_other_sites_pages_may_call_only_where_they_are_listed(
    origins: tuple[str, ...], origin: str, is_allowed: bool
) -> None:
    made = guard(origins=origins)
    headers = dict(made.headers(environ(HTTP_ORIGIN=origin), set()))
    assert headers.get("Access-Control-Allow-Origin") == (origin if is_allowed else None)
    assert ("Vary" in headers) == is_allowed
    asked = environ(method="OPTIONS", HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="POST")
    preflight = made.preflight(asked)
    assert (preflight is not None) == is_allowed
    assert made.preflight(environ(HTTP_ORIGIN=origin)) is None, "a GET is no preflight"


def test_a_header_that_an_answer_has_is_not_added() -> None:
    names = [name for name, _ in guard().headers(environ(), {"cache-control"})]
    assert "Cache-Control" not in names
    assert "X-Content-Type-Options" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", ["/v1/stones", "/metrics"])
def test_nobody_is_admitted_before_the_keys_are_known(path: str) -> None:
    """A database that is away at the start must not open the service to all of this machine."""
    unknowing = Guard(proxies=0, origins=(), secret=b"s")
    unknowing.know(routes.table())
    for more in ({}, {"HTTP_X_API_KEY": KEY}):
        assert problems.status(refused(unknowing, environ(path, **more))) == 503
    assert unknowing.admit(environ("/readyz")) == ANYONE
