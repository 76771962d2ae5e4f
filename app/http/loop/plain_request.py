"""Read a request that has nothing unusual without a parser.

What is read here gets the environ that gunicorn's parser would have made. Whatever is odd in any
way is not read: it is the parser's, from its first byte.
"""

from __future__ import annotations

import io
import os
import re
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.wsgi import base_environ

from app.http.loop.request_buffer import RequestBuffer

LONGEST_HEAD = 2048  # bytes; fewer than any of gunicorn's own limits
PLAIN = "lapidary.plain"  # in the environ of what was read here: whether its connection is kept
# What clients and proxies commonly send; none of these changes how gunicorn reads the rest.
USUAL = (
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control"),
    *("Connection", "Content-Length", "Content-Type", "Host", "Idempotency-Key", "Origin"),
    *("Pragma", "Priority", "Referer", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site"),
    *("Traceparent", "Tracestate", "User-Agent", "X-API-Key", "X-Forwarded-For"),
    *("X-Forwarded-Proto", "X-Real-IP", "X-Request-Id"),
)
# Settings of gunicorn that say what it reads, and who is told of it.
OWN_WAYS = (
    *("casefold_http_method", "header_map", "limit_request_field_size", "limit_request_fields"),
    *("limit_request_line", "permit_obsolete_folding", "permit_unconventional_http_method"),
    *("permit_unconventional_http_version", "post_request", "pre_request"),
    *("secure_scheme_headers", "statsd_host", "strip_header_spaces"),
)
_NEITHER = ("CONTENT_LENGTH", "CONTENT_TYPE")  # have no HTTP_ before them
_LINES = re.compile(rb"(GET|POST) (/[A-Za-z0-9_.~/-]*) HTTP/1\.1((?:\r\n[ -~]+)+)\r\n\r\n")
_KEPT = {"keep-alive": True, "close": False}


def _key(name: str) -> str:
    """Return the name that WSGI has for a header."""
    key = name.upper().replace("-", "_")
    return key if key in _NEITHER else f"HTTP_{key}"


_KEYS = {spelt: _key(name) for name in USUAL for spelt in (name, name.lower(), name.title())}


def are_read(cfg: Config, log: Logger) -> bool:
    """Tell whether gunicorn has no way of its own, and logs no request: it need not be asked."""
    settings = cfg.settings
    return (
        not log.access_log_enabled
        and "SCRIPT_NAME" not in os.environ
        and all(settings[name].get() == settings[name].default for name in OWN_WAYS)
    )


class PlainRequests:
    """Reads requests of a worker's connections."""

    def __init__(self, cfg: Config) -> None:
        self._base = {
            **base_environ(cfg),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",  # no light route asks for what a proxy says of it
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
        }

    def read(self, arrival: RequestBuffer, client: Any, server: Any) -> dict[str, Any] | None:
        """Return the environ of a request that is whole; None where anything is odd.

        `client` and `server` are the addresses of the connection's ends.
        """
        head, size, data = arrival.head, arrival.size, arrival.data
        if head > LONGEST_HEAD or size != len(data):  # more was sent ahead
            return None
        match = _LINES.fullmatch(data, 0, head)
        if match is None or not (isinstance(client, tuple) and isinstance(server, tuple)):
            return None
        method, path, lines = match.groups()
        environ = self._base.copy()
        environ["REQUEST_METHOD"] = method.decode()
        environ["PATH_INFO"] = environ["RAW_URI"] = path.decode()
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
        environ["SERVER_NAME"], environ["SERVER_PORT"] = server[0], str(server[1])
        environ["wsgi.input"] = io.BytesIO(data[head:])
        for line in lines.decode()[2:].split("\r\n"):
            name, colon, value = line.partition(":")
            key = _KEYS.get(name) or _KEYS.get(name.lower())
            if key is None or not colon or key in environ:
                return None
            environ[key] = value.strip(" ")
        kept = _KEPT.get(environ.get("HTTP_CONNECTION", "keep-alive").lower())
        if kept is None or "HTTP_HOST" not in environ or _has_odd_length(environ, size - head):
            return None
        environ[PLAIN] = kept
        return environ


def _has_odd_length(environ: dict[str, Any], size: int) -> bool:
    """Tell whether a body has no length, or what has none has one."""
    if environ["REQUEST_METHOD"] == "GET":
        return "CONTENT_LENGTH" in environ
    length = environ.get("CONTENT_LENGTH", "")
    return not (length.isdecimal() and int(length) == size)
