"""Read raw rows from a CSV at a path or a URL, as text and unchanged."""

from __future__ import annotations

import csv
import hashlib
import http.client
import io
import sys
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from src.support.errors import UserError, did_you_mean

TIMEOUT = 30  # seconds without a byte from a URL
MOST_BYTES = 2**30  # from a URL: whoever answers may never end
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
FIRST_LINE = 2  # of the rows, as an editor counts: the header is line 1
LINE = "line"


@dataclass(frozen=True)
class Raw:
    """Rows as text, and the MD5 of their file, by which DVC knows it."""

    frame: pd.DataFrame
    md5: str
    whole: pd.DataFrame  # with extra columns


def read(source: str, *, separator: str, encoding: str, columns: Mapping[str, str]) -> Raw:
    """Read a CSV from a path or an http(s) URL, every cell as text.

    Returns the `columns` in their order, by what each of them is called in the source, indexed by
    the line on which a row begins. Raises UserError if the source cannot be read, is not a CSV with
    this encoding and separator, or lacks a column; warns about extra columns.
    """
    data = fetch(source)
    return parse(data, source, separator=separator, encoding=encoding, columns=columns)


def parse(
    data: bytes, source: str, *, separator: str, encoding: str, columns: Mapping[str, str]
) -> Raw:
    """Parse bytes as `read` does; `source` is their name in errors."""
    text = _decode(data, source, encoding)
    header = _header(text, source, separator)
    wanted = [_as_in(header, name) for name in columns.values()]
    _check_columns(header, source, separator, wanted)
    frame = _parse(text, source, separator).set_axis(header, axis="columns")
    frame.index = pd.Index(_lines(text, separator, len(frame)), name=LINE)
    if frame.empty:
        raise UserError("The source has a header but no rows.", given=source)
    rows = frame[wanted].set_axis(list(columns), axis="columns")
    return Raw(rows, hashlib.md5(data, usedforsecurity=False).hexdigest(), frame)


def fetch(source: str) -> bytes:
    """Return the bytes at a path or an http(s) URL."""
    scheme, separator, _ = source.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return _download(source)
    if separator:
        raise UserError(
            "This kind of address cannot be read.",
            given=source,
            choices=["a path", "http://...", "https://..."],
        )
    try:
        return Path(source).read_bytes()
    except FileNotFoundError:
        nearby = [str(path) for path in Path(source).parent.glob("*.csv")]
        raise UserError(
            "The source does not exist.",
            given=source,
            fix=did_you_mean(source, nearby)
            or "check the path; python -m src.samples writes the sample data",
        ) from None
    except OSError as error:
        raise UserError(
            "The source cannot be read.", given=f"{source} ({error.strerror})"
        ) from None


def _download(url: str) -> bytes:
    try:
        opener = urllib.request.build_opener(_SameKind)
        with opener.open(url, timeout=TIMEOUT) as response:
            body: bytes = response.read(MOST_BYTES + 1)
            if len(body) <= MOST_BYTES and response.length:
                raise http.client.IncompleteRead(body, response.length)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the answer's body as well
        reason = getattr(error, "reason", None) or error
        raise UserError(
            "The source cannot be reached.",
            given=f"{url} ({reason})",
            fix="check the address and the network, or download the file and give its path",
        ) from None
    if len(body) > MOST_BYTES:
        raise UserError(
            f"The source is larger than what is read from an address, {MOST_BYTES:,} bytes.",
            given=url,
            fix="download the file and give its path",
        )
    return body


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


def _decode(data: bytes, source: str, encoding: str) -> str:
    # Spreadsheets put a byte order mark before UTF-8; it is no part of the first column's name.
    codec = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"The source is not {encoding}: line {line} has the byte 0x{data[error.start]:02x}.",
            given=source,
            fix="save it as UTF-8, or set the dataset's encoding (dataset.encoding=latin-1)",
        ) from None
    except LookupError:
        raise UserError(
            "Unknown encoding.", given=encoding, choices=["utf-8", "latin-1", "cp1252", "utf-16"]
        ) from None
    if not text.strip():
        raise UserError("The source is empty.", given=source, fix="give a CSV with a header line")
    if "\0" in text:
        raise UserError("The source is not text: it has NUL bytes.", given=source)
    return text


def _reader(text: str, separator: str) -> Any:
    """Read rows and count lines, with any of the three line endings."""
    csv.field_size_limit(sys.maxsize)  # a cell of text may be a whole book
    return csv.reader(io.StringIO(text, newline=None), delimiter=separator)


def _header(text: str, source: str, separator: str) -> list[str]:
    """Return the names in the first line that is not blank."""
    rows = _reader(text, separator)
    try:
        first: list[str] = next((row for row in rows if any(map(str.strip, row))), [])
    except csv.Error as error:
        raise UserError("The source is not a CSV.", given=f"{source} ({error})") from None
    header = [name.strip() for name in first]
    if not header:
        raise UserError("The source has no header.", given=source, fix="name its columns")
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise UserError(
            "Duplicate column in the header.",
            given=f"{source}: {', '.join(map(repr, doubled))}",
            fix="rename one of them",
        )
    return header


def _lines(text: str, separator: str, rows: int) -> Sequence[int]:
    """Return the line on which each row begins, as an editor counts."""
    plain = range(FIRST_LINE, FIRST_LINE + rows)
    if text.count("\n") == rows + text.endswith("\n"):
        return plain  # no blank line, and no cell of several lines: each would add one
    begins, reader, begin = [], _reader(text, separator), 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                begins.append(begin)
            begin = reader.line_num + 1
    except csv.Error:
        return plain
    # Where the two readers do not agree on what a row is, a rough number is better than none.
    return begins[1:] if len(begins) == rows + 1 else plain


def _parse(text: str, source: str, separator: str) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                index_col=False,
                skip_blank_lines=True,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        raise UserError(
            "The source is not a table: " + str(error).split("C error: ")[-1].strip(),
            given=source,
            fix="every row needs as many cells as the header; quote cells that hold a separator",
        ) from None


def _as_in(header: list[str], name: str) -> str:
    """Return a column's name as the header has it: blanks around it do not count."""
    return name if name in header else name.strip()


def _check_columns(header: list[str], source: str, separator: str, columns: list[str]) -> None:
    absent = [name for name in columns if name not in header]
    if absent and len(header) == 1:
        for other, word in SEPARATORS.items():
            if other != separator and other in header[0]:
                raise UserError(
                    f"The source is not separated by {SEPARATORS.get(separator, separator)}s.",
                    given=f"{source}, whose header is {header[0]!r}",
                    fix=f"its separator seems to be a {word}: 'dataset.separator=\"{other}\"'",
                )
    if absent:
        raise UserError(
            f"The source lacks {'the column' if len(absent) == 1 else 'columns'} "
            f"{', '.join(map(repr, absent))}.",
            given=f"{source} with {', '.join(header)}",
            choices=columns,
            fix=did_you_mean(absent[0], header),
        )
    extra = [name for name in header if name not in columns]
    if extra:
        warnings.warn(f"{source}: ignoring the extra column(s) {', '.join(extra)}", stacklevel=3)
