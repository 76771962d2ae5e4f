"""The document beside the one from before routes were declared: every difference is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import falcon.testing
import pytest
import yaml

from app.factory import create_api
from app.http.problems import MEDIA_TYPE
from app.settings import Settings

HERE = Path(__file__).parent
METHODS = ("get", "post", "put", "delete")
Leaves = dict[str, Any]


@pytest.fixture
def after(home: Path, tmp_path: Path) -> dict[str, Any]:
    """Return the document of today."""
    api = create_api(Settings(var=str(tmp_path / "var")), is_watching=False)
    client = falcon.testing.TestClient(api, headers={"Host": "localhost"})
    document: dict[str, Any] = client.simulate_get("/openapi.json").json
    api.close()
    return document


def test_every_difference_is_listed_with_its_reason(after: dict[str, Any]) -> None:
    before = json.loads((HERE / "before.json").read_text(encoding="utf-8"))
    listed = yaml.safe_load((HERE / "differences.yaml").read_text(encoding="utf-8"))
    patterns = {one: re.compile(_expression(one)) for kind in listed for one in kind["where"]}
    old, new = leaves(before), leaves(after)
    differences = {
        _sign(place, old, new): place for place in old | new if _differs(place, old, new)
    }
    assert differences
    unlisted = [
        f"{signed}: {old.get(place, '')} -> {new.get(place, '')}"
        for signed, place in sorted(differences.items())
        if not any(pattern.fullmatch(signed) for pattern in patterns.values())
    ]
    assert not unlisted, "\n".join(unlisted)
    gone = [
        text
        for text, pattern in patterns.items()
        if not any(pattern.fullmatch(signed) for signed in differences)
    ]
    assert not gone, f"listed, but there is no such difference any more: {gone}"
    assert all(kind["why"].endswith(".") for kind in listed)


def _differs(place: str, old: Leaves, new: Leaves) -> bool:
    return place not in old or place not in new or old[place] != new[place]


def _sign(place: str, old: Leaves, new: Leaves) -> str:
    """Write before a place whether it is new, is there no more, or has another value."""
    return f"{'+' if place not in old else '-' if place not in new else '~'} {place}"


def _expression(pattern: str) -> str:
    """Read a pattern in which * is part of a step and ** are steps."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^ ]*"}.get(part, re.escape(part)) for part in parts)


def leaves(document: dict[str, Any]) -> Leaves:
    """Return all values of a document by their place: steps with spaces between them.

    An operation stands under its name and a parameter under its own; what a reference leads to
    stands in its place, so that components may have other names, but for that of every refusal,
    which stands there once.
    """
    schemas = document["components"]["schemas"]
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                name = operation["operationId"]
                found[f"{name} path"] = f"{method} {path}"
                found.update(_walk(operation, name, schemas))
    rest = {key: value for key, value in document.items() if key not in ("paths", "components")}
    found.update(_walk(rest, "document", schemas))
    problem = schemas.get("ProblemDocument", schemas.get("problem"))
    found.update(_walk(problem, "problem", schemas))
    return found


def _walk(node: Any, place: str, schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if place.endswith(f" content {MEDIA_TYPE} schema"):
        yield place, "a problem"
        return
    if " examples " in place and place.endswith(" value"):
        yield place, "an example"  # of this moment, with its id; others type it
        return
    if isinstance(node, dict) and "$ref" in node:
        node = {**schemas[node["$ref"].rsplit("/", 1)[1]], **node}
        del node["$ref"]
    node = _plain(node)
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _walk(
                value, f"{place} {key}".replace("content application/json ", ""), schemas
            )
    elif isinstance(node, list) and any(isinstance(one, dict) for one in node):
        for at, value in enumerate(node):
            step = value["name"] if isinstance(value, dict) and "in" in value else at
            yield from _walk(value, f"{place} {step}", schemas)
    else:
        is_set = place.endswith((" required", " enum", " type")) and isinstance(node, list)
        yield place, sorted(node, key=str) if is_set else node


def _plain(node: Any) -> Any:
    """Write what may be null in one way of the two that there are."""
    if not isinstance(node, dict) or "null" not in node.get("type", ()):
        return node
    if node["type"] == "null" or len(node["type"]) != 2:
        return node
    (kind,) = [one for one in node["type"] if one != "null"]
    words = ("title", "description", "default", "enum")
    kept = {key: value for key, value in node.items() if key in words}
    inner = {key: value for key, value in node.items() if key not in words} | {"type": kind}
    return {**kept, "anyOf": [inner, {"type": "null"}]}
