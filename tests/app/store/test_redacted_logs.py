from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from app.auth.keys import new_key
from app.store import redacted_logs
from app.store.redaction import HIDDEN

KEY = new_key()[0]


@pytest.fixture
def lines() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """Return a logger of a process that hides keys, and what it writes."""
    before = logging.getLogRecordFactory()
    redacted_logs.install()
    log, stream = logging.Logger("a"), io.StringIO()
    log.addHandler(logging.StreamHandler(stream))
    yield log, stream
    logging.setLogRecordFactory(before)


def test_a_line_has_no_key(lines: tuple[logging.Logger, io.StringIO]) -> None:
    log, stream = lines
    log.error("GET /v1/%s is %d", KEY, 404)
    log.error(f"of {KEY}")
    assert stream.getvalue() == f"GET /v1/{HIDDEN} is 404\nof {HIDDEN}\n"


def test_neither_has_an_error(lines: tuple[logging.Logger, io.StringIO]) -> None:
    log, stream = lines
    try:
        raise ValueError(f"what is {KEY}?")
    except ValueError:
        log.exception("it failed")
    assert KEY not in stream.getvalue()
    assert f"ValueError: what is {HIDDEN}?" in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_a_line_of_no_error_stays(lines: tuple[logging.Logger, io.StringIO]) -> None:
    log, stream = lines
    log.error("without one", exc_info=True)
    log.info("%s", "a")
    assert stream.getvalue().startswith("without one\n")
