from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from src.card import schema
from src.support.errors import UserError


def test_a_bundle_without_a_card_has_none(tmp_path: Path) -> None:
    assert schema.read(tmp_path, {"files": {}}) is None
    assert schema.read_markdown(tmp_path, {"files": {}}) is None


def test_a_card_is_read_by_its_hash(tmp_path: Path) -> None:
    texts = {schema.NAME: b'{"schema": 1}', schema.MARKDOWN: b"# Card"}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    manifest = {"files": {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}}
    assert schema.read(tmp_path, manifest) == {"schema": 1}
    assert schema.read_markdown(tmp_path, manifest) == b"# Card"
    for name in texts:
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(UserError, match="damaged"):
        schema.read(tmp_path, manifest)
    with pytest.raises(UserError, match="damaged"):
        schema.read_markdown(tmp_path, manifest)
