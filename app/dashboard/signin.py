"""Sign in with an API key, and out."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qs

import falcon
import peewee

from app.auth import ended_sessions, sessions
from app.auth.guard import Guard
from app.dashboard.rendering import Renderer
from app.http import problems
from app.http.operation import Call, operation
from app.http.resource import Resource
from src.support.errors import UserError

LARGEST = 8_000  # bytes of a form
MOST = 10  # fields


class SignIn(Resource):
    """GET and POST /signin."""

    path = "/signin"

    def __init__(self, renderer: Renderer, guard: Guard) -> None:
        self._renderer = renderer
        self._guard = guard

    @operation(scope=None, query=None)
    def on_get(self, call: Call) -> None:
        """Show the form; redirect if no key is needed."""
        request, response = call.request, call.response
        going = _inside(request.get_param("next"), request.root_path)
        if self._guard.is_open:
            raise falcon.HTTPSeeOther(going)
        self._show(request, response, going, None)

    @operation(scope=None, query=None)
    def on_post(self, call: Call) -> None:
        """Start a session and redirect; report a wrong key without repeating it."""
        request, response, exchange = call.request, call.response, call.exchange
        body, exchange.body = exchange.body or b"", None  # a key is not stored
        if len(body) > LARGEST:
            self._refuse(
                request, response, 413, _inside(None, request.root_path), "The key is too long."
            )
            return
        try:
            fields = parse_qs(body.decode("latin-1"), max_num_fields=MOST)
        except ValueError:
            self._refuse(
                request,
                response,
                400,
                _inside(None, request.root_path),
                "The form is not valid. Please open the page again.",
            )
            return
        given = {name: values[0] for name, values in fields.items()}
        going = _inside(given.get("next"), request.root_path)
        own = sessions.cookie(request.env, sessions.FORM)
        is_ours = own and hmac.compare_digest(
            given.get("csrf", "").encode(), sessions.token(own).encode()
        )
        if not is_ours:
            words = "The form has expired. Please try again."
            self._refuse(request, response, 403, going, words)
            return
        try:
            cookie, exchange.caller = self._guard.sign_in(given.get("key", "").strip(), request.env)
        except UserError as error:
            # As a page: a browser that gets 401 would ask for a password of its own.
            status = 403 if problems.status(error) == 401 else problems.status(error)
            self._refuse(request, response, status, going, error.what)
            if wait := problems.headers(error).get("Retry-After"):
                response.set_header("Retry-After", wait)
            return
        response.append_header("Set-Cookie", sessions.header(sessions.COOKIE, cookie, request.env))
        response.status = 303
        response.location = going

    def _refuse(
        self,
        request: falcon.Request,
        response: falcon.Response,
        status: int,
        going: str,
        wrong: str,
    ) -> None:
        self._show(request, response, going, wrong)
        response.status = status

    def _show(
        self, request: falcon.Request, response: falcon.Response, going: str, wrong: str | None
    ) -> None:
        own = sessions.cookie(request.env, sessions.FORM) or secrets.token_hex(16)
        token = sessions.token(own)
        self._renderer.render(
            request, response, "signin.html", going=going, wrong=wrong, form_token=token
        )
        response.append_header("Set-Cookie", sessions.header(sessions.FORM, own, request.env))


class SignOut(Resource):
    """POST /signout: static/forms.js sends it with the token, as every change."""

    path = "/signout"

    def __init__(self, guard: Guard, database: peewee.Database) -> None:
        self._guard = guard
        self._database = database

    @operation(scope="any")
    def on_post(self, call: Call) -> None:
        """End the session, of which somebody may have a copy, and delete the cookie."""
        session = self._guard.session(call.request.env)
        if session is not None:
            ended_sessions.end(self._database, session)
            self._guard.sign_out(session)
        gone = sessions.header(sessions.COOKIE, "", call.request.env, life=0)
        call.response.append_header("Set-Cookie", gone)
        call.response.status = 204


def _inside(path: str | None, root: str) -> str:
    """Return a path of this service, so that nobody is redirected elsewhere."""
    path, start = path or "", f"{root}/"
    is_path = path.startswith(start) and not path.startswith(("//", "/\\"))
    return path if is_path and path.isascii() and path.isprintable() else start
