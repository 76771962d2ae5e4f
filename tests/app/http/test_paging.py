from __future__ import annotations

import pytest

from app.http import openapi, paging, problems
from app.http.paging import Page, TimeSpan
from app.store import ids
from app.store.tables import Request
from src.support.errors import UserError


def test_a_span_without_ends_asks_for_nothing() -> None:
    assert paging.moments(TimeSpan(), Request.id) == []


def test_a_span_holds_its_beginning_and_not_its_end() -> None:
    found = paging.moments(TimeSpan(since="2026-01-31", until="2026-02-01T00:00:00Z"), Request.id)
    sql, values = Request.select(Request.id).where(*found).sql()
    assert ">= ?" in sql
    assert "< ?" in sql
    assert values == [ids.at(1769817600), ids.at(1769904000)]


def test_a_moment_is_described_as_a_time_or_a_date() -> None:
    for described in openapi.query_parameters(TimeSpan):
        assert "this moment" in described["description"]
        formats = [one["format"] for one in described["schema"]["anyOf"]]
        assert (described["schema"]["type"], formats) == ("string", ["date-time", "date"])


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_moment_that_is_none_is_named(name: str) -> None:
    with pytest.raises(UserError) as caught:
        paging.moments(TimeSpan(**{name: "soon"}), Request.id)
    assert problems.status(caught.value) == 400
    assert caught.value.what == f"'{name}' is not a time."


def test_the_first_id_of_a_moment_is_that_of_the_moment() -> None:
    assert paging.first_id("2026-01-31T00:00:00+01:00", "before") == ids.at(1769814000)
    with pytest.raises(UserError, match="'before' is not a time"):
        paging.first_id("", "before")


@pytest.mark.parametrize(
    ("there", "rows", "following"),
    [("", "", None), ("a", "a", None), ("abc", "abc", None), ("abcd", "abc", "c")],
)
def test_a_page_knows_whether_another_follows(there: str, rows: str, following: str | None) -> None:
    page = Page.read(lambda most: [{"id": letter} for letter in there[:most]], 3)
    assert page == Page([{"id": letter} for letter in rows], following)
