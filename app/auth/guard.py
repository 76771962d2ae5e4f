"""Authentication: API keys with scopes, or local access only if there are none."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from app.auth import sessions
from app.auth.budgets import Budgets
from app.auth.closure import lost
from app.auth.guesses import Guesses
from app.auth.hosts import is_local_name, is_loopback
from app.auth.keys import StoredKey, beginning, find
from app.auth.sessions import Session
from app.http.exchange import ANYONE, ANYONE_OF_NONE, HERE, Answer, Caller
from app.http.resource import RouteTable
from app.store import clock
from src.support.errors import UserError

# What proxies add: who is behind them is somebody else, whatever the socket says.
RELAYED = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
SAFE = ("GET", "HEAD", "OPTIONS")
TOKEN = "HTTP_X_CSRF_TOKEN"  # noqa: S105 - the name of a header
HEADERS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]
_EXPOSED = "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
_METHODS = "GET, POST, PUT, DELETE, HEAD, OPTIONS"
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-Id"


class Guard:
    """Tell who a request comes from, and what every answer must carry."""

    def __init__(self, *, proxies: int, origins: tuple[str, ...], secret: bytes) -> None:
        """Take the trusted proxies, the sites that may ask, and what sessions are signed with."""
        self._routes = RouteTable([])
        self._proxies = proxies
        self._secret = secret
        self._origins = frozenset(origins)
        self._keys: Mapping[str, StoredKey] | None = None  # until the database has been read
        self._ended: Collection[str] = ()  # ids of sessions, as the database has them
        self._ended_here: set[str] = set()  # and those that this worker may know of earlier
        self._is_closed = False
        self._anyone = ANYONE
        self._used: set[str] = set()  # names of keys
        self._guesses = Guesses()
        self.budgets = Budgets()

    def know(self, routes: RouteTable) -> None:
        """Take the routes, of which some need no key."""
        self._routes = routes

    def learn(
        self,
        keys: Mapping[str, StoredKey],
        ended: Collection[str] = (),
        *,
        is_closed: bool = False,
    ) -> None:
        """Set the keys, by prefix, and the ids of sessions that were ended.

        `is_closed` says that without keys nobody is to be admitted.
        """
        self._ended = ended
        self._is_closed = self._is_closed or is_closed  # no thread is to see neither in between
        self._keys = keys
        self._is_closed = is_closed
        self.budgets.learn(keys)
        is_any_restricted = any(key.datasets is not None for key in keys.values())
        self._anyone = ANYONE_OF_NONE if is_any_restricted else ANYONE

    def take_used(self) -> set[str]:
        """Return the names of the keys that were used since the last call."""
        used, self._used = self._used, set()
        return used

    def admit(self, environ: dict[str, Any]) -> Caller:
        """Return the caller; raise UserError if the request is not allowed."""
        path = environ["PATH_INFO"]
        if self._routes.is_probe(path):
            return self._anyone
        keys = self._keys
        if keys is None:
            raise UserError(
                "API keys are not loaded yet: the database has not answered.",
                code="api_keys_not_loaded",
                fix="try again; see /readyz",
            )
        if not keys:
            if self._is_closed:
                raise lost()
            return self._local(environ)
        key = _given_key(environ)
        if key is None:
            if (signed_in := self._signed_in(environ, keys)) is not None:
                return signed_in
            if self._routes.is_public(environ["REQUEST_METHOD"], path):
                return self._anyone
            raise _unauthorized("This needs an API key, and none was sent.", code="missing_api_key")
        return self._caller(self._check(key, keys, environ))

    def sign_in(self, key: str, environ: dict[str, Any]) -> tuple[str, Caller]:
        """Return a session cookie for a key, and whose it is.

        Raises UserError if the key is not valid.
        """
        stored = self._check(key, self._keys or {}, environ)
        return sessions.begin(beginning(key), stored, self._secret), self._caller(stored)

    def _caller(self, stored: StoredKey) -> Caller:
        """Return who calls with a key, with what is left of its quotas."""
        if not stored.quotas:
            return stored.caller
        return replace(stored.caller, budget=self.budgets.of(stored.name))

    def _check(self, key: str, keys: Mapping[str, StoredKey], environ: dict[str, Any]) -> StoredKey:
        """Return what is stored of a key; raise UserError if the key is not valid."""
        if beginning(key) not in keys and (refusal := self._guesses.refusal(self.client(environ))):
            raise refusal
        stored = find(key, keys)
        if stored is None:
            address = self.client(environ)
            refusal = self._guesses.refusal(address)
            self._guesses.count(address)
            what = "This API key is not valid; it may have been revoked."
            raise refusal or _unauthorized(what, code="invalid_api_key")
        if stored.has_ended:
            when = clock.minute(f"{stored.until}").replace("T", " ")
            what = f"This API key has expired at {when} UTC."
            if stored.is_former:
                what = f"Another API key has replaced this one, which ended at {when} UTC."
            raise _unauthorized(what, code="expired_api_key")
        self._used.add(stored.name)
        return stored

    def session(self, environ: dict[str, Any]) -> Session | None:
        """Return the session that a request's cookie is of; None without one that is valid."""
        value, keys = sessions.cookie(environ, sessions.COOKIE), self._keys or {}
        session = sessions.read(value, keys, self._secret) if value else None
        if session is None or session.id in self._ended or session.id in self._ended_here:
            return None
        return None if keys[session.prefix].has_ended else session

    def sign_out(self, session: Session) -> None:
        """End a session in this worker at once; others learn of it from the database."""
        self._ended_here.add(session.id)

    @property
    def is_open(self) -> bool:
        """Tell whether no key is needed."""
        return not self._keys and not self._is_closed

    def _signed_in(self, environ: dict[str, Any], keys: Mapping[str, StoredKey]) -> Caller | None:
        """Return who is signed in; raise UserError if another site may have sent the request."""
        session = self.session(environ)
        if session is None or (stored := keys.get(session.prefix)) is None:
            return None
        value = sessions.cookie(environ, sessions.COOKIE)
        method = environ["REQUEST_METHOD"]
        # A form that anyone may send has a token of its own.
        is_public = self._routes.is_public(method, environ["PATH_INFO"])
        token = str(environ.get(TOKEN, "")).encode()
        is_ours = hmac.compare_digest(token, sessions.token(value).encode())
        if method not in SAFE and not is_public and not is_ours:
            raise UserError(
                "CSRF token missing or wrong.",
                code="csrf_token",
                given=f"X-CSRF-Token: {'another one' if token else '(none)'}",
                fix="open the page again; or send an API key in place of the cookie",
            )
        self._used.add(stored.name)
        return self._caller(stored)

    def client(self, environ: dict[str, Any]) -> str:
        """Return the client's address: the socket's, or what trusted proxies report."""
        address: str = environ.get("REMOTE_ADDR") or "local"
        if self._proxies:
            chain = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
            if len(chain) >= self._proxies and (said := chain[-self._proxies].strip()):
                return said[:64] if said.isascii() and said.isprintable() else address
        return address

    def headers(self, environ: dict[str, Any], present: set[str]) -> list[tuple[str, str]]:
        """Return the headers of every answer, without those present already (in lower case)."""
        headers = [header for header in HEADERS if header[0].lower() not in present]
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and self._is_listed(origin):
            headers += [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", _EXPOSED),
                ("Vary", "Origin"),
            ]
        return headers

    def preflight(self, environ: dict[str, Any]) -> Answer | None:
        """Answer a CORS preflight request; return None for any other request."""
        if environ["REQUEST_METHOD"] != "OPTIONS" or not self._is_listed(
            environ.get("HTTP_ORIGIN", "")
        ):
            return None
        headers = [
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
            ("Access-Control-Max-Age", "600"),
        ]
        return Answer("204 No Content", headers, b"")

    def _check_site(self, environ: dict[str, Any]) -> None:
        """Raise UserError if another site's page requests a change."""
        is_foreign = environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site")
        is_change = environ["REQUEST_METHOD"] not in SAFE
        if is_foreign and is_change and not self._is_listed(environ.get("HTTP_ORIGIN", "")):
            raise UserError(
                "A page of another site asks for a change.",
                code="cross_site",
                given=environ.get("HTTP_ORIGIN"),
                fix="list the site in LAPIDARY_ORIGINS if it may",
            )

    def _is_listed(self, origin: str) -> bool:
        return origin in self._origins or ("*" in self._origins and origin != "")

    def _local(self, environ: dict[str, Any]) -> Caller:
        """Admit this machine, but not a proxy on it, which relays others."""
        is_relayed = any(name in environ for name in RELAYED)
        address = environ.get("REMOTE_ADDR", "")
        if is_loopback(address) and not is_relayed:
            self._check_site(environ)
            # Another site's name can lead here, and what a browser says of itself can be anything.
            # No browser leaves the header out, or asks over a Unix socket.
            host = environ.get("HTTP_HOST")
            if address and host is not None and not is_local_name(host):
                raise UserError(
                    "Host header not allowed.",
                    code="host_not_allowed",
                    given=environ.get("HTTP_HOST"),
                    choices=["localhost", "127.0.0.1"],
                )
            return HERE
        raise UserError(
            "Without API keys this service answers only the machine it runs on.",
            code="local_only",
            given=self.client(environ),
            fix="on that machine: python -m app keys create --name <who> --scopes predict",
        )


def _given_key(environ: dict[str, Any]) -> str | None:
    """Return the key of a request: Authorization: Bearer <key>, or X-API-Key: <key>."""
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return str(key.strip())
    header: str | None = environ.get("HTTP_X_API_KEY")
    return header.strip() if header else None


def _unauthorized(what: str, *, code: str) -> UserError:
    return UserError(
        what,
        code=code,
        choices=["Authorization: Bearer <key>", "X-API-Key: <key>"],
        fix="ask whoever runs this service for a key",
    )
