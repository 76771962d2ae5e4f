"""Which entries of the log are meant: the filters of its list, its file and its figures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from app.http.exchange import Caller
from app.http.paging import TimeSpan, moments
from app.request_log.delivery import State
from app.store.tables import FAILED, Request

Method = Literal["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
PRINTABLE = r"^[ -~]{1,200}$(?!\n)"
Printable = Annotated[str, Meta(pattern=PRINTABLE)]
Status = Annotated[str, Meta(pattern=r"^[1-5](xx|[0-9]{2})$(?!\n)")]


class Filter(TimeSpan, frozen=True):
    """Filter requests; `status` is a number, or 2xx, 4xx, 5xx."""

    path: Annotated[Printable | None, Meta(description="exactly this path")] = None
    status: Annotated[Status | None, Meta(description="a status such as 200, or 4xx")] = None
    method: Annotated[Method | None, Meta(description="this method")] = None
    dataset: Annotated[Printable | None, Meta(description="about this dataset")] = None
    request_id: Annotated[Printable | None, Meta(description="the id that the client gave")] = None
    delivery: Annotated[State | None, Meta(description="how a file of rows ended")] = None


def seen_by(caller: Caller) -> list[Any]:
    """Return the conditions for what a caller sees: of some datasets nothing but theirs."""
    return [] if caller.datasets is None else [Request.dataset.in_(sorted(caller.datasets))]


def conditions(query: Filter, caller: Caller) -> list[Any]:
    """Return a filter, and what its caller sees, as conditions on the table of requests."""
    equal = {
        Request.path: query.path,
        Request.method: query.method,
        Request.dataset: query.dataset,
        Request.delivery: query.delivery,
        Request.request_id: query.request_id,
    }
    clauses: list[Any] = [field == value for field, value in equal.items() if value is not None]
    clauses += [*moments(query, Request.id), *seen_by(caller)]
    if query.status is not None:
        first, last = statuses(query.status)
        clauses.append(Request.status.between(first, last))
        if first >= FAILED:  # else SQLite does not see that the index of those suffices
            clauses.append(Request.status >= FAILED)
    return clauses or [Request.id >= ""]


def statuses(status: str) -> tuple[int, int]:
    """Return the first and the last status that a filter means."""
    first = int(status.replace("xx", "00"))
    return first, first + 99 if status.endswith("xx") else first
