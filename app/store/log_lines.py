"""What a process writes on its log: each line with its time and level, as text or as JSON."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from app.store import redacted_logs
from app.store.redaction import without_keys

PLAIN, JSON = "plain", "json"
LONGEST = 100_000  # characters that are kept of a line that does not end

# Of the request that this thread answers; empty where it answers none.
request_id: ContextVar[str] = ContextVar("request_id", default="")


@contextmanager
def answering(request: str) -> Iterator[None]:
    """Name the request in every line that this thread logs meanwhile."""
    token = request_id.set(request)
    try:
        yield
    finally:
        request_id.reset(token)


class PlainFormatter(logging.Formatter):
    """Time, process, level, who says it, and what; an error's lines follow."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Return the first line of a record."""
        who = f"{record.levelname} {record.name}"
        request = request_id.get()
        words = f" (request {without_keys(request)})" if request else ""
        return f"{_time(record)} [{record.process}] {who}: {record.message}{words}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message and more."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the one line of a record."""
        fields: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if request := request_id.get():
            fields["request_id"] = without_keys(request)
        if record.exc_info and record.exc_info[0] is not None:
            text = record.exc_text or self.formatException(record.exc_info)
            fields["exception"] = text.rstrip("\n")
        if record.stack_info:
            fields["stack"] = record.stack_info
        return json.dumps(fields)  # in ASCII: no character ends the line, and none breaks it


class Lines(io.TextIOBase):
    """A stream whose lines are records: of what prints, and does not log."""

    def __init__(self, log: logging.Logger, level: int) -> None:
        self._log = log
        self._level = level
        self._rest = threading.local()  # each thread's own line, so that they do not mix

    def write(self, text: str) -> int:
        """Log the lines that are complete; keep the rest."""
        *lines, rest = (getattr(self._rest, "text", "") + text).split("\n")
        if len(rest) > LONGEST:
            lines, rest = [*lines, rest], ""
        self._rest.text = rest
        for line in lines:
            self._say(line)
        return len(text)

    def flush(self) -> None:
        """Keep a line that has not ended: print() flushes in the middle of one."""

    def close(self) -> None:
        """Log what has not ended."""
        rest, self._rest.text = getattr(self._rest, "text", ""), ""
        self._say(rest)

    def _say(self, line: str) -> None:
        if line.strip():
            self._log.log(self._level, "%s", line.strip())


def config(kind: str) -> dict[str, Any]:
    """Return what the logging of Python, or gunicorn's, is configured with."""
    formatter = JsonFormatter if kind == JSON else PlainFormatter
    here: dict[str, Any] = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "stream": "ext://sys.__stderr__",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            **{name: {**here, "level": "INFO"} for name in ("app", "src", "service", "training")},
            # Their levels are gunicorn's own.
            **dict.fromkeys(("gunicorn.error", "gunicorn.access"), here),
        },
    }


def install(kind: str | None, part: str) -> None:
    """Let all that this process says from now on be lines of this kind; `part` is its name."""
    redacted_logs.install()
    logging.config.dictConfig(config(kind or PLAIN))
    logging.captureWarnings(True)
    # What says on the log that a line could not be written would be the next such line.
    logging.raiseExceptions = False
    log = logging.getLogger(part)
    sys.stdout, sys.stderr = Lines(log, logging.INFO), Lines(log, logging.WARNING)

    def explain(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("it ended by an error", exc_info=(kind, error, trace))

    def explain_thread(failed: threading.ExceptHookArgs) -> None:
        error = failed.exc_value or failed.exc_type()
        who = failed.thread.name if failed.thread else "?"
        log.error(
            "the thread %s ended", who, exc_info=(failed.exc_type, error, failed.exc_traceback)
        )

    sys.excepthook, threading.excepthook = explain, explain_thread


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
