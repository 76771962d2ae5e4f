"""Which labels are listed, deleted or accepted."""

from __future__ import annotations

from typing import Annotated, Any

import peewee
from msgspec import Meta

from app.http.paging import Line, TimeSpan, moments
from app.labels import store
from app.store import ids
from app.store.tables import Label
from src.support.errors import UserError


class LabelFilter(TimeSpan, frozen=True):
    """Which labels."""

    source: Annotated[Line | None, Meta(description="of this source")] = None
    value: Annotated[Line | None, Meta(description="with this target, as a CSV writes it")] = None
    prediction: Annotated[
        Annotated[str, Meta(pattern=ids.PATTERN)] | None,
        Meta(description="that are the truth of this prediction"),
    ] = None
    upload: Annotated[
        Annotated[str, Meta(pattern=ids.PATTERN)] | None,
        Meta(description="that this post has brought"),
    ] = None


def conditions(database: peewee.Database, dataset: str, labels: LabelFilter) -> list[Any]:
    """Return the conditions of the filters that are given."""
    found = moments(labels, Label.id)
    for field in ("source", "value", "prediction"):
        value = getattr(labels, field)
        if value is not None:
            found.append(getattr(Label, field) == value)
    if labels.upload is not None:
        found += store.of_upload(database, dataset, labels.upload)
    return found


def unconfirmed(count: int, confirm: int | None, done: str) -> UserError:
    """Return the refusal to change labels whose number nobody has confirmed, or another one."""
    return UserError(
        f"{store.counted(count)} would be {done}, once the number is confirmed.",
        code="not_confirmed",
        given="no confirm" if confirm is None else f"confirm={confirm}",
        choices=[f"confirm={count}"],
        fix=f"ask again with confirm={count}",
    )
