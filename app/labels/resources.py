"""Labels: post them, list and export them, delete them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

import falcon
import msgspec
from msgspec import Meta

from app.http import body, media
from app.http.bodies import Pages
from app.http.openapi import parameter
from app.http.operation import Call, operation
from app.http.paging import Cursor, Limit, Line, Moment, Page, first_id
from app.http.resource import Resource
from app.labels import export, filters, openapi, store, upload_store
from app.labels.decisions import AcceptLabel, AcceptLabels, RejectLabel, RestoreLabel
from app.labels.feedback import PredictionLabel
from app.labels.filters import LabelFilter
from app.labels.linking import Predictions
from app.labels.overview import Overview
from app.labels.reader import Chunk, LabelReaders
from app.labels.review import Reviewer
from app.labels.schema import check_storable
from app.labels.uncertainty import Uncertain
from app.labels.upload import LabelUpload
from app.labels.upload_report import PostedLabels
from app.labels.upload_resources import OneUpload, Uploads
from app.registry.services import DatasetResource, Services
from app.store import ids
from app.store.redaction import PASTED, holds_key
from app.store.tables import Label
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

KEY = "Idempotency-Key"
LONGEST_KEY = 200
# Printable, with no space at its ends, which a header cannot carry.
KEY_PARAMETER = parameter(
    KEY,
    {"type": "string", "pattern": r"^[!-~]([ -~]*[!-~])?$", "maxLength": LONGEST_KEY},
    "sent again with it, nothing is stored twice",
    where="header",
)
BY_STATE = {
    "in_use": store.live,
    "to_review": store.waiting,
    "accepted": store.accepted,
    "deleted": store.gone,
}
ONE_OR_MANY = ("application/json", *body.STREAMED)


class UploadQuery(Checked, frozen=True):
    """What can be said of a post of labels."""

    source: Annotated[
        Line | None,
        Meta(description="who or what they come from; the key's name unless given"),
    ] = None
    atomic: Annotated[bool, Meta(description="store all or none")] = False


class LabelQuery(LabelFilter, frozen=True):
    """Which labels are listed, and in which form."""

    deleted: Annotated[bool, Meta(description="those that were deleted")] = False
    state: Annotated[
        Literal["in_use", "to_review", "accepted", "deleted"] | None,
        Meta(
            description="in_use unless given: what counts; what waits for a person; what counts "
            "since a person accepted it; what was deleted or rejected"
        ),
    ] = None
    format: Annotated[
        Literal["json", "csv", "ndjson"],
        Meta(description="a page, or a file of all of them, the oldest first"),
    ] = "json"
    cursor: Annotated[Cursor | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Limit | None, Meta(description="labels of a page; LAPIDARY_PAGE unless given")
    ] = None


class LabelDeletion(LabelFilter, frozen=True):
    """Which labels are to go, and how many that are."""

    before: Annotated[Moment | None, Meta(description="that came before this moment")] = None
    confirm: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="how many will go; the answer without it says so"),
    ] = None


class DeletedLabels(msgspec.Struct, frozen=True):
    """How many labels were deleted."""

    deleted: int


class Labels(DatasetResource):
    """Post, list and delete a dataset's labels."""

    path = "/v1/{dataset}/labels"

    def __init__(self, services: Services, readers: LabelReaders, reviewer: Reviewer) -> None:
        super().__init__(services)
        self._readers = readers
        self._reviewer = reviewer

    @operation(
        scope="label",
        name="post_labels",
        summary="Post what was true: the {target} of one {noun}, or of many",
        description="A row at fault is refused for itself, and its neighbours are stored. "
        "CSV (with a header, in any order) and NDJSON are read while they come. A row with a "
        "prediction_id in place of the features is the truth of that prediction.",
        query=UploadQuery,
        headers=(KEY_PARAMETER,),
        body=openapi.one_or_many_labels,
        body_examples=openapi.label_examples,
        also_takes={body.CSV: openapi.csv_example, body.NDJSON: openapi.ndjson_example},
        answer=PostedLabels,
        refuses=(
            "invalid_header",
            "labels_not_taken",
            "body_incomplete",
            "too_many_records",
            "too_many_values",
            "invalid_csv",
            "invalid_label",
            "labels_are_predictions",
            "no_label",
            "idempotency_key_reused",
            "too_many_uploads",
        ),
        links={
            "upload": ("upload", "upload_id", "upload"),
            "label": ("stored_label", "label_id", "ids/0"),
            "delete": ("delete_label", "label_id", "ids/0"),
        },
        is_streamed=True,
    )
    def on_post(
        self, call: Call[UploadQuery, None], dataset: Dataset
    ) -> PostedLabels | msgspec.Raw:
        """Store what is right, say what is not; with ?atomic=true all or none."""
        services, exchange = self.services, call.exchange
        check_storable(dataset, services.settings.redact)
        chunks = self._chunks(call, dataset)
        key = _idempotency_key(call.request)
        row = upload_store.begin(services.database, exchange.id, dataset.name, exchange.by, key)
        if row["dataset"] != dataset.name:
            what = f"This {KEY} was used for '{row['dataset']}'."
            raise UserError(what, code="idempotency_key_reused", given=key)
        upload = LabelUpload(
            services.database,
            dataset,
            row,
            source=call.query.source or exchange.by,
            is_atomic=call.query.atomic,
            redaction=services.redaction,
            reviewer=self._reviewer,
            spend=partial(exchange.spend, "labels"),
        )
        return upload.run(chunks)

    @operation(
        scope="label",
        name="labels",
        summary="The labels, the newest first",
        query=LabelQuery,
        answer=openapi.stored_labels,
        also_answers=(body.CSV, body.NDJSON),
        refuses=("invalid_time",),
        links={
            "label": ("stored_label", "label_id", "labels/0/id"),
            "delete": ("delete_label", "label_id", "labels/0/id"),
        },
        is_answer_stored=False,
    )
    def on_get(self, call: Call[LabelQuery, None], dataset: Dataset) -> dict[str, Any] | None:
        """Answer with a page, the newest first; or with a file of all, the oldest first."""
        query, database = call.query, self.services.database
        state = query.state or ("deleted" if query.deleted else "in_use")
        chosen = filters.conditions(database, dataset.name, query)
        conditions = [*BY_STATE[state](dataset.name), *chosen]
        if query.format != "json":
            self._export(call, dataset, conditions)
            return None
        page = Page.read(
            lambda most: store.page(database, conditions, most, query.cursor),
            query.limit or self.services.settings.page,
        )
        redaction = self.services.redaction
        labels = [export.stored_label(row, dataset, redaction) for row in page.rows]
        return {"labels": labels, "next": page.next}

    @operation(
        scope="label",
        name="delete_labels",
        summary="Delete the labels that pass all filters; at least one is to be given",
        description="A key without the scope admin deletes what it has posted itself.",
        query=LabelDeletion,
        answer=DeletedLabels,
        refuses=("invalid_time", "filter_missing", "not_confirmed"),
    )
    def on_delete(self, call: Call[LabelDeletion, None], dataset: Dataset) -> DeletedLabels:
        """Delete the labels that pass the filters, if they are as many as confirm says."""
        query = call.query
        conditions = filters.conditions(self.services.database, dataset.name, query)
        if query.before is not None:
            conditions.append(Label.id < first_id(query.before, "before"))
        if not conditions:
            raise UserError(
                "No filter says which labels to delete.",
                code="filter_missing",
                choices=[
                    "source=",
                    "value=",
                    "before=",
                    "since=",
                    "until=",
                    "prediction=",
                    "upload=",
                ],
                fix="name at least one; before=<now> is all of them",
            )
        # What waits goes, too: it is of the same post, or of the same source.
        conditions = [*store.kept(dataset.name), *_deletable(call), *conditions]
        count, is_done = store.delete(
            self.services.database, conditions, call.exchange.by, query.confirm
        )
        if not is_done:
            raise filters.unconfirmed(count, query.confirm, "deleted")
        return DeletedLabels(count)

    def _chunks(self, call: Call[UploadQuery, None], dataset: Dataset) -> Iterator[Chunk]:
        """Return the body's labels as they come."""
        reader, request = self._readers.of(dataset), call.request
        predictions = Predictions(self.services.database, call.caller)
        media_type = media.media(request)
        if call.exchange.body is None:
            stream = body.Stream(request.env, int(request.env.get("CONTENT_LENGTH") or 0))
            read = reader.csv if media_type == body.CSV else reader.ndjson
            return read(stream, predictions)
        if media_type in ("", *ONE_OR_MANY):
            media.check_json(request)
        else:
            raise UserError(
                "Labels must be JSON, NDJSON or CSV.",
                code="unsupported_media_type",
                given=f"Content-Type: {request.content_type}",
                choices=ONE_OR_MANY,
            )
        return map(reader.json, [call.exchange.body], [predictions])

    def _export(
        self, call: Call[LabelQuery, None], dataset: Dataset, conditions: list[Any]
    ) -> None:
        """Answer with a file of the labels that meet the conditions."""
        file_format = call.query.format
        write = export.csv_rows if file_format == "csv" else export.ndjson_rows
        read = partial(self._file_page, dataset, conditions, write)
        call.exchange.stream = Pages(read)
        media_type = body.CSV if file_format == "csv" else body.NDJSON
        media.attach(call.response, media_type, f"{dataset.name}-labels.{file_format}")

    def _file_page(
        self, dataset: Dataset, conditions: list[Any], write: Any, after: str | None, count: int
    ) -> tuple[bytes, str | None]:
        """Return a page of a file, and where it ends; nothing stays open."""
        database = self.services.database
        page = store.page(database, conditions, count, after, is_oldest_first=True)
        database.close()
        last = page[-1]["id"] if len(page) == count else None
        rows = [export.shown(row, dataset, self.services.redaction) for row in page]
        return write(rows, dataset, is_first=after is None), last


class OneLabel(DatasetResource):
    """Look at one label, or delete it."""

    path = "/v1/{dataset}/labels/{label_id}"

    @operation(
        scope="label",
        name="stored_label",
        summary="A label, also one that was deleted",
        answer=openapi.stored_label,
        refuses=("unknown_label",),
    )
    def on_get(self, call: Call, dataset: Dataset, label_id: str) -> dict[str, Any]:
        """Answer with a label; one that was deleted says when and by whom."""
        return export.stored_label(self._row(dataset, label_id), dataset, self.services.redaction)

    @operation(
        scope="label",
        name="delete_label",
        summary="Delete a label: no training uses it from now on",
        description="A key without the scope admin deletes what it has posted itself.",
        answer=openapi.stored_label,
        refuses=("unknown_label",),
    )
    def on_delete(self, call: Call, dataset: Dataset, label_id: str) -> dict[str, Any]:
        """Delete a label: no training will use it from now on; it is kept for those that did."""
        row = self._row(dataset, label_id)
        if row["deleted"] is None or row["deleted_by"] == store.WAITING:
            database, one = self.services.database, Label.id == label_id
            condition = [*store.kept(dataset.name), *_deletable(call), one]
            store.delete(database, condition, call.exchange.by, 1)
            row = self._row(dataset, label_id)
            if row["deleted"] is None or row["deleted_by"] == store.WAITING:
                raise _of_another(row)
        return export.stored_label(row, dataset, self.services.redaction)

    def _row(self, dataset: Dataset, label_id: str) -> dict[str, Any]:
        database = self.services.database
        row = store.get(database, dataset.name, label_id) if ids.is_one(label_id) else None
        if row is None:
            raise UserError("There is no such label.", code="unknown_label", given=label_id)
        return row


def _deletable(call: Call) -> list[Any]:
    """Return the conditions of the labels that a caller may delete: the own ones, or all.

    Nobody's labels are to depend on who else has a key with the scope label.
    """
    return [] if call.caller.may("admin") else store.of_key(call.exchange.by)


def _of_another(row: dict[str, Any]) -> UserError:
    return UserError(
        "This label was posted with another key.",
        code="scope_missing",
        given=f"a label of {row['source']}",
        choices=["labels that this key has posted", "admin"],
        fix="ask who posted it, or an administrator, to delete it",
    )


def routes(services: Services) -> list[Resource]:
    """Return the room's resources."""
    settings = services.settings
    readers = LabelReaders(
        services.registry, most=settings.most_records, longest_text=settings.longest_text
    )
    reviewer = Reviewer(services.registry)
    return [
        Labels(services, readers, reviewer),
        Overview(services, readers),
        OneLabel(services),
        AcceptLabels(services),
        AcceptLabel(services),
        RejectLabel(services),
        RestoreLabel(services),
        PredictionLabel(services, readers, reviewer),
        Uncertain(services),
        Uploads(services),
        OneUpload(services),
    ]


def _idempotency_key(request: falcon.Request) -> str | None:
    key: str | None = request.get_header(KEY)
    if key is None:
        return None
    if holds_key(key):
        raise UserError(
            f"The header {KEY} holds an API key, which belongs into another.",
            code="invalid_header",
            choices=["Authorization: Bearer <key>", "X-API-Key: <key>"],
            fix=PASTED,
        )
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise UserError(
            f"The header {KEY} is not valid.",
            code="invalid_header",
            given=repr(key),
            choices=[f"1 to {LONGEST_KEY} printable ASCII characters"],
        )
    return key
