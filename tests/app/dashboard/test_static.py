from __future__ import annotations

import gzip
import subprocess

import pytest

from app.dashboard import static
from tests.app import project
from tests.app.service import Service

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@SQLITE
@pytest.mark.parametrize("name", ["style.css", "page.js", "icon.svg"])
def test_a_file_is_for_anyone_and_for_ever(service: Service, name: str) -> None:
    answer = service.ask(static.url(name))
    assert answer.content == (static.FOLDER / name).read_bytes()
    assert answer.headers["cache-control"] == static.FOR_EVER
    assert service.rows() == [], "nobody wants to read that in the log"


@SQLITE
def test_a_file_is_packed_for_who_takes_it(service: Service) -> None:
    answer = service.ask(static.url("style.css"), headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.content) == (static.FOLDER / "style.css").read_bytes()
    assert answer.headers["content-length"] == str(len(answer.content))


@SQLITE
@pytest.mark.parametrize("name", ["x.js", "..%2f..%2ffactory.py", "../static.py", ".hidden"])
def test_no_other_file_is_given(service: Service, name: str) -> None:
    assert service.ask(f"/static/0/{name}").status_code == 404


def test_the_address_changes_with_the_content(monkeypatch: pytest.MonkeyPatch) -> None:
    before = static.digest()
    static.digest.cache_clear()
    monkeypatch.setattr(static, "version", lambda _: "another")
    assert static.digest() != before
    static.digest.cache_clear()


@SQLITE
@pytest.mark.slow
def test_the_script_that_draws_is_written_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project.ROOT))
    first = service.ask(static.url(static.DRAWS))
    assert b"vegaEmbed" in first.content
    (written,) = (service.settings.folder() / "pages").iterdir()
    before = written.stat().st_mtime_ns
    assert service.ask(static.url(static.DRAWS)).content == first.content
    assert written.stat().st_mtime_ns == before


@SQLITE
def test_a_script_that_cannot_be_written_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static.sys, "executable", "/bin/false")
    answer = service.ask(static.url(static.DRAWS))
    assert answer.status_code == 503
    assert "see the log" in answer.json["detail"]
    assert answer.headers["retry-after"] == str(static.PAUSE)
    assert [row["status"] for row in service.rows()] == [503], "what is refused is in the log"


@SQLITE
@pytest.mark.parametrize("wrong", [OSError("no memory"), subprocess.TimeoutExpired("x", 1)])
def test_what_failed_is_not_tried_again_at_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, wrong: Exception
) -> None:
    tried: list[object] = []

    def run(*words: object, **_: object) -> None:
        tried.append(words)
        raise wrong

    monkeypatch.setattr(static.subprocess, "run", run)
    answers = [service.ask(static.url(static.DRAWS)).status_code for _ in range(3)]
    assert (answers, len(tried)) == ([503] * 3, 1)
    later = static.time.monotonic() + static.PAUSE + 1
    monkeypatch.setattr(static.time, "monotonic", lambda: later)
    service.ask(static.url(static.DRAWS))
    assert len(tried) == 2


@SQLITE
def test_only_the_own_address_is_for_ever(service: Service) -> None:
    """Else what a page of an old version asks for is kept under the old version's address."""
    answer = service.ask("/static/0123456789abcdef/page.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
