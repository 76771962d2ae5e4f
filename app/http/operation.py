"""What a method of a route takes and gives, declared once where it is handled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import falcon

from app.http import media
from app.http.exchange import ANYONE, ENVIRON, Caller, Exchange, Scope
from app.http.media import NoQuery
from src.support.errors import UserError
from src.support.structs import Checked

if TYPE_CHECKING:
    from app.http.openapi import Schema
    from app.http.resource import Resource

Access = Scope | Literal["any"] | None
Query = TypeVar("Query")
Body = TypeVar("Body")
Handler = Callable[..., Any]
# Describes what differs from dataset to dataset, such as its fields.
OfDataset = Callable[[Any], "Schema"]


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A method of a route: who may ask it, what it takes, what it answers and refuses.

    The scope "any" is that of every caller with a key; None lets anyone ask. A body or an answer is
    a struct, or a function that describes it for a dataset; a body of the latter kind is read by
    the handler. `name` is the OpenAPI operationId, of a dataset's operation without the dataset;
    an operation without a name is not described.
    """

    scope: Access
    name: str = ""
    summary: str = ""
    description: str = ""
    query: type[Checked] | None = NoQuery  # None where anything may stand there
    headers: tuple[Schema, ...] = ()
    body: type[Any] | OfDataset | None = None
    is_body_required: bool = True
    body_examples: OfDataset | None = None
    answer: type[Any] | OfDataset | None = None
    answer_examples: OfDataset | None = None
    status: int = 200
    also_statuses: tuple[int, ...] = ()  # with the same answer
    # Media types of the body and of the answer beside JSON, with an example of each body.
    also_takes: Mapping[str, Callable[[Any], str | None]] | None = None
    also_answers: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()  # codes beside those that follow from the rest
    # Where the answer has what another operation asks for: name: (operation, path's value, place).
    links: Mapping[str, tuple[str, str, str]] | None = None
    is_offered: Callable[[Any], bool] = _always  # of a dataset: not every one has it
    is_answer_stored: bool = True  # not where it repeats what is stored or derived
    # Answered from memory and without an effect, so that no thread is needed, and of a request that
    # is nothing but plain JSON no Falcon: see app.http.shortcut for what its handler may use then.
    is_light: bool = False
    is_streamed: bool = False  # a CSV or NDJSON body is read by the handler while it comes

    def check_scope(self, exchange: Exchange) -> None:
        """Raise UserError where the caller does not have the scope."""
        caller = exchange.caller or ANYONE
        if self.scope is None or caller.may(self.scope):
            return
        if self.scope == "any" and not caller.is_anyone:
            return
        scope = "predict" if self.scope == "any" else self.scope
        raise UserError(
            "This key does not have the scope that is needed here.",
            code="scope_missing",
            given=", ".join(sorted(caller.scopes)) or "no scope",
            choices=list(dict.fromkeys([scope, "admin"])),
            fix="ask an administrator for a key: python -m app keys create"
            f" --name <who> --scopes {scope}",
        )

    def read_body(self, request: falcon.Request, exchange: Exchange) -> Any:
        """Return the body as the declared struct; None where the handler reads it."""
        if not isinstance(self.body, type):
            return None
        if not exchange.body and not self.is_body_required:
            return self.body()
        return media.body(request, exchange.body or b"", self.body)


@dataclass(slots=True)
class Call(Generic[Query, Body]):
    """A request as its handler gets it: admitted, with query and body as declared."""

    request: falcon.Request
    response: falcon.Response
    exchange: Exchange
    query: Query
    body: Body

    @property
    def caller(self) -> Caller:
        """Return who asks."""
        return self.exchange.caller or ANYONE


def operation(**declared: Any) -> Callable[[Handler], Handler]:
    """Declare what a handler takes and gives; see Operation for the words.

    The handler gets a Call and the values of the path; what it returns is answered as JSON,
    unless it is None because the handler has written the response itself.
    """
    stated = Operation(**declared)

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def respond(
            self: Resource, request: falcon.Request, response: falcon.Response, **path: Any
        ) -> None:
            exchange: Exchange = request.env[ENVIRON]
            stated.check_scope(exchange)
            query = media.query(request, stated.query) if stated.query else None
            self.look_up(exchange, path)
            exchange.is_answer_stored = stated.is_answer_stored
            body = stated.read_body(request, exchange)
            answer = handler(self, Call(request, response, exchange, query, body), **path)
            if answer is not None:
                media.answer(response, answer)
                if stated.status != 200:
                    response.status = stated.status

        respond.operation = stated  # type: ignore[attr-defined]
        return respond

    return decorate
