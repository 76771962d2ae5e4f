"""The page of the API: every route, from the document that the service itself answers with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from falcon import testing

from app.factory import create_api
from manual import example, shapes
from manual.markdown import GENERATED, anchor, code, table

Document = dict[str, Any]
GROUPS = {"{dataset}": "Of a dataset", "log": "The log", "service": "The service"}
SHORT = 60  # characters, which stand within a line
METHODS = ("get", "post", "put", "delete")
HEAD = f"""# The API

{GENERATED}

`{{dataset}}` is a name in `conf/dataset/`. The fields of its records follow from its YAML: a
service lists them in `/docs` and `/openapi.json`, with examples. Here `record` stands for them, and
`target` for the target's name. `?` marks what may be left out, or is not always there.

A key comes as `Authorization: Bearer <key>` or `X-API-Key: <key>`; without keys only the same
machine is answered. The scope `admin` includes the others.
"""


def page(root: Path) -> str:
    """Write the page."""
    with example.project(root) as folder:
        keys: dict[str, str] = {}
        given = example.settings(folder, keys)
        client = testing.TestClient(create_api(given, is_watching=False))
        document = client.simulate_get("/openapi.json", headers={"Host": "localhost"}).json
        general = _general(document)
        scopes = {one: _scope(client, *one, keys) for one in _routes(general)}
    parts = [HEAD, _overview(general, scopes)]
    for tag, title in GROUPS.items():
        parts.append(f"## {title}")
        for (method, path), operation in _routes(general, tag).items():
            parts.append(_route(method, path, operation, scopes[method, path]))
    parts += ["## Shapes", "What is named above.", *_shapes(general)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _general(document: Document) -> Document:
    """Tell of any dataset what the document tells of one, and of classes what differs."""
    schemas = document["components"]["schemas"]
    classes = f"{example.CLASSES}_prediction"
    mine = {
        name: schema
        for name, schema in schemas.items()
        if name == classes or not name.startswith(f"{example.CLASSES}_")
    }
    paths = {
        path: methods
        for path, methods in document["paths"].items()
        if not re.match(rf"/v1/{example.CLASSES}(/|$)", path)
    }
    text = json.dumps({"schemas": mine, "paths": paths})
    text = text.replace(f'"{classes}"', '"prediction_of_a_class"')
    text = re.sub(rf"(/v1/){example.NUMBER}(?=[/\"])", r"\1{dataset}", text)
    text = re.sub(rf'("tags": \["){example.NUMBER}"', r'\1{dataset}"', text)
    kinds = r"(stored_)?(record|prediction|labels?(_by_prediction)?)"
    text = re.sub(rf"\b{example.NUMBER}_(?={kinds}\b)", "", text)
    general: Document = json.loads(text)
    return general


def _routes(document: Document, tag: str | None = None) -> dict[tuple[str, str], Document]:
    """Return the operations by method and path, of one group or of all."""
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS and tag in (None, *operation["tags"])
    }


def _scope(client: testing.TestClient, method: str, path: str, keys: dict[str, str]) -> str:
    """Find out what scope is asked for, by keys that have another."""
    plain = re.sub(r"\{(version|other)\}", "1", path.replace("{dataset}", example.NUMBER))
    plain = re.sub(r"\{\w+\}", "0", plain)  # an id
    for key in (keys["label"], keys["predict"]):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = "{}" if method in ("post", "put") else None
        done = client.simulate_request(method.upper(), plain, headers=headers, body=body)
        if done.status_code == 403:
            return str(done.json["allowed"][0])
    return ""


def _overview(document: Document, scopes: dict[tuple[str, str], str]) -> str:
    rows = [
        (f"[`{_title(*one)}`](#{anchor(_title(*one))})", code(scopes[one]), operation["summary"])
        for tag in GROUPS
        for one, operation in _routes(document, tag).items()
    ]
    return table(["route", "scope", ""], rows)


def _title(method: str, path: str) -> str:
    return f"{method.upper()} {path}"


def _route(method: str, path: str, operation: Document, scope: str) -> str:
    refused = ", ".join(status for status in operation["responses"] if not status.startswith("2"))
    parts = [
        f"### {_title(method, path)}",
        f"{operation['summary']}. {operation.get('description', '')}".strip(),
        f"Scope: {code(scope) if scope else 'none is needed'}.",
        _parameters(operation.get("parameters", [])),
        *_bodies("Body", operation.get("requestBody", {}).get("content", {})),
    ]
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            parts += _bodies(f"Answer {status}", answer.get("content", {}))
    parts.append(f"Refusals ([ProblemDocument](#problemdocument)): {refused}." if refused else "")
    return "\n\n".join(filter(None, parts))


def _parameters(parameters: list[Document]) -> str:
    rows = [
        (code(one["name"]), one["in"], shapes.short(one["schema"]), one.get("description", ""))
        for one in parameters
    ]
    return table(["parameter", "in", "takes", ""], rows) if rows else ""


def _bodies(what: str, content: Document) -> list[str]:
    parts = []
    for media, one in content.items():
        told = shapes.short(one["schema"])
        if "$ref" in one["schema"]:
            parts.append(f"{what}, `{media}`: [{told}](#{anchor(told)}).")
        elif told == "text":
            parts.append(f"{what}, `{media}`.")
        elif len(told) < SHORT:
            parts.append(f"{what}, `{media}`: {code(told)}.")
        else:
            parts += [f"{what}, `{media}`:", shapes.block(one["schema"])]
    return parts


def _shapes(document: Document) -> list[str]:
    parts = []
    for name, schema in sorted(document["schemas"].items()):
        fields = "the dataset's features, by name" if name == "record" else shapes.block(schema)
        parts += [f"### {name}", fields]
    return parts
