"""Signing in with an API key in a browser: a signed cookie in place of the key itself.

The cookie names the key by its prefix and ends by itself. It is signed with the key's stored hash,
so nothing else is to be kept: all processes read it alike, and a key that is revoked ends its
sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import Any, Protocol

COOKIE = "lapidary_session"
FORM = "lapidary_form"  # of who is not signed in: what the form must repeat
LIFE = 12 * 3600  # seconds
_VALUE = re.compile(r"[A-Za-z0-9_-]{1,40}\.[0-9]{1,12}\.[0-9a-f]{64}")


class Signer(Protocol):
    """What a session rests on."""

    @property
    def hash(self) -> str:
        """Return the hash of the key."""


def begin(prefix: str, key: Signer) -> str:
    """Return the cookie's value of who gave this key just now."""
    expires = int(time.time()) + LIFE
    return f"{prefix}.{expires}.{_signature(prefix, expires, key)}"


def prefix(value: str, keys: Mapping[str, Signer]) -> str | None:
    """Return the prefix of the key that a cookie stands for; None where it is none or has ended."""
    if not _VALUE.fullmatch(value):
        return None
    name, expires, signature = value.split(".")
    key = keys.get(name)
    if key is None or int(expires) < time.time():
        return None
    return name if hmac.compare_digest(signature, _signature(name, int(expires), key)) else None


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
    """Return the Set-Cookie of a value; scripts cannot read it, other sites do not send it."""
    is_secure = "https" in (environ.get("wsgi.url_scheme"), environ.get("HTTP_X_FORWARDED_PROTO"))
    secure = "; Secure" if is_secure else ""
    return f"{name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict{secure}"


def _signature(prefix: str, expires: int, key: Signer) -> str:
    text = f"session {prefix} {expires}".encode()
    return hmac.new(key.hash.encode(), text, hashlib.sha256).hexdigest()
