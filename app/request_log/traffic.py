"""The log over time: how many requests, how they ended, how long they took."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import peewee

from app.http.exchange import Caller
from app.http.operation import Call, operation
from app.http.paging import Timestamp
from app.http.resource import Resource
from app.request_log import counts
from app.request_log.filter import Filter, conditions, statuses
from app.request_log.strangers import MINUTE
from app.store import clock, ids
from app.store.tables import DURATIONS, ENDS, Request, UnloggedRequests

MOST = 100_000  # requests that are looked at, the newest
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # since when ids count
USUAL = timedelta(days=1)  # the span unless the query gives another
BUCKETS = 75  # at most, for spans of up to years
HOUR, DAY = 3600, 86_400
# Lengths of a bucket in seconds that people count in.
STEPS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)
EXACT = 5_000  # requests of a span that are looked at one by one, if it can be had by counts
QUANTILES = (0.5, 0.95)

Row = tuple[str, int, float]  # id, status, milliseconds
Counted = tuple[list[int], list[int]]  # by how they ended, and by how long they took


class TrafficFigures(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={name: f"{digit}xx" for digit, name in ENDS.items()},
):
    """How many requests ended how, and how many milliseconds half and 95 % of them took at most."""

    success: int
    redirect: int
    refusal: int
    failure: int
    p50: float | None
    p95: float | None


class TrafficBucket(TrafficFigures, frozen=True, kw_only=True):
    """The figures of the requests from a moment to the next bucket's."""

    at: Timestamp
    unlogged: int | None  # without a valid key, counted and not in the log


class TrafficSeries(msgspec.Struct, frozen=True):
    """The requests of a span in all, and by time.

    Of more than 5,000 whole minutes are counted, or whole hours, and their durations are estimates,
    at most a third off, unless they are filtered or their buckets are shorter: `exact` is false.
    """

    since: Timestamp
    until: Timestamp
    seconds: int  # how long a bucket is
    looked_at: int
    all: bool  # whether none of the span was left out
    exact: bool  # whether they were looked at one by one
    total: TrafficFigures
    unlogged: int | None  # None where the filter asks for what is not counted of them
    buckets: list[TrafficBucket]


class Traffic(Resource):
    """GET /v1/requests/series: counts and durations by time."""

    path = "/v1/requests/series"
    tag = "log"

    def __init__(self, database: peewee.Database) -> None:
        self._database = database

    @operation(
        scope="admin",
        name="requests_series",
        summary="How many requests came and how long they took over time;"
        " of the last day unless asked",
        query=Filter,
        answer=TrafficSeries,
        refuses=("invalid_time",),
        is_answer_stored=False,
    )
    def on_get(self, call: Call[Filter, None]) -> TrafficSeries:
        """Answer with buckets of equal length, the oldest first."""
        since, until = _span(call.query)
        counted = self._counted(call.query, call.caller, since, until)
        if counted is not None:
            return counted
        start, end = clock.text(since), clock.text(until)
        span = msgspec.structs.replace(call.query, since=start, until=end)
        columns = (Request.id, Request.status, Request.milliseconds)
        clauses = conditions(span, call.caller)
        newest = Request.select(*columns).where(*clauses).order_by(Request.id.desc())
        rows = list(newest.limit(MOST + 1).tuples().execute(self._database))
        seconds = step((until - since).total_seconds())
        unlogged = self._unlogged(call.query, call.caller, since, until)
        return TrafficSeries(
            since=start,
            until=end,
            seconds=seconds,
            looked_at=min(len(rows), MOST),
            all=len(rows) <= MOST,
            exact=True,
            total=TrafficFigures(**_figures(rows[:MOST])),
            unlogged=None if unlogged is None else sum(unlogged.values()),
            buckets=buckets(rows[:MOST], since.timestamp(), until.timestamp(), seconds, unlogged),
        )

    def _unlogged(
        self, query: Filter, caller: Caller, since: datetime, until: datetime
    ) -> dict[str, int] | None:
        """Return how many were not logged by minute; None where nobody can tell which are meant."""
        of_each = (query.path, query.method, query.dataset, query.request_id, query.delivery)
        if caller.datasets is not None or any(value is not None for value in of_each):
            return None
        table = UnloggedRequests
        clauses = [table.minute >= clock.text(since)[:MINUTE], table.minute < clock.text(until)]
        if query.status is not None:
            clauses.append(table.status.between(*statuses(query.status)))
        sums = table.select(table.minute, peewee.fn.SUM(table.number)).where(*clauses)
        rows: Any = sums.group_by(table.minute).tuples().execute(self._database)
        return {minute: int(number) for minute, number in rows}

    def _counted(
        self, query: Filter, caller: Caller, since: datetime, until: datetime
    ) -> TrafficSeries | None:
        """Return what the counts say; None where they say nothing of it, or it is of few."""
        seconds = step((until - since).total_seconds())
        is_filtered = any(
            getattr(query, name) is not None
            for name in query.__struct_fields__
            if name not in ("since", "until")
        )
        if is_filtered or caller.datasets is not None or seconds % counts.MINUTE:
            return None
        span = counts.HOUR if seconds % counts.HOUR == 0 else counts.MINUTE
        start = int(since.timestamp() // span) * span
        end = -int(-until.timestamp() // span) * span
        left = counts.uncounted(self._database)
        if left is not None and left >= ids.at(start):
            return None
        found = counts.read(self._database, start, end, seconds)
        total = _sums(found.values())
        if sum(total[0]) <= EXACT:
            return None
        numbers = range(start // seconds, -(-end // seconds))
        unlogged = _by_bucket(self._unlogged(query, caller, since, until) or {}, seconds)
        return TrafficSeries(
            since=_text(start),
            until=_text(end),
            seconds=seconds,
            looked_at=sum(total[0]),
            all=True,
            exact=False,
            total=TrafficFigures(**_estimates(*total)),
            unlogged=sum(unlogged.values()),
            buckets=[
                TrafficBucket(
                    at=_text(number * seconds),
                    unlogged=unlogged[number],
                    **_estimates(*found.get(number, NONE)),
                )
                for number in numbers
            ],
        )


NONE: Counted = ([0] * len(ENDS), [0] * DURATIONS)


def _sums(found: Iterable[Counted]) -> Counted:
    """Add counts of several spans."""
    every = [NONE, *found]
    ends, durations = (
        [sum(column) for column in zip(*part, strict=True)] for part in zip(*every, strict=True)
    )
    return ends, durations


def _by_bucket(unlogged: Mapping[str, int], seconds: int) -> Counter[int]:
    """Add what was counted by minute to the numbers of buckets, since 1970."""
    numbers: Counter[int] = Counter()
    for minute, number in unlogged.items():
        numbers[int(clock.parse(minute, "minute").timestamp() // seconds)] += number
    return numbers


def _estimates(ends: list[int], durations: list[int]) -> dict[str, Any]:
    p50, p95 = (counts.quantile(durations, share) for share in QUANTILES)
    return {**dict(zip(ENDS.values(), ends, strict=True)), "p50": p50, "p95": p95}


def _text(seconds: int) -> str:
    return clock.text(datetime.fromtimestamp(seconds, UTC))


def step(span: float) -> int:
    """Return how many seconds a bucket is long, so that there are some sixty of them."""
    at = bisect_right(STEPS, span / BUCKETS)
    return STEPS[at] if at < len(STEPS) else int(span / BUCKETS) + 1


def buckets(
    rows: list[Row],
    since: float,
    until: float,
    seconds: int,
    unlogged: Mapping[str, int] | None = None,
) -> list[TrafficBucket]:
    """Count rows of id, status and milliseconds by time; a bucket may begin before `since`.

    What was not logged is counted by minute, and is put where its minute begins.
    """
    first = int(since // seconds)
    count = int(-(-until // seconds)) - first if since < until else 0
    each: list[list[Row]] = [[] for _ in range(count)]
    counted = [0] * count

    def place(bucket: int) -> int:
        return min(max(bucket - first, 0), count - 1)

    for row in rows:
        each[place(int(_moment(row[0]) // seconds))].append(row)
    for bucket, number in _by_bucket(unlogged or {}, seconds).items():
        counted[place(bucket)] += number
    return [
        TrafficBucket(
            at=clock.text(datetime.fromtimestamp((first + at) * seconds, UTC)),
            unlogged=None if unlogged is None else counted[at],
            **_figures(some),
        )
        for at, some in enumerate(each)
    ]


def _figures(rows: list[Row]) -> dict[str, Any]:
    """Count rows by how they ended, and say how long they took; None where there are none."""
    classes = Counter(status // 100 for _, status, _ in rows)
    counts = {name: classes[at] for at, name in ENDS.items()}
    durations = [milliseconds for _, _, milliseconds in rows]
    p50, p95 = np.quantile(durations, QUANTILES).round(3).tolist() if rows else (None, None)
    return {**counts, "p50": p50, "p95": p95}


def _moment(request_id: str) -> float:
    """Return when an id was made, in seconds since 1970."""
    return int(request_id[:8] + request_id[9:13], 16) / 1000


def _span(query: Filter) -> tuple[datetime, datetime]:
    """Return the query's span, cut where no id can be; raise UserError where a time is none."""
    until = clock.now() if query.until is None else clock.parse(query.until, "until")
    until = max(until, EPOCH)
    since = until if query.since is None else clock.parse(query.since, "since")
    if query.since is None:
        since = max(until, EPOCH + USUAL) - USUAL
    return min(max(since, EPOCH), until), until
