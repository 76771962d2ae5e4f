from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.dashboard import vega_bundle


def test_the_script_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "vega.js"
    monkeypatch.setattr(sys, "argv", ["app.dashboard.vega_bundle", str(path)])
    monkeypatch.setattr(
        vega_bundle.vl_convert, "javascript_bundle", lambda snippet: f"made();{snippet}"
    )
    vega_bundle.main()
    assert path.read_text() == "made();window.vegaEmbed = vegaEmbed;"
    assert [found.name for found in path.parent.iterdir()] == ["vega.js"]
