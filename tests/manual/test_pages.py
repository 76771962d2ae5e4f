"""The generated pages say what the program says now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from manual import keys, pages
from manual.markdown import anchor


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.stem)
def test_the_committed_page_is_the_one_that_is_made(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages.PAGES[path](), "make reference"


def test_every_struct_has_its_table() -> None:
    text = "".join(
        (pages.REFERENCE / f"{name}.md").read_text() for name in ("settings", "configuration")
    )
    told = set(re.findall(r"<!-- keys: (\w+) -->", text))
    same = {"Integer", "Limits"}  # told beside Number and Gate
    assert told == set(keys.STRUCTS) - same


def test_every_key_has_a_meaning() -> None:
    for name in ("settings", "configuration"):
        text = (pages.REFERENCE / f"{name}.md").read_text(encoding="utf-8")
        assert text.count("<!-- keys:") >= 1
        assert not re.findall(r"^\|.*\|\s*\|$", text, re.MULTILINE)


def test_every_route_is_there_with_its_scope() -> None:
    text = (pages.REFERENCE / "api.md").read_text(encoding="utf-8")
    scoped = dict(re.findall(r"^\| \[`(.+?)`\]\(.*?\) \| (?:(`\w+`) )?\|", text, re.MULTILINE))
    headings = re.findall(r"^### ([A-Z]+ /.*)$", text, re.MULTILINE)
    assert set(scoped) == set(headings)
    assert len({anchor(heading) for heading in headings}) == len(headings)
    assert scoped["POST /v1/{dataset}/predictions"] == "`predict`"
    assert scoped["POST /v1/{dataset}/labels"] == "`label`"
    assert scoped["POST /v1/{dataset}/trainings"] == "`train`"
    assert scoped["GET /v1/requests"] == "`admin`"
    assert scoped["GET /healthz"] == ""
