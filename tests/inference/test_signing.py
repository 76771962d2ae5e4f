"""Signed bundles are loaded; of those that are not nothing is, once a key is trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest

from src.inference import bundle, signing
from src.support import extras
from src.support.errors import UserError

ROWS = pd.DataFrame({"price": [1.0, 2.0]})
Keys = Callable[[str], tuple[Path, Path]]


class Touch:
    """Make a folder when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "unpickled"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return lambda name: signing.make_keys(tmp_path / "keys" / name)


@pytest.fixture
def path(tmp_path: Path, trace: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a signed bundle whose key is trusted."""
    private, public = keys("ours")
    monkeypatch.setenv(signing.SIGN, str(private))
    save(tmp_path / "bundle", trace)
    monkeypatch.setenv(signing.TRUST, str(public))
    return tmp_path / "bundle"


def save(path: Path, trace: Path) -> None:
    manifest = {"dataset": "stones", "model": "linear"}
    bundle.save(path, model=Touch(trace), rows=ROWS, tables={}, manifest=manifest)


def refused(path: Path, words: str, trace: Path) -> UserError:
    with pytest.raises(UserError, match=words) as caught:
        bundle.load(path)
    assert not trace.exists(), "nothing was unpickled"
    return caught.value


def test_one_that_is_signed_is_loaded(path: Path, trace: Path) -> None:
    bundle.load(path)
    assert trace.exists()


def test_one_that_is_not_signed_is_refused_with_what_to_do(path: Path, trace: Path) -> None:
    (path / "manifest.sig").unlink()
    error = refused(path, "is not signed", trace)
    assert error.code == "broken_bundle"
    assert f"python -m src.sign bundles {path}" in (error.fix or "")


@pytest.mark.parametrize("name", ["model.joblib", "golden.json"])
def test_a_forged_file_is_refused_though_every_hash_fits(
    path: Path, trace: Path, name: str
) -> None:
    (path / name).write_bytes(b"forged")
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["files"][name] = bundle._sha256(b"forged")
    (path / "manifest.json").write_text(json.dumps(bundle.sealed(manifest)))
    refused(path, "changed since", trace)


def test_a_forged_model_is_refused_though_who_loads_it_kept_its_hash(
    path: Path, trace: Path
) -> None:
    """As a database has it that was forged as well."""
    joblib.dump(Touch(trace), path / "model.joblib")
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["files"]["model.joblib"] = bundle._sha256((path / "model.joblib").read_bytes())
    (path / "manifest.json").write_text(json.dumps(bundle.sealed(manifest)))
    with pytest.raises(UserError, match="changed since"):
        bundle.load_model(path, manifest)
    assert not trace.exists()


def test_a_manifest_made_one_of_an_earlier_format_is_refused(path: Path, trace: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_bytes())
    del manifest["digest"]
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": bundle.EARLIER}))
    refused(path, "changed since", trace)


def test_a_signature_of_another_key_is_refused(
    path: Path, trace: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, public = keys("theirs")
    ours = os.environ[signing.TRUST]
    monkeypatch.setenv(signing.SIGN, str(theirs))
    save(path, trace)
    refused(path, "not signed with a key that is trusted", trace)
    monkeypatch.setenv(signing.TRUST, f"{ours}, {public}")
    bundle.load(path)
    assert trace.exists(), "while keys change both are trusted"


@pytest.mark.parametrize("text", [b"", b"x", b"\xff\xfe", b"QUJD"])
def test_what_is_no_signature_is_refused(path: Path, trace: Path, text: bytes) -> None:
    (path / "manifest.sig").write_bytes(text)
    refused(path, "signature is none|not signed with a key", trace)


def test_without_a_trusted_key_nothing_is_asked(
    path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(signing.TRUST)
    (path / "manifest.sig").unlink()
    bundle.load(path)
    assert trace.exists()


def test_a_bundle_is_signed_later_if_its_files_are_what_was_trained(
    path: Path, trace: Path
) -> None:
    signature = (path / "manifest.sig").read_bytes()
    (path / "manifest.sig").unlink()
    bundle.sign(path)
    assert (path / "manifest.sig").read_bytes() == signature
    (path / "rows.parquet").write_bytes(b"others")
    with pytest.raises(UserError, match=r"damaged: rows\.parquet"):
        bundle.sign(path)


def test_the_private_key_is_for_this_user_alone_and_no_key_is_replaced(keys: Keys) -> None:
    private, public = keys("ours")
    assert private.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    before = private.read_bytes()
    with pytest.raises(UserError, match="a key already"):
        keys("ours")
    assert private.read_bytes() == before


@pytest.mark.parametrize("setting", [signing.SIGN, signing.TRUST])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n", "other"])
def test_a_key_that_is_none_is_told(
    tmp_path: Path,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    content: bytes | str | None,
) -> None:
    pair = keys("ours")
    file = pair[setting == signing.SIGN]  # the other half of the pair
    if content != "other":
        file = tmp_path / "key"
    if isinstance(content, bytes):
        file.write_bytes(content)
    monkeypatch.setenv(setting, str(file))
    with pytest.raises(UserError, match=f"{setting} names cannot be used") as caught:
        signing.check_keys()
    assert str(file) in str(caught.value.given)


def test_without_its_library_it_says_what_to_install(
    path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "has", lambda _: False)
    error = refused(path, "cannot be signed, nor signatures checked", trace)
    assert error.fix == "pip install -c constraints.txt '.[sign]'"


def test_the_library_is_imported_only_where_there_is_a_key() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(signing.TRUST, raising=False)
        patch.setattr(extras, "has", lambda _: False)
        signing.check_keys()
        assert signing.signature(b"{}") is None
