"""A post on its way into both databases: whole, broken off, again, and twice at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import msgspec
import peewee
import pytest

from app.http import problems
from app.labels import store as label_store
from app.labels import upload_store
from app.labels.reader import Chunk
from app.labels.upload import LabelUpload
from app.records.invalid import Invalid
from app.store import database as databases
from app.store import ids
from app.store.tables import Label
from src.data.schema import Dataset
from src.support.errors import Fault, UserError
from src.support.structs import convert
from tests.app import project

DEBTS = convert(project.DEBTS, Dataset)
Begin = Callable[..., LabelUpload]


@pytest.fixture
def begin(database: peewee.Database) -> Begin:
    """Return a function that begins a post, or goes on with the one that has its key."""

    def begin(
        key: str | None = None, *, is_atomic: bool = False, source: str = "me", **words: Any
    ) -> LabelUpload:
        row = upload_store.begin(database, ids.new(), "debts", "caller", key)
        return LabelUpload(database, DEBTS, row, source=source, is_atomic=is_atomic, **words)

    return begin


def chunks(*sizes: int, body: str = "a", refused: tuple[int, ...] = ()) -> list[Chunk]:
    """Make chunks of so many rows; refused ones are told by their places."""
    made, read = [], 0
    for size in sizes:
        rows = range(read, read + size)
        good = [at for at in rows if at not in refused]
        told = [Fault("It is wrong.", line=at + 1) for at in rows if at in refused]
        read += size
        made.append(
            Chunk(
                places=good,
                values=["1"] * len(good),
                records=[f'{{"body":"{body}","at":{at}}}'.encode() for at in good],
                refusals=told,
                read=read,
                refused=sum(at < read for at in refused),
                digest=f"{body}{read}",
                ignored=[],
                broken=False,
            )
        )
    return made


def stored(database: peewee.Database) -> list[bytes]:
    rows = Label.select(Label.record).where(*label_store.live("debts")).order_by(Label.id)
    return [bytes(record) for (record,) in rows.tuples().execute(database)]


def records(*sizes: int, **words: Any) -> list[bytes]:
    return [record for chunk in chunks(*sizes, **words) for record in chunk.records]


def run(upload: LabelUpload, chunks: Iterable[Chunk]) -> dict[str, Any]:
    """Return the answer as the client gets it."""
    answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(upload.run(chunks)))
    return answer


def refusal(upload: LabelUpload, chunks: Iterable[Chunk]) -> UserError:
    with pytest.raises(UserError) as caught:
        upload.run(chunks)
    return caught.value


def then(given: list[Chunk], end: Exception) -> Iterator[Chunk]:
    yield from given
    raise end


def early() -> UserError:
    return UserError("The body ended early.", code="body_incomplete", fix="send it again")


def broken() -> Invalid:
    return Invalid([Fault("It is not JSON.")], "debts", code="invalid_json")


@pytest.mark.parametrize("is_atomic", [False, True])
def test_each_row_has_the_id_of_its_place(
    begin: Begin, database: peewee.Database, is_atomic: bool
) -> None:
    refused = () if is_atomic else (0, 2, 4)
    answer = run(begin(is_atomic=is_atomic), chunks(4, 1, 1, refused=refused))
    places = [at for at in range(6) if at not in refused]
    expected = [ids.following(answer["upload"], 6)[at] for at in places]
    assert answer["ids"] == expected
    assert (answer["read"], answer["stored"], answer["refused"]) == (6, len(places), len(refused))
    assert stored(database) == records(4, 1, 1, refused=refused)
    row = upload_store.get(database, "debts", answer["upload"])
    assert row is not None
    assert (row["state"], row["status"]) == ("done", 200)
    assert (row["read"], row["stored"], row["refused"]) == (6, len(places), len(refused))


def test_all_or_none(begin: Begin, database: peewee.Database) -> None:
    problem = refusal(begin(is_atomic=True), chunks(3, 2, refused=(4,)))
    assert problems.status(problem) == 422
    assert problem.more["stored"] == 0
    assert Label.select().count(database) == 0
    row = upload_store.get(database, "debts", problem.more["upload"])
    assert row is not None
    assert (row["state"], row["status"], row["stored"]) == ("refused", 422, 0)


@pytest.mark.parametrize("is_atomic", [False, True])
def test_what_a_quota_leaves_out_is_taken_later_and_nothing_is_counted_twice(
    begin: Begin, database: peewee.Database, is_atomic: bool
) -> None:
    spent: list[int] = []

    def spend(number: int) -> None:
        if sum(spent) + number > 5:
            raise UserError("Enough.", code="quota_exceeded", more={"retry_after": 7})
        spent.append(number)

    problem = refusal(begin("k", is_atomic=is_atomic, spend=spend), chunks(4, 2, 1, refused=(0,)))
    assert spent == [3, 2]
    assert problem.more["retry_after"] == 7
    assert problem.more["read"] == 6
    assert "Idempotency-Key" in str(problem.fix)
    assert stored(database) == ([] if is_atomic else records(4, 2, refused=(0,)))
    spent.clear()
    if not is_atomic:  # else the one at fault keeps all of them out
        answer = run(begin("k", spend=spend), chunks(4, 2, 1, refused=(0,)))
        assert spent == [1], "what was taken before costs nothing"
        assert answer["read"] == 7
        assert stored(database) == records(4, 2, 1, refused=(0,))


@pytest.mark.parametrize("is_atomic", [False, True])
@pytest.mark.parametrize("end", [early, broken, ZeroDivisionError])
def test_where_the_body_ends_early_what_was_stored_counts_or_nothing_does(
    begin: Begin,
    database: peewee.Database,
    is_atomic: bool,
    end: Callable[[], Exception],
) -> None:
    """Whatever happens: a process that is killed ends as an error that nobody catches."""
    with pytest.raises((UserError, ZeroDivisionError)) as caught:
        run(begin(is_atomic=is_atomic), then(chunks(3, 2), end()))
    assert stored(database) == ([] if is_atomic else records(3, 2))
    if isinstance(caught.value, UserError):
        told = caught.value.more
        assert (told["read"], told["stored"]) == (5, 0 if is_atomic else 5)


def test_while_it_comes_it_is_told_how_far_it_is(begin: Begin, database: peewee.Database) -> None:
    seen = []

    def slowly() -> Iterator[Chunk]:
        for chunk in chunks(3, 2):
            yield chunk
            assert not database.in_transaction(), "nothing is held while the next rows come"
            (row,) = upload_store.Upload.select().dicts().execute(database)
            seen.append((row["read"], row["stored"], row["state"]))
            database.close()

    run(begin(), slowly())
    assert seen == [(3, 3, "reading"), (5, 5, "reading")]


@pytest.mark.parametrize("is_atomic", [False, True])
@pytest.mark.parametrize("end", [early, ZeroDivisionError])
def test_a_post_that_was_broken_off_is_sent_again(
    begin: Begin, database: peewee.Database, is_atomic: bool, end: Callable[[], Exception]
) -> None:
    sizes = (3, 2, 4)
    for reached in (2, 1):  # the second time it breaks off sooner
        with pytest.raises((UserError, ZeroDivisionError)):
            run(begin("k", is_atomic=is_atomic), then(chunks(*sizes[:reached]), end()))
    answer = run(begin("k", is_atomic=is_atomic), chunks(*sizes))
    assert (answer["read"], answer["stored"], len(answer["ids"])) == (9, 9, 9)
    assert stored(database) == records(*sizes)
    assert run(begin("k", is_atomic=is_atomic), chunks(*sizes)) == answer
    assert Label.select().count(database) == 9


def test_after_it_was_swept_a_post_begins_anew(begin: Begin, database: peewee.Database) -> None:
    refusal(begin("k", is_atomic=True), then(chunks(3, 2), early()))
    upload_store.Upload.update(touched="2020").execute(database)
    assert label_store.sweep(database) == 1
    assert Label.select().count(database) == 0
    assert run(begin("k", is_atomic=True), chunks(3, 2, 4))["stored"] == 9
    assert stored(database) == records(3, 2, 4)


OTHERS: list[tuple[str, Callable[[], Iterable[Chunk]]]] = [
    ("other rows", lambda: chunks(3, 2, 4, body="b")),
    ("other sizes", lambda: chunks(4, 4, 1, body="b")),
    ("fewer rows", lambda: chunks(3)),
    ("fewer rows, and other ones", lambda: chunks(2, body="b")),
    ("none", list),
    ("what is no JSON", lambda: then([], broken())),
    ("what breaks later", lambda: then(chunks(2, body="b"), broken())),
]


@pytest.mark.parametrize("other", [one for _, one in OTHERS], ids=[name for name, _ in OTHERS])
@pytest.mark.parametrize("is_atomic", [False, True])
@pytest.mark.parametrize("is_done", [False, True])
def test_another_body_with_the_key_neither_passes_nor_spoils_the_first(
    begin: Begin,
    database: peewee.Database,
    other: Callable[[], Iterable[Chunk]],
    is_atomic: bool,
    is_done: bool,
) -> None:
    refused = () if is_atomic else (1, 3)  # places that are free
    whole = chunks(3, 2, 4, refused=refused)
    if is_done:
        run(begin("k", is_atomic=is_atomic), whole)
    else:
        refusal(begin("k", is_atomic=is_atomic), then(whole[:2], early()))
    problem = refusal(begin("k", is_atomic=is_atomic), other())
    assert (problems.status(problem), problem.given) == (422, "k")
    assert "another post" in problem.what
    assert run(begin("k", is_atomic=is_atomic), whole)["stored"] == 9 - len(refused)
    assert stored(database) == records(3, 2, 4, refused=refused)


def test_the_same_in_another_way_is_another_post(begin: Begin, database: peewee.Database) -> None:
    refusal(begin("k"), then(chunks(3), early()))
    for words in ({"is_atomic": True}, {"source": "you"}):
        assert "another post" in str(refusal(begin("k", **words), chunks(3, 2)))
    assert run(begin("k"), chunks(3, 2))["stored"] == 5
    assert len(stored(database)) == 5


@pytest.mark.parametrize(
    "refused",
    [lambda: chunks(1, refused=(0,)), lambda: then(chunks(3), broken()), list, broken],
)
def test_a_refusal_is_given_again(begin: Begin, refused: Callable[[], Any]) -> None:
    def given() -> Iterable[Chunk]:
        made = refused()
        return then([], made) if isinstance(made, Invalid) else made

    first = refusal(begin("k"), given())
    again = refusal(begin("k"), given())
    assert problems.document(again) == problems.document(first)


def test_an_answered_post_that_breaks_off_when_it_comes_again_says_so(begin: Begin) -> None:
    answer = run(begin("k"), chunks(3, 2))
    problem = refusal(begin("k"), then(chunks(3), early()))
    assert problems.status(problem) == 408
    assert "stored" not in problem.more
    assert run(begin("k"), chunks(3, 2)) == answer


@pytest.mark.parametrize("is_atomic", [False, True])
@pytest.mark.parametrize("is_same", [False, True])
def test_two_that_come_at_once_store_what_one_of_them_brings(
    begin: Begin, database: peewee.Database, is_atomic: bool, is_same: bool
) -> None:
    """Every step of one between any two steps of the other."""
    body = "a" if is_same else "b"
    for turn in range(4):
        key = f"k{turn}"
        first, second = begin(key, is_atomic=is_atomic), begin(key, is_atomic=is_atomic)
        answers: list[Any] = []

        def overtaken(
            turn: int = turn, second: LabelUpload = second, answers: Any = answers
        ) -> Any:
            for at, chunk in enumerate([*chunks(2, 2, 2), None]):
                if at == turn:
                    try:
                        answers.append(run(second, chunks(2, 2, 2, body=body)))
                    except UserError as problem:
                        answers.append(problem)
                if chunk is not None:
                    yield chunk

        try:
            answers.append(run(first, overtaken()))
        except UserError as problem:
            answers.append(problem)
        taken = [answer for answer in answers if isinstance(answer, dict)]
        assert len(taken) == (2 if is_same else 1), turn
        assert all(answer == taken[0] for answer in taken)
        winner = body if isinstance(answers[0], dict) else "a"
        assert stored(database) == records(2, 2, 2, body=winner)
        Label.delete().execute(database)


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("is_atomic", [False, True])
def test_a_database_that_is_away_is_told_with_what_is_stored(
    begin: Begin,
    database: peewee.Database,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    key: str | None,
    is_atomic: bool,
) -> None:
    """Really locked: by another who writes, from between two chunks on."""
    other = databases.connect(database_url, "process", 1.0)

    def locked() -> Iterator[Chunk]:
        first, second = chunks(3, 2)
        yield first
        with databases.exclusive(other):
            other.execute_sql('DELETE FROM "label" WHERE 1 = 0')
            if databases.path(other) is None:
                other.execute_sql('LOCK TABLE "label", "upload"')
            yield second

    with closing(other), closing(locked()) as given:
        problem = refusal(begin(key, is_atomic=is_atomic), given)
    assert problems.status(problem) == 503
    assert problems.headers(problem) == {"Retry-After": "1"}
    assert (problem.more["read"], problem.more["stored"]) == (3, 0 if is_atomic else 3)
    assert "interrupted" in caplog.text
    assert stored(database) == ([] if is_atomic else records(3))
    if key is not None:
        assert run(begin(key, is_atomic=is_atomic), chunks(3, 2))["stored"] == 5
        assert stored(database) == records(3, 2)


def test_of_many_labels_the_ids_are_not_told(begin: Begin) -> None:
    assert len(run(begin(), chunks(600, 400))["ids"]) == 1000
    assert "ids" not in run(begin(), chunks(600, 401))
