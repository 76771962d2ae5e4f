from __future__ import annotations

import json
from pathlib import Path

import pytest

from src.config import paths
from src.inference import bundle
from src.runs import verdicts
from src.support.errors import UserError


def test_without_a_run_nothing_is_judged(project: Path) -> None:
    paths.VERDICTS.unlink(missing_ok=True)
    assert verdicts.read() == {}
    paths.METRICS.mkdir(exist_ok=True)
    paths.VERDICTS.write_text("{")
    assert verdicts.read() == {}


def test_a_verdict_names_the_bundles_that_took_part(project: Path) -> None:
    paths.METRICS.mkdir(exist_ok=True)
    told = {"stones": {"champion": "linear", "metric": "mae", "bundles": {"linear": "ab"}}}
    paths.VERDICTS.write_text(json.dumps(told))
    assert verdicts.read()["stones"].bundles == {"linear": "ab"}


def test_another_bundle_is_not_the_one_that_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "seal", lambda path: "ab")
    verdicts.check_seal(tmp_path, "ab")
    with pytest.raises(UserError, match="not the one that the pipeline judged"):
        verdicts.check_seal(tmp_path, "cd")
