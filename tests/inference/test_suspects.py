from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from src.inference import suspects
from src.support.errors import UserError


def rows(count: int, text: str = "Ideal") -> list[dict[str, Any]]:
    return [{"row": at, "record": {"cut": text}, "actual": 1.0} for at in range(count)]


def test_of_long_texts_the_first_are_kept() -> None:
    told = json.loads(suspects.build(900, rows(300)))
    assert told["total"] == 900
    assert [one["row"] for one in told["rows"]] == list(range(300))
    long = suspects.build(900, rows(300, "word " * 5000))
    assert len(long) <= suspects.MOST_BYTES + 100
    assert len(json.loads(long)["rows"]) == 19


def test_a_bundle_gives_back_what_was_written_and_refuses_another_file(tmp_path: Path) -> None:
    data = suspects.build(9, rows(2))
    (tmp_path / suspects.NAME).write_bytes(data)
    manifest = {"files": {suspects.NAME: hashlib.sha256(data).hexdigest()}}
    assert suspects.read(tmp_path, manifest) == {"total": 9, "rows": rows(2)}
    assert suspects.read(tmp_path, {"files": {}}) is None
    (tmp_path / suspects.NAME).write_bytes(b"{}")
    with pytest.raises(UserError, match="damaged"):
        suspects.read(tmp_path, manifest)
