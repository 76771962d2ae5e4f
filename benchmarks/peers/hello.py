"""The least that Falcon can do with a request: read its body and say hello."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import falcon


class Hello:
    """POST, as predictions are asked for."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Read and answer."""
        request.bounded_stream.read()
        response.text = "hello"


class Nothing:
    """Answers of one turn that want nothing stored."""

    def of(self, _: Any) -> AbstractContextManager[None]:
        """Take no note of whom an answer is for."""
        return nullcontext()

    def store(self, _: float | None = None) -> bool:
        """Have nothing to wait for."""
        return True

    def refused(self) -> dict[Any, Any]:
        """Refuse nobody."""
        return {}


class Batches:
    """What the worker asks of an application that it answers in its main loop."""

    def is_quick(self) -> bool:
        """Say that no answer waits for anything."""
        return True

    def gathering(self) -> AbstractContextManager[Nothing]:
        """Gather nothing."""
        return nullcontext(Nothing())


class Quick(falcon.App):
    """An application that our worker asks in its main loop, as it asks the service."""

    batches = Batches()
    light = re.compile(rb"POST /v1/[^/ ?]+/predictions HTTP/")


api: falcon.App = falcon.App()  # as Falcon makes it: the same worker asks it in threads
quick: falcon.App = Quick()
for app in (api, quick):
    app.add_route("/v1/diamonds/predictions", Hello())
