from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.pages import bundle


def test_the_script_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "vega.js"
    monkeypatch.setattr(sys, "argv", ["app.pages.bundle", str(path)])
    monkeypatch.setattr(bundle.vl_convert, "javascript_bundle", lambda snippet: f"made();{snippet}")
    bundle.main()
    assert path.read_text() == "made();window.vegaEmbed = vegaEmbed;"
    assert [found.name for found in path.parent.iterdir()] == ["vega.js"]
