"""python -m src.sign: keys outside of the project, and signatures of what was trained before."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from src import sign
from src.inference import bundle, signing
from src.support.errors import UserError


def test_a_pair_is_made_outside_of_the_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="does not belong into the project"):
        sign.make([Path("keys")])
    assert not (project / "keys").exists()
    with pytest.raises(UserError, match="one folder"):
        sign.make([Path("/keys"), Path("/others")])
    folder = tmp_path_factory.mktemp("outside") / "keys"
    sign.make([folder])
    said = capsys.readouterr().out
    assert f"export LAPIDARY_SIGN={folder}/lapidary.key" in said
    assert f"export LAPIDARY_TRUST={folder}/lapidary.pub" in said


def test_bundles_are_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle"
    rows = pd.DataFrame({"price": [1.0]})
    bundle.save(path, model={}, rows=rows, tables={}, manifest={})
    private, public = signing.make_keys(tmp_path / "keys")
    with pytest.raises(UserError, match="no key to sign with"):
        sign.sign([path])
    monkeypatch.setenv(signing.SIGN, str(private))
    monkeypatch.setenv(signing.TRUST, str(public))
    with pytest.raises(UserError, match="not signed"):
        bundle.read_manifest(path)
    sign.sign([path])
    bundle.read_manifest(path)
    assert capsys.readouterr().out == f"{path}: signed\n"
