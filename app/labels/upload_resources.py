"""How far a post of labels is, or what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.http.operation import Call, operation
from app.http.paging import Limit, Line, Timestamp
from app.labels import upload_store
from app.registry.services import DatasetResource
from app.store import ids
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked


class UploadsQuery(Checked, frozen=True):
    """Which posts of labels are listed."""

    key: Annotated[Line | None, Meta(description="with this Idempotency-Key")] = None
    limit: Annotated[
        Limit | None, Meta(description="posts at most; LAPIDARY_PAGE unless given")
    ] = None


class UploadStatus(msgspec.Struct, frozen=True):
    """How far a post of labels is."""

    id: str
    key: str | None
    at: Timestamp
    touched: Timestamp
    state: Literal["reading", "done", "refused"]
    read: int
    stored: int
    refused: int


class UploadWithAnswer(UploadStatus, frozen=True):
    """A post of labels and its answer; null while it is being read."""

    answer: msgspec.Raw | None


class UploadList(msgspec.Struct, frozen=True):
    """Posts of labels, the newest first."""

    uploads: list[UploadStatus]


class Uploads(DatasetResource):
    """List posts of labels, also those that are being read."""

    path = "/v1/{dataset}/uploads"

    @operation(
        scope="label",
        name="uploads",
        summary="Posts of labels, the newest first; also those that are being read",
        query=UploadsQuery,
        answer=UploadList,
    )
    def on_get(self, call: Call[UploadsQuery, None], dataset: Dataset) -> UploadList:
        """Answer with how far each is, the newest first."""
        limit = call.query.limit or self.services.settings.page
        rows = upload_store.page(self.services.database, dataset.name, call.query.key, limit)
        return UploadList([UploadStatus(**_status(row)) for row in rows])


class OneUpload(DatasetResource):
    """Look at one post of labels."""

    path = "/v1/{dataset}/uploads/{upload_id}"

    @operation(
        scope="label",
        name="upload",
        summary="How far a post of labels is, or what became of it",
        answer=UploadWithAnswer,
        refuses=("unknown_upload",),
    )
    def on_get(self, call: Call, dataset: Dataset, upload_id: str) -> UploadWithAnswer:
        """Answer with the rows read, stored and refused so far, and the answer if there is one."""
        database = self.services.database
        row = upload_store.get(database, dataset.name, upload_id) if ids.is_one(upload_id) else None
        if row is None:
            raise UserError("There is no such upload.", code="unknown_upload", given=upload_id)
        answer = None if row["answer"] is None else msgspec.Raw(bytes(row["answer"]))
        return UploadWithAnswer(**_status(row), answer=answer)


def _status(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in UploadStatus.__struct_fields__}
