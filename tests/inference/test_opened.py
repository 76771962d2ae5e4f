from __future__ import annotations

from pathlib import Path

import pytest

from src.inference import bundle, opened
from src.support.errors import UserError
from tests.inference import models
from tests.reporting import bundles


def test_what_trained_a_model_without_an_export_has_to_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle"
    bundles.save(path, *models.fit(bundles.GOOD))

    def load(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn.neighbors")

    monkeypatch.setattr(opened.predictors, "load", load)
    with pytest.raises(UserError, match="has no export"):
        opened.open_bundle(path, bundle.read_manifest(path))
