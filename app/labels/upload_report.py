"""What is stored of a post of labels so far and what is refused, in figures and in words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from app.labels.reader import Chunk
from src.support.errors import Fault, UserError

MOST_IDS = 1000  # of an answer


class PostedLabels(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a post of labels; of many the ids are left out."""

    upload: str
    read: int
    stored: int
    refused: int
    ids: list[str] | UnsetType = UNSET
    ignored: list[str] | UnsetType = UNSET
    errors: list[Fault]


class UploadReport:
    """Counts a post's rows chunk by chunk, each when it is stored."""

    def __init__(self, upload: str, *, is_atomic: bool) -> None:
        self._upload = upload
        self._is_atomic = is_atomic
        self.read = self.refused = 0
        self.taken = 0  # what counts only at the end too, where it is all or none
        self._ids: list[str] = []
        self._refusals: list[Fault] = []
        self._ignored: list[str] = []
        self._is_broken = False

    def add(self, chunk: Chunk, label_ids: Sequence[str]) -> None:
        """Count a chunk whose rows have these ids now."""
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
            ids=self._ids if self.taken == len(self._ids) else UNSET,
            ignored=self._ignored or UNSET,
            errors=self._refusals,
        )

    def add_to(self, error: UserError) -> UserError:
        """Add to an error how far the post came; return it."""
        error.more = {"upload": self._upload, **self.figures()}
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
