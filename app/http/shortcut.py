"""Ask the handlers of light routes without Falcon around them."""

from __future__ import annotations

from typing import Any

import falcon
import peewee
from falcon.routing import CompiledRouter

from app.http.exchange import Answer, Exchange


class LightRequest:
    """What a light handler may ask of a request: whatever else it asks for, Falcon has."""

    __slots__ = ("content_type", "env")
    query_string = ""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.env = environ
        self.content_type: str | None = environ.get("CONTENT_TYPE")


class LightResponse:
    """What a light handler may answer: whatever else it does, Falcon can."""

    __slots__ = ("content_type", "data")
    content_type: str
    data: bytes


class Shortcut:
    """Finds a light route as Falcon does, and has its operation check and answer."""

    def __init__(self, router: CompiledRouter, database: peewee.Database) -> None:
        """Take what Falcon finds routes by, and the database that handlers may open."""
        self._router = router
        self._database = database

    def answer(self, exchange: Exchange) -> Answer | None:
        """Return the answer to a plain request; None where Falcon is to give one.

        That is so where a handler refuses or fails, too: who is asked a second time says the same.
        """
        environ = exchange.environ
        route = self._router.find(environ["PATH_INFO"])
        if route is None:
            return None
        _, methods, values, template = route
        respond: Any = methods.get(environ["REQUEST_METHOD"])
        operation = getattr(respond, "operation", None)
        if operation is None or not operation.is_light or operation.status != 200:
            return None
        response = LightResponse()
        exchange.route = template or exchange.route
        try:
            respond(LightRequest(environ), response, **values)
            headers = [("content-type", response.content_type)]
            return Answer(falcon.HTTP_200, headers, response.data)
        except Exception:
            return None
        finally:
            if not self._database.is_closed():
                self._database.close()
