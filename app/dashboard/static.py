"""Serve the static files of pages, and the script that draws charts."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import logging
import subprocess
import sys
import threading
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

from app.http.operation import Call, operation
from app.http.resource import Resource
from src.support.errors import UserError

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"  # another content has another address
DRAWS = "vega.js"
PAUSE = 60  # seconds in which a failed script is not written again; app.http.problems says so, too
LONGEST = 120  # seconds that writing the script may take


@cache
def digest() -> str:
    """Return a hash of all files."""
    whole = hashlib.sha256(version("vl-convert-python").encode())
    for path in sorted(FOLDER.iterdir()):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def url(name: str) -> str:
    """Return the path of a file."""
    return f"/static/{digest()}/{name}"


class Static(Resource):
    """GET /static/{digest}/{name}: one of the listed files."""

    path = "/static/{digest}/{name}"
    is_recorded = False  # the same for everybody

    def __init__(self, var: Path, *, is_early: bool) -> None:
        """Take the folder of the script, and whether to write it in advance."""
        self._script = var / "pages" / f"vega-{version('vl-convert-python')}.js"
        self._packed: dict[str, tuple[bytes, bytes]] = {}
        self._lock = threading.Lock()
        self._failed_until = 0.0
        self._is_prepared = not is_early

    @operation(scope=None, query=None, is_answer_stored=False)
    def on_get(self, call: Call, digest: str, name: str) -> None:
        """Answer with a file, which browsers may cache for ever."""
        del digest  # of a page that is still open, maybe: it gets what there is now, not to keep
        request, response = call.request, call.response
        is_own = request.path == url(name)
        plain, packed = self._read(name)
        response.content_type = f"{KINDS[Path(name).suffix]}; charset=utf-8"
        response.set_header("Cache-Control", FOR_EVER if is_own else "no-store")
        response.set_header("Vary", "Accept-Encoding")
        if "gzip" in request.get_header("Accept-Encoding", default=""):
            response.set_header("Content-Encoding", "gzip")
            response.data = packed
        else:
            response.data = plain

    def prepare(self) -> None:
        """Write the script in advance, once there are pages."""
        if not self._is_prepared:
            self._is_prepared = True
            threading.Thread(target=self._prepare, daemon=True).start()

    def _prepare(self) -> None:
        with contextlib.suppress(UserError, OSError):  # whoever asks for it is told
            self._read(DRAWS)

    def _read(self, name: str) -> tuple[bytes, bytes]:
        # Only the script takes long; what the first page needs at once does not wait for it.
        with self._lock if name == DRAWS else contextlib.nullcontext():
            if name not in self._packed:
                self._packed[name] = _pack(self._path(name).read_bytes())
            return self._packed[name]

    def _path(self, name: str) -> Path:
        if name == DRAWS:
            if not self._script.exists():
                self._write()
            return self._script
        names = sorted(path.name for path in FOLDER.iterdir() if path.suffix in KINDS)
        if name not in names:
            what = "There is no such file."
            raise UserError(what, code="unknown_file", given=name, choices=[*names, DRAWS])
        return FOLDER / name

    def _write(self) -> None:
        """Write the script, but do not retry at once after a failure."""
        if time.monotonic() < self._failed_until:
            raise _unwritten()
        try:
            _write_script(self._script)
        except (subprocess.TimeoutExpired, OSError) as error:
            log.error("the charts' script was not written: %s", error)
            self._failed_until = time.monotonic() + PAUSE
            raise _unwritten() from error


def _pack(content: bytes) -> tuple[bytes, bytes]:
    return content, gzip.compress(content, mtime=0)


def _write_script(path: Path) -> None:
    """Write the script in another process, since that takes 130 MB of memory."""
    command = [sys.executable, "-m", "app.dashboard.vega_bundle", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip()[-500:])


def _unwritten() -> UserError:
    return UserError(
        "The script that draws charts could not be written; see the log.",
        code="charts_unavailable",
    )
