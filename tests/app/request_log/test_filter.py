from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import peewee
import pytest

from app.http.exchange import HERE
from app.request_log.filter import Filter, conditions
from app.store import database as databases
from app.store.migrations import migrate
from app.store.tables import Request


@pytest.fixture
def database(tmp_path: Path) -> Iterator[peewee.Database]:
    with closing(databases.connect(f"sqlite:///{tmp_path / 'log.db'}", "process", 1.0)) as found:
        migrate(found)
        yield found


@pytest.mark.parametrize("status", ["404", "500", "5xx"])
def test_failed_requests_are_found_by_their_index(database: peewee.Database, status: str) -> None:
    clauses = conditions(Filter(status=status), HERE)
    query = Request.select().where(*clauses).order_by(Request.id.desc())
    sql, parameters = query.limit(50).bind(database).sql()
    plan = str(database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall())
    assert "request_failed" in plan
