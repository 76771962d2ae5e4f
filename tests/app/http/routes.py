"""Routes as a test needs them: paths and what they declare, with nothing behind them."""

from __future__ import annotations

from typing import Any

from app.http.operation import operation
from app.http.resource import Resource, RouteTable


def route(path: str, *methods: str, scope: Any = None, **flags: Any) -> Resource:
    """Return a resource with these methods; flags of an operation are those of each."""
    of_resource = {name for name in ("is_public", "is_recorded", "is_probe") if name in flags}
    names: dict[str, Any] = {name: flags.pop(name) for name in of_resource}
    for method in methods or ("get",):
        names[f"on_{method}"] = operation(scope=scope, **flags)(lambda self, call, **_: None)
    return type("Stub", (Resource,), {"path": path, **names})()


def table() -> RouteTable:
    """Return routes of each kind that the service has."""
    return RouteTable(
        [
            route("/healthz", is_probe=True, is_recorded=False, is_light=True),
            route("/readyz", is_probe=True, is_recorded=False),
            route("/metrics", scope="predict", is_recorded=False),
            route("/openapi.json"),
            route("/docs"),
            route("/docs/{name}"),
            route("/", scope="any", is_public=True),
            route("/signin", "get", "post"),
            route("/static/{digest}/{name}", is_recorded=False),
            route("/datasets/{dataset}", scope="predict", is_public=True),
            route("/requests", scope="admin", is_public=True),
            route("/requests/{request_id}", scope="admin", is_public=True),
            route("/v1/{dataset}/predictions", "post", scope="predict", is_light=True),
            route("/v1/{dataset}/similar", "post", scope="predict", is_light=True),
            route("/v1/{dataset}/labels", "post", scope="label", is_streamed=True),
            route("/v1/{dataset}/trainings", "post", scope="train"),
        ]
    )
