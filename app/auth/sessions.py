"""Browser sessions: a signed cookie in place of the API key.

The cookie names the key by its prefix, has an id of its own and expires. It is signed with a secret
of the service, so that access to the database is not enough to forge one. The signature covers the
key's stored hash, so that revoking a key ends its sessions. Signing out ends one by its id: see
`ended_sessions`.
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
from typing import Any, NamedTuple, Protocol

from app.auth.hosts import is_local_name
from src.support import files
from src.support.errors import UserError

COOKIE = "lapidary_session"
FORM = "lapidary_form"  # of those not signed in; the form must repeat it
LIFE = 12 * 3600  # seconds
SECRET = "session.key"  # noqa: S105 - the file's name; without it all sessions end
BYTES = 32  # of the secret
_VALUE = re.compile(r"[A-Za-z0-9_-]{1,40}\.[0-9]{1,11}\.[0-9a-f]{32}\.[0-9a-f]{64}")


class Session(NamedTuple):
    """A session that is valid: the prefix of its key, when it ends (seconds since 1970), its id."""

    prefix: str
    expires: int
    id: str


class Signer(Protocol):
    """A key that signs sessions."""

    @property
    def hash(self) -> str:
        """Return the hash of the key."""


def secret(folder: Path) -> bytes:
    """Return the signing secret, created at the first start and shared by all processes.

    Raises UserError if it cannot be stored or is damaged.
    """
    path = folder / SECRET
    with files.explained("The session secret", path):
        if not path.exists():
            _make(path)
        content = path.read_bytes()
    if len(content) != BYTES:
        raise UserError(
            "The session secret is damaged.",
            given=f"{path} ({len(content)} bytes)",
            fix="remove the file; a new one is created, and everyone has to sign in again",
        )
    return content


def _make(path: Path) -> None:
    """Write the file before it gets its name; one of several starting processes wins."""
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
    """Return the value of a new session cookie for a key."""
    session = Session(prefix, int(time.time()) + LIFE, secrets.token_hex(16))
    return f"{prefix}.{session.expires}.{session.id}.{_signature(session, key, secret)}"


def read(value: str, keys: Mapping[str, Signer], secret: bytes) -> Session | None:
    """Return the session of a cookie; None if the cookie is not valid or has expired."""
    if not _VALUE.fullmatch(value):
        return None
    prefix, expires, number, signature = value.split(".")
    session = Session(prefix, int(expires), number)
    key = keys.get(prefix)
    if key is None or session.expires < time.time():
        return None
    expected = _signature(session, key, secret)
    return session if hmac.compare_digest(signature, expected) else None


def token(value: str) -> str:
    """Return the CSRF token of a cookie, which other sites cannot know."""
    return hmac.new(value.encode(), b"form", hashlib.sha256).hexdigest()[:32]


def cookie(environ: Mapping[str, Any], name: str) -> str:
    """Return the value of a request's cookie; empty if there is none."""
    for part in str(environ.get("HTTP_COOKIE", "")).split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def header(name: str, value: str, environ: Mapping[str, Any], *, life: int = LIFE) -> str:
    """Return a Set-Cookie header that hides the cookie from scripts and other sites.

    Except on this machine it is sent over TLS only.
    """
    # The nearest proxy appends to the header.
    relayed = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).rpartition(",")[2].strip().lower()
    is_tls = "https" in (environ.get("wsgi.url_scheme"), relayed)
    secure = "; Secure" if is_tls or not is_local_name(environ.get("HTTP_HOST", "")) else ""
    path = environ.get("SCRIPT_NAME") or "/"
    return f"{name}={value}; Path={path}; Max-Age={life}; HttpOnly; SameSite=Strict{secure}"


def _signature(session: Session, key: Signer, secret: bytes) -> str:
    text = f"session {session.prefix} {session.expires} {session.id} {key.hash}".encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()
