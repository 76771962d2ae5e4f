"""Resources that declare their routes, and the table of all routes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import falcon

from app.http import root as roots
from app.http.exchange import Exchange
from app.http.operation import Operation

METHODS = ("get", "post", "put", "delete", "patch")


class Resource:
    """What is found at a path; each of its on_<method> is an operation."""

    path: ClassVar[str] = ""
    tag: ClassVar[str] = "service"  # of the API's description; a dataset's own is its name
    is_public: ClassVar[bool] = False  # who has no key may come in, to a page that asks for one
    is_recorded: ClassVar[bool] = True  # requests and answers are stored
    is_probe: ClassVar[bool] = False  # answered whatever the state of the database

    def look_up(self, exchange: Exchange, path: dict[str, Any]) -> None:
        """Put what the path's values name in the place of the values."""

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Yield each method with what it declares; raise TypeError where one declares nothing."""
        for method in METHODS:
            handler = getattr(self, f"on_{method}", None)
            if handler is None:
                continue
            declared = getattr(handler, "operation", None)
            if not isinstance(declared, Operation):
                raise TypeError(
                    f"{type(self).__name__}.on_{method} declares no scope: "
                    "decorate it with @operation(scope=...)"
                )
            yield method.upper(), declared


class RouteTable:
    """All resources by path, and what is to be known of a request before it is routed."""

    def __init__(self, resources: Iterable[Resource], root: str = "") -> None:
        """Take the resources and the sub-path that requests may have before their paths.

        Raises TypeError where a method declares no scope, UserError for a sub-path like ours.
        """
        self.resources = list(resources)
        self.root = root
        roots.check(root, [resource.path for resource in self.resources])
        public: dict[str, list[str]] = {}
        light: dict[str, list[str]] = {}
        streamed: dict[str, list[str]] = {}
        for resource in self.resources:
            for method, operation in resource.operations():
                methods = ["GET", "HEAD"] if method == "GET" else [method]
                for name in methods:
                    if operation.scope is None or resource.is_public:
                        public.setdefault(name, []).append(resource.path)
                    if operation.is_light:
                        light.setdefault(name, []).append(resource.path)
                    if operation.is_streamed:
                        streamed.setdefault(name, []).append(resource.path)
        self._public = _by_method(public)
        self._streamed = _by_method(streamed)
        self.light = re.compile(_first_line(light, root))
        self._unrecorded = _pattern(one.path for one in self.resources if not one.is_recorded)
        self._probes = _pattern(one.path for one in self.resources if one.is_probe)

    def add_to(self, app: falcon.App) -> None:
        """Add every route to a Falcon application."""
        for resource in self.resources:
            app.add_route(resource.path, resource)

    def is_public(self, method: str, path: str) -> bool:
        """Tell whether a request needs no key."""
        return _matches(self._public, method, path)

    def is_streamed(self, method: str, path: str) -> bool:
        """Tell whether the handler reads a CSV or NDJSON body while it comes."""
        return _matches(self._streamed, method, path)

    def is_probe(self, path: str) -> bool:
        """Tell whether a request is answered whatever the state of the database."""
        return self._probes.fullmatch(path) is not None

    def is_recorded(self, path: str, status: int) -> bool:
        """Tell whether a request and its answer are stored; refusals are, but a probe's."""
        if self._unrecorded.fullmatch(path) is None:
            return True
        return status >= 400 and not self.is_probe(path)


def _matches(patterns: dict[str, re.Pattern[str]], method: str, path: str) -> bool:
    pattern = patterns.get(method)
    return pattern is not None and pattern.fullmatch(path) is not None


def _by_method(paths: dict[str, list[str]]) -> dict[str, re.Pattern[str]]:
    return {method: _pattern(templates) for method, templates in paths.items()}


def _pattern(paths: Iterable[str]) -> re.Pattern[str]:
    """Compile templates such as /v1/{dataset}/labels; no path matches where there are none."""
    return re.compile("|".join(_expression(path) for path in paths) or r"(?!)")


def _expression(path: str) -> str:
    """Write a path's template as a regular expression."""
    return "".join(
        "[^/ ?]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", path)
    )


def _first_line(paths: dict[str, list[str]], root: str) -> bytes:
    """Write the first lines of HTTP requests for these methods and paths."""
    before = f"(?:{re.escape(root)})?" if root else ""
    lines = [
        f"{method} {before}(?:{'|'.join(_expression(path) for path in templates)}) HTTP/"
        for method, templates in paths.items()
    ]
    return ("|".join(lines) or r"(?!)").encode()
