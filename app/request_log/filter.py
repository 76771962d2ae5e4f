"""Which entries of the log are meant: what its list, its file and its figures can be asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from app.http.paging import TimeSpan, moments
from app.store.tables import Request

Method = Literal["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
PRINTABLE = r"^[ -~]{1,200}$(?!\n)"
Printable = Annotated[str, Meta(pattern=PRINTABLE)]


class Filter(TimeSpan, frozen=True):
    """Which requests; `status` is a number, or 2xx, 4xx, 5xx."""

    path: Printable | None = None
    status: Annotated[str, Meta(pattern=r"^[1-5](xx|[0-9]{2})$(?!\n)")] | None = None
    method: Method | None = None
    dataset: Printable | None = None
    request_id: Printable | None = None


def conditions(asked: Filter) -> list[Any]:
    """Return the conditions that a filter is."""
    equal = {
        Request.path: asked.path,
        Request.method: asked.method,
        Request.dataset: asked.dataset,
        Request.request_id: asked.request_id,
    }
    wanted: list[Any] = [field == value for field, value in equal.items() if value is not None]
    wanted += moments(asked, Request.id)
    if asked.status is not None:
        first = int(asked.status.replace("xx", "00"))
        last = first + 99 if asked.status.endswith("xx") else first
        wanted.append(Request.status.between(first, last))
    return wanted or [Request.id >= ""]
