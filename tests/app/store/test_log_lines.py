from __future__ import annotations

import io
import json
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.auth.keys import new_key
from app.store import log_lines, redacted_logs
from app.store.redaction import HIDDEN
from app.trainings.workspace import Workspace
from tests.app import server as servers

KEY = new_key()[0]
FIELDS = {"time", "level", "logger", "message", "process"}
Say = Callable[[str], tuple[logging.Logger, io.StringIO]]


@pytest.fixture
def say() -> Iterator[Say]:
    """Return a function that makes a logger of this kind, and what it writes."""
    before = logging.getLogRecordFactory()
    redacted_logs.install()

    def make(kind: str) -> tuple[logging.Logger, io.StringIO]:
        log, stream = logging.Logger("app.a"), io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(log_lines.config(kind)["formatters"]["line"]["()"]())
        log.addHandler(handler)
        return log, stream

    yield make
    logging.setLogRecordFactory(before)


def test_a_json_line_has_time_level_logger_and_message(say: Say) -> None:
    log, stream = say("json")
    log.warning("a %s\nin two lines, \ud800", "word")
    (line,) = stream.getvalue().splitlines()
    document = json.loads(line)
    assert document.keys() == FIELDS
    assert document["message"] == "a word\nin two lines, \ud800"
    assert (document["level"], document["logger"]) == ("warning", "app.a")
    assert document["time"].endswith("Z")
    assert datetime.fromisoformat(document["time"]).utcoffset() == timedelta(0)


def test_an_error_is_a_field_and_no_line_of_its_own(say: Say) -> None:
    log, stream = say("json")
    try:
        raise ValueError(f"of {KEY}")
    except ValueError:
        log.exception("it failed")
    (line,) = stream.getvalue().splitlines()
    document = json.loads(line)
    assert document["exception"].endswith(f"ValueError: of {HIDDEN}")
    assert "Traceback" in document["exception"]
    assert document["message"] == "it failed"


def test_a_line_names_the_request_that_is_being_answered(say: Say) -> None:
    for kind, words in (("json", '"request_id": "A-17"'), ("plain", "(request A-17)")):
        log, stream = say(kind)
        with log_lines.answering("A-17"):
            log.error("within")
        log.error("after")
        within, after = stream.getvalue().splitlines()
        assert words in within
        assert "request" not in after


def test_a_request_is_named_without_a_key(say: Say) -> None:
    for kind in ("json", "plain"):
        log, stream = say(kind)
        with log_lines.answering(KEY):
            log.error("within")
        assert KEY not in stream.getvalue()


def test_a_plain_line_has_time_and_level(say: Say) -> None:
    log, stream = say("plain")
    log.error("a %s", "word")
    time, process, level, who, said = stream.getvalue().rstrip().split(" ", 4)
    assert datetime.fromisoformat(time).utcoffset() == timedelta(0)
    assert (level, who, said) == ("ERROR", "app.a:", "a word")
    assert process.startswith("[")


def test_what_is_printed_is_logged_line_by_line(say: Say) -> None:
    log, stream = say("json")
    lines = log_lines.Lines(log, logging.INFO)
    print("a", "b", file=lines, flush=True)
    print("  c", end="", file=lines, flush=True)
    print("\n\nd", end="", file=lines)
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["a b", "c"]
    print("x" * (log_lines.LONGEST + 1), end="", file=lines)
    print("e", end="", file=lines)
    lines.close()
    said = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert said[2].startswith("dxx")
    assert said[3:] == ["e"]


SAYS = """
import sys, threading, warnings
from app.store import log_lines
log_lines.install(sys.argv[1], "service")
print("printed")
warnings.warn("warned", stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0, name="t")
thread.start()
thread.join(10)
sys.exit(sys.argv[2]) if sys.argv[2] else [][0]
"""


@pytest.mark.parametrize(("end", "last"), [("", "IndexError"), ("that was it", "that was it")])
def test_whatever_a_process_writes_is_a_line(end: str, last: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS, "json", end],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=servers.ROOT,
    )
    assert (done.returncode, done.stdout) == (1, "")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["logger"] for one in lines] == ["service", "py.warnings", "service", "service"]
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert last in str(lines[3])


def parsed(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        assert line.keys() >= FIELDS, line
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    return lines


@pytest.mark.slow
def test_every_line_of_a_service_and_its_trainings_is_json(home: Path, tmp_path: Path) -> None:
    var = tmp_path / "var"
    with servers.running(home, var, workers="1", log="json", wait="0.2") as server:
        record = server.ask("GET", "/v1/stones")[1]["example"]
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
            client.sendall(b"GET / HTTP/9.9\r\n\r\n")
            assert client.recv(100)
        status, asked = server.ask("POST", "/v1/debts/trainings", {"model": "dummy", "use": "file"})
        assert status == 202
        path = f"/v1/debts/trainings/{asked['id']}"
        over = ("done", "failed")
        server.wait_until(lambda: server.ask("GET", path)[1]["state"] in over, "it is trained")
        server.database.rename(tmp_path / "away")
        name: Any = {"X-Request-Id": "A-17"}
        asks = ("POST", "/v1/stones/predictions", record)
        server.wait_until(lambda: server.ask(*asks, **name)[0] == 503, "an answer is not stored")
        (tmp_path / "away").rename(server.database)
        server.wait_until(server.is_ready, "the database is back")
        (before,) = server.workers()
        server.process.send_signal(signal.SIGHUP)
        server.wait_until(lambda: before not in server.workers(), "the worker is replaced")
        server.wait_until(server.is_ready, "the new worker serves")
    lines = parsed(server.log)
    said = " | ".join(line["message"] for line in lines)
    for words in ("Starting", "Invalid", "was not stored", "Handling signal: hup", "Shutting down"):
        assert words in said, said
    loggers = {line["logger"] for line in lines}
    assert {"app.request_log.recorder", "app.trainings.launcher", "gunicorn.error"} <= loggers
    assert "gunicorn.access" not in loggers, "the database has every request"
    assert "A-17" in {line.get("request_id") for line in lines}
    training = parsed(Workspace(var, asked["id"]).log)
    assert {line["logger"] for line in training} == {"training"}
    assert "reading" in training[0]["message"]


FULL = """
import logging, sys
from app.store import log_lines
log_lines.install("json", "service")
logging.getLogger("app").error("nobody can read this")
print("done", file=sys.__stdout__)
"""


def test_a_line_that_cannot_be_written_fails_nobody(root: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", FULL]
        done = subprocess.run(
            command, cwd=root, stdout=subprocess.PIPE, stderr=full, check=False, timeout=60
        )
    assert done.stdout == b"done\n"
