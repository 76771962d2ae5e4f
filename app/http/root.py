"""The sub-path under which a proxy shows the service, such as /ml; empty where it has its own host.

WSGI calls it SCRIPT_NAME, and what comes after it PATH_INFO. A proxy may take the sub-path off
before it passes a request on, or leave it: both are the same to us. Every address that we write
begins with it.
"""

from __future__ import annotations

from typing import Any

from src.support.errors import UserError


def enter(environ: dict[str, Any], root: str) -> None:
    """Take the sub-path off the path of a WSGI request, once, where the proxy has left it there.

    A slash at the end says nothing, but where something could be removed or replaced: there it may
    be a name that was left out, and what is above it is more than was meant.
    """
    environ["SCRIPT_NAME"] = root
    path = environ["PATH_INFO"]
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root) :] or "/"
    removes_nothing = environ.get("REQUEST_METHOD") in ("GET", "HEAD", "POST")
    if removes_nothing and len(path) > 1 and path.endswith("/") and not path.endswith("//"):
        path = path[:-1]
    environ["PATH_INFO"] = path


def check(root: str, paths: list[str]) -> None:
    """Raise UserError where a path of our own could be taken for one below the sub-path."""
    taken = sorted({f"/{path.split('/')[1]}" for path in paths} - {"/"})
    first = f"/{root.split('/')[1]}" if root else ""
    if first in taken:
        raise UserError(
            "The sub-path begins as the service's own paths do, so that they cannot be told apart.",
            given=f"LAPIDARY_ROOT={root}",
            fix=f"choose one that does not begin with {', '.join(taken)}",
        )
