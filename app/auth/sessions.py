"""Signing in with an API key in a browser: a signed cookie in place of the key itself.

The cookie names the key by its prefix and ends by itself. It is signed with a secret of the
service, so that who reads the database cannot make one. The key's stored hash is in what is signed:
a key that is revoked ends its sessions.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from app.auth.hosts import is_local_name
from src.support import files
from src.support.errors import UserError

COOKIE = "lapidary_session"
FORM = "lapidary_form"  # of who is not signed in: what the form must repeat
LIFE = 12 * 3600  # seconds
SECRET = "session.key"  # noqa: S105 - the file's name; without it all sessions end
BYTES = 32  # of the secret
_VALUE = re.compile(r"[A-Za-z0-9_-]{1,40}\.[0-9]{1,12}\.[0-9a-f]{64}")


class Signer(Protocol):
    """What a session rests on."""

    @property
    def hash(self) -> str:
        """Return the hash of the key."""


def secret(folder: Path) -> bytes:
    """Return what a service signs with, made at its first start; all its processes have the same.

    Raises UserError where it cannot be kept, or is not what was written.
    """
    path = folder / SECRET
    with files.explained("The secret of sessions", path):
        if not path.exists():
            _make(path)
        found = path.read_bytes()
    if len(found) != BYTES:
        raise UserError(
            "The secret of sessions is not whole.",
            given=f"{path} ({len(found)} bytes)",
            fix="remove the file: a new one is made, and who was signed in signs in again",
        )
    return found


def _make(path: Path) -> None:
    """Write the file whole before it has its name; of processes that start at once one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # for its owner alone
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def begin(prefix: str, key: Signer, secret: bytes) -> str:
    """Return the cookie's value of who gave this key just now."""
    expires = int(time.time()) + LIFE
    return f"{prefix}.{expires}.{_signature(prefix, expires, key, secret)}"


def prefix(value: str, keys: Mapping[str, Signer], secret: bytes) -> str | None:
    """Return the prefix of the key that a cookie stands for; None where it is none or has ended."""
    if not _VALUE.fullmatch(value):
        return None
    name, expires, signature = value.split(".")
    key = keys.get(name)
    if key is None or int(expires) < time.time():
        return None
    expected = _signature(name, int(expires), key, secret)
    return name if hmac.compare_digest(signature, expected) else None


def token(value: str) -> str:
    """Return what a form must carry beside a cookie: other sites can send the one, not this."""
    return hmac.new(value.encode(), b"form", hashlib.sha256).hexdigest()[:32]


def cookie(environ: Mapping[str, Any], name: str) -> str:
    """Return the value of a request's cookie; empty where there is none."""
    for part in str(environ.get("HTTP_COOKIE", "")).split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def header(name: str, value: str, environ: Mapping[str, Any], *, life: int = LIFE) -> str:
    """Return the Set-Cookie of a value; scripts cannot read it, other sites do not send it.

    Nothing carries it without TLS but what stays within this machine.
    """
    # The nearest proxy adds to the end of what it was given.
    relayed = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).rpartition(",")[2].strip().lower()
    is_tls = "https" in (environ.get("wsgi.url_scheme"), relayed)
    secure = "; Secure" if is_tls or not is_local_name(environ.get("HTTP_HOST", "")) else ""
    return f"{name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}"


def _signature(prefix: str, expires: int, key: Signer, secret: bytes) -> str:
    text = f"session {prefix} {expires} {key.hash}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()
