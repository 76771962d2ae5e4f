"""What is stored of a post of labels so far and what is refused, in figures and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import msgspec
from msgspec import UNSET, UnsetType

from app.labels.reader import Chunk
from app.labels.review import Review
from src.data.schema import Dataset
from src.support.errors import Fault, UserError

NONE: Mapping[int, Review] = MappingProxyType({})
MOST_IDS = 1000  # of an answer
MOST_WAITING = 20  # of an answer that are told one by one


class WaitingLabel(msgspec.Struct, frozen=True):
    """A label that waits for a person; `row` counts those of the post from 1."""

    row: int
    id: str
    why: str


class WaitingLabels(msgspec.Struct, frozen=True):
    """How many labels of a post do not count before a person accepts them, and the first ones."""

    count: int
    note: str
    labels: list[WaitingLabel]


class PostedLabels(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a post of labels; of many the ids are left out.

    `stored` are all that are kept, also those that wait; `undo` is the request that deletes them.
    """

    upload: str
    read: int
    stored: int
    refused: int
    to_review: WaitingLabels | UnsetType = UNSET
    undo: str | UnsetType = UNSET
    ids: list[str] | UnsetType = UNSET
    ignored: list[str] | UnsetType = UNSET
    errors: list[Fault]


class UploadReport:
    """Counts a post's rows chunk by chunk, each when it is stored."""

    def __init__(self, upload: str, dataset: Dataset, *, is_atomic: bool) -> None:
        self._upload = upload
        self._dataset = dataset
        self._waiting = 0
        self._told: list[WaitingLabel] = []
        self._is_atomic = is_atomic
        self.read = self.refused = 0
        self.taken = 0  # what counts only at the end too, where it is all or none
        self._ids: list[str] = []
        self._refusals: list[Fault] = []
        self._ignored: list[str] = []
        self._is_broken = False

    def add(
        self, chunk: Chunk, label_ids: Sequence[str], reviews: Mapping[int, Review] = NONE
    ) -> None:
        """Count a chunk whose rows have these ids now, and some of which wait, by position."""
        self._waiting += len(reviews)
        for at, review in islice(reviews.items(), MOST_WAITING - len(self._told)):
            why = review.words(chunk.values[at], self._dataset)
            self._told.append(WaitingLabel(chunk.places[at] + 1, label_ids[at], why))
        self.read, self.refused, self._ignored = chunk.read, chunk.refused, chunk.ignored
        self.taken += len(chunk.places)
        if self.taken <= MOST_IDS:
            self._ids += label_ids
        self._refusals += chunk.refusals
        self._is_broken = chunk.broken

    def figures(self, *, is_done: bool = False) -> dict[str, int]:
        """Return the rows that were read, those of them that count, and the refused ones."""
        stored = self.taken if is_done or not self._is_atomic else 0
        return {"read": self.read, "stored": stored, "refused": self.refused}

    def answer(self) -> PostedLabels:
        """Return the answer to a post that was taken."""
        return PostedLabels(
            upload=self._upload,
            **self.figures(is_done=True),
            to_review=self._to_review() if self._waiting else UNSET,
            undo=self._undo() if self.taken else UNSET,
            ids=self._ids if self.taken == len(self._ids) else UNSET,
            ignored=self._ignored or UNSET,
            errors=self._refusals,
        )

    def _to_review(self) -> WaitingLabels:
        name = self._dataset.name
        note = (
            f"{self._waiting} of {self.taken} labels do not count yet: a person decides, by POST "
            f"/v1/{name}/labels/<id>/accept or /reject; GET /v1/{name}/labels?state=to_review "
            "lists them"
        )
        return WaitingLabels(self._waiting, note, self._told)

    def _undo(self) -> str:
        name = self._dataset.name
        return f"DELETE /v1/{name}/labels?upload={self._upload}&confirm={self.taken}"

    def add_to(self, error: UserError) -> UserError:
        """Add to an error how far the post came; return it."""
        error.more = {**error.more, "upload": self._upload, **self.figures()}
        return error

    def fault(self) -> UserError | None:
        """Return why a post that was read to its end is refused; None where it is not."""
        if self.read == 0:
            what = "There is no label in the body."
            return UserError(what, code="no_label", fix="send at least one row")
        if not self._is_broken and (not self.refused or (self.taken and not self._is_atomic)):
            return None
        cause = self._refusals[-1] if self._is_broken else self._refusals[0]
        what = cause.detail
        if self._is_broken:
            what = f"The rest cannot be read, from line {cause.line} on: {what}"
        elif self._is_atomic and self.read > 1:
            what = f"{self.refused} of {self.read} labels are refused, so none is stored."
        return UserError(
            what,
            code="invalid_label",
            given=cause.given,
            choices=cause.allowed,
            fix=cause.fix,
            errors=self._refusals,
        )

    def advice(self, key: str | None) -> str:
        """Return what to do where the post ended in the middle."""
        if key is not None:
            return "send it again with the same Idempotency-Key: nothing is stored twice"
        if not self.figures()["stored"]:
            return "send it again"
        return (
            f"send what follows the first {self.read} rows; "
            "with an Idempotency-Key all of it could be sent again"
        )
