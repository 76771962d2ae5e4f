from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from src.config import paths
from src.inference import bundle
from src.reporting import cards
from tests.reporting.made import changes

TEXT = b"# Model card: stones, linear\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the champion's bundle, as far as it is read here."""
    monkeypatch.chdir(tmp_path)
    place = paths.BUNDLES / "stones" / "linear"
    place.mkdir(parents=True)
    tell(place, {"card.md": hashlib.sha256(TEXT).hexdigest()})
    (place / "card.md").write_bytes(TEXT)
    return place


def tell(place: Path, files: dict[str, str]) -> None:
    (place / "manifest.json").write_text(
        json.dumps(bundle.sealed({"format": bundle.FORMAT, "files": files}))
    )


def test_the_champions_card_is_laid_beside_the_report(place: Path, tmp_path: Path) -> None:
    assert cards.copy(changes(), tmp_path) == "stones-card.md"
    assert (tmp_path / "stones-card.md").read_bytes() == TEXT


def test_a_report_needs_no_card(place: Path, tmp_path: Path) -> None:
    (place / "card.md").write_bytes(b"another")
    assert cards.copy(changes(), tmp_path) is None
    tell(place, {})
    assert cards.copy(changes(), tmp_path) is None
    (place / "manifest.json").unlink()
    assert cards.copy(changes(), tmp_path) is None
    assert not (tmp_path / "stones-card.md").exists()
