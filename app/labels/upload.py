"""A post of labels on its way into the database, chunk by chunk, and its answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import peewee

from app.http import problems
from app.labels import store, upload_store
from app.labels.predicted import PredictedError
from app.labels.reader import Chunk
from app.labels.review import Review, Reviewer
from app.labels.upload_report import PostedLabels, UploadReport
from app.labels.upload_store import DONE, READING, REFUSED
from app.records.invalid import Invalid
from app.store import database as databases
from app.store import ids
from app.store.database import REFUSALS
from app.store.redaction import NOTHING_HIDDEN, Redaction
from src.data.schema import Dataset
from src.support.errors import UserError

log = logging.getLogger(__name__)

EARLY = ("body_incomplete", "quota_exceeded")  # what keeps the rest from being taken


class LabelUpload:
    """Store a post's labels; what is stored is safe, whatever happens to the rest.

    Its labels have ids that follow from the post's own. So when a post with the same key comes
    again, after an answer that got lost or a process that was killed, or while the first one still
    comes, nothing is stored twice.
    """

    def __init__(
        self,
        database: peewee.Database,
        dataset: Dataset,
        row: dict[str, Any],
        *,
        source: str,
        is_atomic: bool,
        redaction: Redaction = NOTHING_HIDDEN,
        reviewer: Reviewer | None = None,
        spend: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the post as `upload_store.begin` returned it; without a reviewer nothing waits.

        `spend` is told of labels before they are stored, and may refuse them.
        """
        self._database = database
        self._dataset = dataset
        self._redaction = redaction
        self._reviewer = reviewer
        self._spend = spend
        self._row = row
        self._source = source
        self._is_atomic = is_atomic
        self._report = UploadReport(row["id"], dataset, is_atomic=is_atomic)
        self._digest = ""
        self._digests: dict[int, str] = {}  # of a post with a key, after so many rows

    def run(self, chunks: Iterable[Chunk]) -> PostedLabels | msgspec.Raw:
        """Store all chunks and return the answer; raise UserError where nothing of it was right.

        The answer to a post that came before is the one that was stored.
        """
        try:
            fault = self._take_all(chunks)
            if self._row["state"] != READING:
                return self._as_before()
            if fault is None:
                answer = self._report.answer()
                return answer if self._end(DONE, 200, answer) else self._as_before()
            problem = problems.document(self._report.add_to(fault))
            if self._end(REFUSED, problem.status, problem):
                raise fault
            return self._as_before()
        except REFUSALS as error:
            raise self._interrupted(error) from error

    def _take_all(self, chunks: Iterable[Chunk]) -> UserError | None:
        """Store what can be stored; return why the post as a whole is refused."""
        try:
            for chunk in chunks:
                self._take(chunk)
        except (Invalid, PredictedError) as error:
            return error
        except UserError as error:
            # It may come again, whole.
            if error.code in EARLY and self._row["state"] == READING:
                self._report.add_to(error).fix = self._report.advice(self._row["key"])
            raise
        return self._report.fault()

    def _take(self, chunk: Chunk) -> None:
        # The same labels in another way (all or none, of another source) are another post.
        self._digest = f"{chunk.digest} {'all' if self._is_atomic else 'each'} {self._source}"
        if self._row["key"] is not None:
            self._digests[chunk.read] = self._digest
        if self._row["state"] != READING:
            return
        if chunk.read > self._row["read"]:
            self._spend(len(chunk.places))
        reviews = {}
        if self._reviewer is not None:
            reviews = self._reviewer.judge(self._dataset, chunk.features, chunk.truths)
        rows = self._rows(chunk, reviews)
        with self._turn() as is_open:
            if is_open and chunk.read > self._row["read"]:  # else these rows came before
                if rows:
                    store.insert(self._database, rows)
                stored = 0 if self._is_atomic else self._report.taken + len(rows)
                self._write(read=chunk.read, stored=stored, refused=chunk.refused)
        self._report.add(chunk, rows.ids, reviews)

    def _rows(self, chunk: Chunk, reviews: Mapping[int, Review]) -> store.Rows:
        """Give each row the id of its place, so that it is the same when it is posted again."""
        places = chunk.places
        first = places[0] if places else 0
        label_ids = ids.following(self._row["id"], places[-1] - first + 1, first) if places else []
        if len(label_ids) != len(places):
            label_ids = [label_ids[place - first] for place in places]
        return store.rows(
            self._dataset.name,
            label_ids,
            chunk.values,
            chunk.records,
            source=self._source,
            upload=self._row["id"],
            feedback=chunk.feedback,
            reviews={place: msgspec.json.encode(review) for place, review in reviews.items()},
            is_complete=not self._is_atomic,
        )

    def _end(self, state: str, status: int, document: msgspec.Struct) -> bool:
        """Keep the answer for whoever posts it again; tell whether there was none yet."""
        figures = self._report.figures(is_done=state == DONE)
        # What is said again may be said without what must not be kept.
        answer = self._redaction.body(msgspec.json.encode(document))
        settle = store.complete if state == DONE else store.withdraw
        with self._turn() as is_open:
            if is_open and self._row["read"] > self._report.read:
                raise self._another_body()
            if is_open and self._is_atomic:
                settle(self._database, self._dataset.name, self._row["id"], self._report.read)
            if is_open:
                self._write(state=state, status=status, answer=answer, **figures)
        return is_open

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Begin a transaction; tell whether the post, which may come twice at once, has no answer.

        It has its own time, whatever the client took before.
        """
        databases.renew(self._database)
        with databases.writing(self._database):
            if self._row["key"] is not None:
                self._row = upload_store.hold(self._database, self._row["id"])
                self._compare()
            yield self._row["state"] == READING

    def _compare(self) -> None:
        """Raise UserError where something else has come with this key."""
        read, latest = self._row["read"], next(reversed(self._digests), 0)
        is_comparable = self._row["state"] == READING and 0 < read <= latest
        if is_comparable and self._digests.get(read) != self._row["digest"]:
            raise self._another_body()

    def _write(self, **changes: Any) -> None:
        upload_store.update(self._database, self._row["id"], digest=self._digest, **changes)

    def _as_before(self) -> msgspec.Raw:
        """Return the answer of the first time, if it is the same post."""
        if self._digest != self._row["digest"]:
            raise self._another_body()
        answer = bytes(self._row["answer"])
        if self._row["state"] == DONE:
            return msgspec.Raw(answer)
        raise problems.restored(msgspec.json.decode(answer))

    def _another_body(self) -> UserError:
        return UserError(
            "This Idempotency-Key was used for another post.",
            code="idempotency_key_reused",
            given=self._row["key"],
            fix="take a new key for each post, the same one only to send the same again",
        )

    def _interrupted(self, error: Exception) -> UserError:
        """Say how much is stored where the database was away in the middle."""
        log.error("upload %s was interrupted: %s", self._row["id"], error)
        refusal = UserError(
            "The labels could not be stored: the database is busy or away.",
            code="database_unavailable",
            fix=self._report.advice(self._row["key"]),
        )
        return self._report.add_to(refusal)
