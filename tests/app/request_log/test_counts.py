from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import peewee
import pytest

from app.request_log import counts, retention
from app.request_log.journal import Entry, Journal
from app.store import clock, ids
from app.store import database as databases
from app.store.tables import ENDS, Request, RequestCount, Uncounted

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = [one.name for one in Request._meta.sorted_fields if one is not Request.checksum]
numbers = itertools.count()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "PAUSE", 0.0)
    monkeypatch.setattr(retention, "PAUSE", 0.0)


@pytest.fixture
def journal(database: peewee.Database, database_url: str) -> Iterator[Journal]:
    shared = databases.connect(database_url, "process", 0, is_shared=True)
    with closing(Journal(shared, 1.0)) as made:
        yield made


def row(after: float, status: int = 200, milliseconds: float = 1.0) -> dict[str, Any]:
    moment = AT + timedelta(seconds=after)
    return {
        **dict.fromkeys(COLUMNS),
        "id": ids.at(moment.timestamp())[:-12] + f"{next(numbers):012x}",
        "at": clock.text(moment),
        "method": "GET",
        "path": "/",
        "query": "",
        "status": status,
        "milliseconds": milliseconds,
        "is_prediction": 0,
    }


def entry(*words: Any) -> Entry:
    made = row(*words)
    return Entry([made[name] for name in COLUMNS], [])


def store(database: peewee.Database, *rows: dict[str, Any]) -> None:
    """Store rows as they were before there were counts."""
    with databases.exclusive(database):
        for one in rows:
            Request.insert(one).execute(database)


def counted(database: peewee.Database, seconds: int = counts.MINUTE) -> dict[int, list[int]]:
    """Return how the requests of each minute ended, by seconds after AT."""
    sums = [peewee.fn.SUM(getattr(RequestCount, name)) for name in ENDS.values()]
    rows = RequestCount.select(RequestCount.at, *sums).where(RequestCount.seconds == seconds)
    rows = rows.group_by(RequestCount.at).order_by(RequestCount.at).tuples()
    start = int(AT.timestamp())
    return {at - start: [int(one) for one in ends] for at, *ends in rows.execute(database)}


def test_what_is_stored_is_counted_with_it(database: peewee.Database, journal: Journal) -> None:
    journal.write_all([entry(0), entry(59, 404), entry(60, 503), entry(61), entry(62, 204)])
    journal.write(entry(3600, 303))
    assert counted(database) == {0: [1, 0, 1, 0], 60: [2, 0, 0, 1], 3600: [0, 1, 0, 0]}
    assert counted(database, counts.HOUR) == {0: [3, 0, 1, 1], 3600: [0, 1, 0, 0]}


def test_what_is_not_stored_is_not_counted(database: peewee.Database, journal: Journal) -> None:
    one = entry(0)
    journal.write(one)
    with pytest.raises(Exception, match=r"(?i)unique"):
        journal.write(Entry(one.request, []))
    assert counted(database) == {0: [1, 0, 0, 0]}


def test_what_is_removed_is_counted_no_more(database: peewee.Database, journal: Journal) -> None:
    journal.write_all([entry(0), entry(30, 404), entry(61), entry(4000)])
    retention.trim(database, before=AT + timedelta(seconds=31), megabytes=None)
    assert counted(database) == {60: [1, 0, 0, 0], 3960: [1, 0, 0, 0]}
    assert counted(database, counts.HOUR) == {0: [1, 0, 0, 0], 3600: [1, 0, 0, 0]}


def test_processes_count_apart_and_may_take_off_what_others_counted(
    database: peewee.Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        monkeypatch.setattr(os, "getpid", lambda number=number: number)
        journal.write_all([entry(0), entry(60, 404)])
    assert counted(database) == {0: [2, 0, 0, 0], 60: [0, 0, 2, 0]}
    monkeypatch.setattr(os, "getpid", lambda: 3)
    retention.trim(database, before=AT + timedelta(seconds=31), megabytes=None)
    assert counted(database) == {60: [0, 0, 2, 0]}
    assert sorted(one.part for one in RequestCount.select().execute(database)) == [1, 1, 2, 2, 3]


def test_rows_of_before_are_counted_a_few_at_a_time(
    database: peewee.Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "CHUNK", 2)
    monkeypatch.setattr(counts, "CHUNKS", 1)
    rows = [row(at) for at in (0, 60, 61, 120, 121)]
    store(database, *rows)
    Uncounted.insert(until=rows[-1]["id"]).execute(database)
    journal.write(entry(180))
    assert counted(database) == {180: [1, 0, 0, 0]}
    counts.fill(database)
    assert counted(database) == {120: [2, 0, 0, 0], 180: [1, 0, 0, 0]}
    assert counts.uncounted(database) == rows[2]["id"]
    # What is removed before it was counted is never taken off.
    retention.trim(database, before=AT + timedelta(seconds=1), megabytes=None)
    for _ in range(3):
        counts.fill(database)
    assert counted(database) == {at: [n, 0, 0, 0] for at, n in ((60, 2), (120, 2), (180, 1))}
    assert counts.uncounted(database) is None


def test_counts_are_read_by_spans(database: peewee.Database, journal: Journal) -> None:
    journal.write_all([entry(at, 200, 2.0) for at in (0, 300, 599, 600, 1200)])
    start = int(AT.timestamp())
    found = counts.read(database, start, start + 1200, 600)
    assert {number * 600 - start: ends for number, (ends, _) in found.items()} == {
        0: [3, 0, 0, 0],
        600: [1, 0, 0, 0],
    }
    assert all(sum(durations) == sum(ends) for ends, durations in found.values())
    assert (
        sum(sum(one[0]) for one in counts.read(database, start, start + 3600, 3600).values()) == 5
    )


def test_a_quantile_is_at_most_a_third_off() -> None:
    generator = random.Random(1)
    taken = [generator.lognormvariate(1.5, 1.2) for _ in range(5000)]
    durations = [0] * counts.DURATIONS
    for one in taken:
        durations[counts.bisect_right(counts.BOUNDS, one)] += 1
    for share in (0.0, 0.5, 0.95, 1.0):
        estimate, exact = counts.quantile(durations, share), np.quantile(taken, share)
        assert estimate is not None
        assert 1 / counts.RATIO <= estimate / exact <= counts.RATIO
    assert counts.quantile([0] * counts.DURATIONS, 0.5) is None


def test_all_count_in_one_order_so_that_nobody_waits_for_each_other() -> None:
    said: list[Any] = []
    rows = [(clock.text(AT + timedelta(seconds=at)), 200, 1.0) for at in (61, 0, 3600)]
    counts.add(lambda _, values: said.append(values[:2]), "?", rows)
    assert said == sorted(said)
    assert [seconds for seconds, _ in said] == [60, 60, 60, 3600, 3600]
