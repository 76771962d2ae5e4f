"""Bytes at a path, an http(s) URL or in an object store, as a file that can be read anywhere."""

from __future__ import annotations

import http.client
import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, BinaryIO, cast

from src.support import extras
from src.support.errors import UserError, did_you_mean

TIMEOUT = 30  # seconds without a byte from a URL
MOST_BYTES = 2**30  # from a URL: whoever answers may never end
BLOCK = 2**20
IN_MEMORY = 2**24  # what comes from elsewhere goes to the disk beyond this
WEB = ("http", "https")
# By fsspec, which has each in a package of its own: s3fs, gcsfs, adlfs, ...
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oci", "sftp", "hdfs", "webhdfs")
DATABASES = ("sqlite", "postgresql", "postgres")
CHOICES = (
    "a path",
    "http://...",
    "https://...",
    "sqlite:///...",
    "postgresql://...",
    "s3://... and other stores",
)
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]*@|(password=)[^&]*")
_PLACE = re.compile(r"([^:]+://)(?:[^/?#]*@)?([^?#]*).*", re.DOTALL)


def scheme(source: str) -> str:
    """Return the kind of an address in small letters; "" of a path."""
    before, separator, _ = source.partition("://")
    return before.lower() if separator else ""


def shown(source: str) -> str:
    """Return a source as it may be told: of a database no password, of others no query or user."""
    kind = scheme(source)
    if kind in DATABASES:
        return _PASSWORD.sub(r"\1\2***@", source)
    return _PLACE.sub(r"\1\2", source) if kind else source


def open_file(source: str) -> BinaryIO:
    """Open the bytes at a path or an address; raise UserError where there are none."""
    kind = scheme(source)
    if kind in WEB:
        return _download(source)
    if kind in STORES:
        return _stored(source)
    if kind:
        raise UserError(
            "This kind of address cannot be read.", given=shown(source), choices=CHOICES
        )
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - returned
        if not file.seekable():  # a pipe
            return _spooled(file, source)
        return file
    except FileNotFoundError:
        parent, suffix = Path(source).parent, Path(source).suffix or ".csv"
        raise UserError(
            "The source does not exist.",
            given=source,
            fix=did_you_mean(source, map(str, parent.glob(f"*{suffix}")))
            or "check the path; python -m src.samples writes the sample data",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError("The source cannot be read.", given=f"{source} ({reason})") from None


def _spooled(stream: Any, source: str) -> BinaryIO:
    """Copy a stream to a file, as far as a limit."""
    fresh = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - returned
    total = 0
    try:
        while block := stream.read(BLOCK):
            total += len(block)
            if total > MOST_BYTES:
                raise UserError(
                    f"The source is larger than what is read from an address, {MOST_BYTES:,} "
                    "bytes.",
                    given=shown(source),
                    fix="download the file and give its path",
                )
            fresh.write(block)
    except BaseException:
        fresh.close()
        raise
    fresh.seek(0)
    return fresh


def _download(url: str) -> BinaryIO:
    try:
        opener = urllib.request.build_opener(_SameKind)
        with opener.open(url, timeout=TIMEOUT) as response:
            file = _spooled(response, url)
            if response.length:
                file.close()
                raise http.client.IncompleteRead(b"", response.length)
            return file
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the answer's body as well
        reason = getattr(error, "reason", None) or error
        raise UserError(
            "The source cannot be reached.",
            given=f"{shown(url)} ({reason})",
            fix="check the address and the network, or download the file and give its path",
        ) from None


class _SameKind(urllib.request.HTTPRedirectHandler):
    """Follow no redirect to another kind of address, but for one from http to https."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: str
    ) -> Any:
        """Raise URLError where the kind differs."""
        kinds = (req.type, urllib.parse.urlsplit(newurl).scheme)
        if kinds[0] != kinds[1] and kinds != ("http", "https"):
            fp.close()
            raise urllib.error.URLError(f"it redirects to another kind of address, {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _stored(url: str) -> BinaryIO:
    """Open an object of a store; who may read it is the store's own configuration."""
    if not extras.has("fsspec"):
        raise extras.absent("fsspec", "The source is in a store that needs more packages.")
    import fsspec

    try:
        with fsspec.open(url, "rb") as stream:
            return _spooled(stream, url)
    except ImportError as error:
        raise UserError(
            "The source is in a store that needs one more package.",
            code="not_installed",
            given=f"{shown(url)} ({error})",
            fix=f"pip install {_package(scheme(url))}",
        ) from None
    except UserError:
        raise
    except Exception as error:  # each store has errors of its own
        raise UserError(
            "The source cannot be reached.",
            given=f"{shown(url)} ({type(error).__name__}: {error})",
            fix="check the address, and the store's credentials in the environment",
        ) from None


def _package(kind: str) -> str:
    packages = {"s3": "s3fs", "g": "gcsfs", "a": "adlfs", "oci": "ocifs", "sftp": "paramiko"}
    return next((name for start, name in packages.items() if kind.startswith(start)), "pyarrow")
