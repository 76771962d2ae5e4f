from __future__ import annotations

import gzip

import pytest

from app.pages import static
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
