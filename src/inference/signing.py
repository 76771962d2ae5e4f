"""Signatures of bundles: by ed25519, over the hash of the manifest and so over every file.

Alone of its room this file reads the environment: a loader that nobody told of the keys would
believe whatever lies in its folder.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from src.support import extras
from src.support.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGN, TRUST = "LAPIDARY_SIGN", "LAPIDARY_TRUST"
SIGNATURE = "manifest.sig"  # beside the manifest
PRIVATE, PUBLIC = "lapidary.key", "lapidary.pub"
WITHOUT = "Bundles cannot be signed, nor signatures checked, by this installation."


def make_keys(folder: Path) -> tuple[Path, Path]:
    """Write a new pair of keys, the private one for this user alone; return both files.

    Raises UserError where one of them is there already.
    """
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    places = folder / PRIVATE, folder / PUBLIC
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for place, data, mode in zip(places, (private, public), (0o600, 0o644), strict=True):
        try:
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise UserError(
                "There is a key already, and it is kept.", given=place, fix="name another folder"
            ) from None
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    return places


def signature(manifest: bytes) -> bytes | None:
    """Sign a manifest with the key that LAPIDARY_SIGN names; return None where it names none."""
    key = _private()
    return None if key is None else base64.b64encode(key.sign(_message(manifest))) + b"\n"


def check_keys() -> None:
    """Raise UserError where a key that the environment names cannot be used."""
    _private()
    _public()


def check(path: Path, manifest: bytes) -> None:
    """Raise UserError unless a key that LAPIDARY_TRUST names has signed a bundle's manifest.

    Where it names none, nothing is checked.
    """
    keys = _public()
    if not keys:
        return
    try:
        signed = base64.b64decode((path / SIGNATURE).read_bytes().strip(), validate=True)
    except OSError:
        raise _refusal("The bundle is not signed.", path) from None
    except binascii.Error:
        raise _refusal("The bundle's signature is none.", path) from None
    if not any(_is_by(key, signed, manifest) for key in keys):
        what = "The bundle was not signed with a key that is trusted, or changed since."
        raise _refusal(what, path)


def _is_by(key: Ed25519PublicKey, signed: bytes, manifest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signed, _message(manifest))
    except InvalidSignature:
        return False
    return True


def _message(manifest: bytes) -> bytes:
    """Return what is signed, which nothing else that the key may ever sign can be."""
    return b"lapidary bundle\n" + hashlib.sha256(manifest).hexdigest().encode()


def _private() -> Ed25519PrivateKey | None:
    name = os.environ.get(SIGN, "")
    if not name:
        return None
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(name, SIGN), None)
    except (ValueError, TypeError) as error:
        raise _unusable(name, SIGN, error) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(name, SIGN, "not of ed25519")
    return key


def _public() -> list[Ed25519PublicKey]:
    names = [name for part in os.environ.get(TRUST, "").split(",") if (name := part.strip())]
    return [_public_key(name) for name in names]


def _public_key(name: str) -> Ed25519PublicKey:
    data = _read(name, TRUST)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except ValueError as error:
        raise _unusable(name, TRUST, error) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _unusable(name, TRUST, "not of ed25519")
    return key


def _read(name: str, setting: str) -> bytes:
    if not extras.has("cryptography"):
        raise extras.absent("cryptography", WITHOUT)
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise _unusable(name, setting, error.strerror) from None


def _unusable(name: str, setting: str, why: object) -> UserError:
    return UserError(
        f"The key that {setting} names cannot be used.",
        given=f"{name} ({why})",
        fix="make a pair: python -m src.sign keys <folder>; or unset it",
    )


def _refusal(what: str, path: Path) -> UserError:
    return UserError(
        what,
        code="broken_bundle",
        given=path,
        fix=f"train it with {SIGN} set to the private key of a trusted pair, or, where you know "
        f"where it comes from, sign it: python -m src.sign bundles {path}; it was not loaded",
    )
