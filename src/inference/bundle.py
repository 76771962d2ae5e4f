"""A trained model on disk, with its manifest and training rows; checked before it is loaded.

manifest.json      configuration, metrics, data, commit, versions, sha256 of each file and itself
manifest.sig       its signature, where it was trained with a key
model.joblib       the fitted model
predictor.*        the same as plain data, where it could be exported; member<k>.ubj beside it
golden.json        a few held-out records and the fitted model's answers
held_out.json      more of them with the true values, and the costliest errors
suspects.json      training rows whose true value a person should look at
card.json          what the model goes by, how good it is and where it fails; card.md for people
rows.parquet       the training rows, for look-ups
past.json          the last rows of each series, where rows look into their past
predictions.csv    actual and predicted on the test rows
trials.csv         the search's history, where there was one

A service opens a bundle without unpickling anything: `read_manifest`, then `verified` by name.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.inference import signing
from src.support import files
from src.support.errors import UserError

if TYPE_CHECKING:  # a service does without it, and it takes a second to import
    import pandas as pd

FORMAT = 3
EARLIER = 2  # whose manifests have no hash of themselves
DIGEST = "digest"
MANIFEST = "manifest.json"
MODEL = "model.joblib"
ROWS = "rows.parquet"


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle, whose files have the hashes of its manifest."""

    path: Path
    manifest: dict[str, Any]
    model: Any

    def rows(self) -> pd.DataFrame:
        """Return the training rows: typed features and target."""
        import pandas as pd

        return pd.read_parquet(io.BytesIO(verified(self.path, ROWS, self.manifest)))


def save(
    path: Path,
    *,
    model: Any,
    rows: pd.DataFrame,
    manifest: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    extra: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Write a bundle atomically and return its manifest.

    `tables` are written as <name>.csv, `extra` files as they are. Raises UserError if the disk
    refuses.
    """
    import joblib

    with files.new_folder(path, "The bundle") as fresh, files.explained("The bundle", path):
        joblib.dump(model, fresh / MODEL, compress=3)
        rows.to_parquet(fresh / ROWS, index=False)
        for name, table in tables.items():
            table.to_csv(fresh / f"{name}.csv", index=False, lineterminator="\n")
        for name, data in (extra or {}).items():
            (fresh / name).write_bytes(data)
        hashes = {file.name: _sha256(file.read_bytes()) for file in sorted(fresh.iterdir())}
        full = sealed({"format": FORMAT, **manifest, "files": hashes})
        text = files.json_bytes(full)
        (fresh / MANIFEST).write_bytes(text)
        signature = signing.signature(text)
        if signature is not None:
            (fresh / signing.SIGNATURE).write_bytes(signature)
    return full


def sign(path: Path) -> None:
    """Sign a bundle that was trained without a key, after checking every file of it.

    Raises UserError where a file is not the one that was trained, or where there is no key.
    """
    text = _text(path)
    manifest = _parsed(path, text)
    for name in manifest["files"]:
        verified(path, name, manifest)
    signature = signing.signature(text)
    if signature is None:
        raise UserError(
            "There is no key to sign with.",
            fix=f"set {signing.SIGN} to a private key: python -m src.sign keys <folder>",
        )
    files.write(path / signing.SIGNATURE, signature)


def load(path: Path) -> Bundle:
    """Load a bundle after checking every file against the manifest.

    Raises UserError, before anything is unpickled, if a file is missing or has changed.
    """
    manifest = read_manifest(path)
    for name in manifest["files"]:
        verified(path, name, manifest)
    return Bundle(path, manifest, load_model(path, manifest))


def load_model(path: Path, manifest: Mapping[str, Any]) -> Any:
    """Unpickle the model that a manifest names: that of the bundle, or one that was kept of it.

    Raises UserError, before anything is unpickled, unless both name the same one.
    """
    import joblib

    if read_manifest(path)["files"].get(MODEL) != manifest["files"].get(MODEL):
        raise _damaged(MODEL, "is not the file that was trained", path)
    return joblib.load(io.BytesIO(verified(path, MODEL, manifest)))


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a bundle's manifest.

    Raises UserError if it is missing, unreadable, not what was written, or not signed with a key
    that is trusted where any are.
    """
    text = _text(path)
    signing.check(path, text)
    return _parsed(path, text)


def _text(path: Path) -> bytes:
    try:
        return (path / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise UserError(
            "There is no bundle here.", code="broken_bundle", given=path, fix="train one first"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(text.decode())
    except ValueError as error:
        raise _unreadable(path, error) from None
    check(manifest, path)
    return dict(manifest)


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(
        "The bundle's manifest cannot be read.", code="broken_bundle", given=f"{path} ({error})"
    )


def check(manifest: Any, where: object) -> None:
    """Raise UserError unless a manifest is one, and is as it was written.

    One of an earlier format is believed: only the files that it names can be checked.
    """
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if version not in (EARLIER, FORMAT) or not isinstance(manifest.get("files"), dict):
        raise UserError(
            "The bundle has another format.",
            code="broken_bundle",
            given=f"{where}, format {version}",
            choices=[EARLIER, FORMAT],
            fix="train it again with this version",
        )
    if version != EARLIER and not is_sealed(manifest):
        raise _damaged(MANIFEST, "is not what was written", where)


def is_sealed(manifest: dict[str, Any]) -> bool:
    """Tell whether a manifest is as it was written: its hash is that of all that it says."""
    return manifest == sealed(manifest)


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with the hash of all that it says, and so of all files."""
    said = {name: value for name, value in manifest.items() if name != DIGEST}
    # As it is read again: there every key is text.
    text = json.dumps(json.loads(json.dumps(said)), sort_keys=True)
    return {**said, DIGEST: _sha256(text.encode())}


def seal(path: Path) -> str:
    """Return the hash of a bundle's manifest, which names the hashes of all its other files.

    Raises UserError if the manifest is missing or unreadable.
    """
    read_manifest(path)
    return _sha256((path / MANIFEST).read_bytes())


def verified(path: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """Return a file's bytes; raise UserError unless their hash is the manifest's."""
    expected = manifest["files"].get(name)
    try:
        data = (path / name).read_bytes()
    except OSError:
        data = None
    if data is None or expected is None or _sha256(data) != expected:
        state = "is absent" if data is None else "is not the file that was trained"
        raise _damaged(name, state, path)
    return data


def _damaged(name: str, how: str, where: object) -> UserError:
    return UserError(
        f"The bundle is damaged: {name} {how}.",
        code="broken_bundle",
        given=where,
        fix="restore it (dvc checkout, or a backup) or train again; it was not loaded",
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
