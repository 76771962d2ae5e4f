"""Clients that are generated from the document: every operation, no warning, and they work."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.app.openapi import generators
from tests.app.openapi.generators import (  # noqa: F401 - pytest finds them here
    python_generator,
    typescript_generator,
)
from tests.app.server import running

pytestmark = pytest.mark.slow
CALLS = Path(__file__).with_name("client_calls.py")
METHODS = ("get", "post", "put", "delete")


def operations(document: dict[str, Any]) -> dict[str, str]:
    """Return the tag of each operation by its name."""
    return {
        operation["operationId"]: operation["tags"][0]
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_a_python_client_has_every_operation_and_works(
    home: Path,
    tmp_path: Path,
    python_generator: Path,  # noqa: F811
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "client.yaml").write_text(generators.code("yaml"))
    (words,) = [one.split() for one in generators.commands() if "openapi-python-client gen" in one]
    with running(home, tmp_path / "var", workers="1") as server:
        document = server.ask("GET", "/openapi.json")[1]
        (work / "openapi.json").write_text(json.dumps(document))
        done = generators.run(python_generator / words[0], *words[1:], cwd=work)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not re.search("warning|error", done.stdout + done.stderr, re.IGNORECASE)
        for name, tag in operations(document).items():
            assert (work / f"lapidary/api/{tag}/{name}.py").is_file(), name
        (work / "calls.py").write_bytes(CALLS.read_bytes())
        shown = generators.code("python").replace("diamonds", "stones")
        shown = shown.replace("Diamonds", "Stones").replace(":8000", f":{server.port}")
        (work / "shown.py").write_text(shown)
        address = f"http://127.0.0.1:{server.port}"
        for script in ("shown.py", "calls.py"):
            used = generators.run(python_generator / "python", script, address, cwd=work)
            assert used.returncode == 0, used.stderr


def test_typescript_has_every_operation(
    home: Path,
    tmp_path: Path,
    typescript_generator: Path,  # noqa: F811
) -> None:
    (words,) = [one.split() for one in generators.commands() if "openapi-typescript" in one]
    with running(home, tmp_path / "var", workers="1") as server:
        document = server.ask("GET", "/openapi.json")[1]
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    done = generators.run(typescript_generator / words[1], *words[2:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not re.search("warn|error|⚠", done.stdout + done.stderr, re.IGNORECASE)
    types = (tmp_path / "lapidary.d.ts").read_text()
    operated = types.split("export interface operations {")[1]
    assert set(re.findall(r"^    (\w+): \{$", operated, re.MULTILINE)) == set(operations(document))
    checked = generators.run(
        typescript_generator / "tsc", "--strict", "--noEmit", "lapidary.d.ts", cwd=tmp_path
    )
    assert checked.returncode == 0, checked.stdout
