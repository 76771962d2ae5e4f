from __future__ import annotations

import io
import itertools
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.http import problems
from app.labels.reader import MOST_REFUSALS, Chunk, LabelReader, LabelReaders
from app.records import line_blocks
from app.records.csv_reader import CHUNK
from app.records.invalid import Invalid
from src.data.schema import Dataset
from src.support.errors import Fault
from src.support.structs import convert

LONGEST = 50
FEATURES = {
    "amount": {"type": "number", "above": 0},
    "count": {"type": "integer", "optional": True},
    "town": {"type": "category"},
}


def dataset(**changes: Any) -> Dataset:
    values = {
        "name": "bills",
        "noun": "bill",
        "task": "binary",
        "source": "bills.csv",
        "target": {"name": "late", "values": [0, 1]},
        "metric": "f1",
        "features": FEATURES,
    }
    return convert({**values, **changes}, Dataset)


def make(*, most: int = 5, **changes: Any) -> LabelReader:
    return LabelReader(dataset(**changes), None, most=most, longest_text=LONGEST)


LABELS = make()
LABEL = {"amount": 1.5, "count": 3, "town": "Bonn", "late": 1}
ROW = (0, "1", b'{"amount":1.5,"count":3,"town":"Bonn"}')


def encoded(*labels: Any) -> bytes:
    return json.dumps(labels, ensure_ascii=False).encode()


def by_lines(*labels: Any) -> bytes:
    return b"".join(json.dumps(label, ensure_ascii=False).encode() + b"\n" for label in labels)


def sheet(*rows: str, header: str = "amount,count,town,late") -> bytes:
    return "\n".join([header, *rows]).encode()


def all_of(chunks: Iterable[Chunk]) -> tuple[list[Any], list[Fault], Chunk]:
    """Return all rows and refusals, and the last chunk, of which each row is told once."""
    found = list(chunks)
    rows = [row for chunk in found for row in chunk.rows]
    refusals = [refusal for chunk in found for refusal in chunk.refusals]
    assert len(rows) + found[-1].refused == found[-1].read
    assert not any(chunk.broken for chunk in found[:-1])
    return rows, refusals, found[-1]


def csv(data: bytes, labels: LabelReader = LABELS) -> tuple[list[Any], list[Fault], Chunk]:
    return all_of(labels.csv(io.BytesIO(data)))


def ndjson(data: bytes, labels: LabelReader = LABELS) -> tuple[list[Any], list[Fault], Chunk]:
    return all_of(labels.ndjson(io.BytesIO(data)))


@pytest.mark.parametrize("body", [json.dumps(LABEL).encode(), encoded(LABEL)])
def test_json_is_one_label_or_an_array(body: bytes) -> None:
    chunk = LABELS.json(body)
    assert chunk.rows == [ROW]
    assert (chunk.refusals, chunk.read, chunk.refused, chunk.ignored) == ([], 1, 0, [])


def test_the_three_forms_say_the_same() -> None:
    given = [LABEL, {**LABEL, "count": None, "late": "0", "amount": 2}]
    expected = [ROW, (1, "0", b'{"amount":2.0,"count":null,"town":"Bonn"}')]
    assert LABELS.json(encoded(*given)).rows == expected
    assert ndjson(by_lines(*given))[0] == expected
    assert csv(sheet("1.5,3,Bonn,1", "2,,Bonn,0"))[0] == expected


def test_a_number_is_kept_as_a_csv_spells_it() -> None:
    labels = make(task="regression", metric="mae", target={"name": "late", "max": 9})
    given = [{**LABEL, "late": late} for late in (2, 2.5, 3.0)]
    expected = ["2", "2.5", "3"]
    assert [row[1] for row in labels.json(encoded(*given)).rows] == expected
    rows, refusals, _ = csv(
        sheet(*(f"1,1,x,{late}" for late in ("2.0", "2.50", "3", "10"))), labels
    )
    assert [row[1] for row in rows] == expected
    assert [(refusal.line, refusal.detail) for refusal in refusals] == [
        (5, "late is not at most 9.")
    ]


def test_classes_that_are_known_from_elsewhere_are_the_allowed_ones() -> None:
    changes: dict[str, Any] = {"target": {"name": "late"}}
    assert csv(sheet("1,1,x,never"), make(**changes))[0][0][1] == "never"
    labels = LabelReader(dataset(**changes), ["no", "yes"], most=1, longest_text=LONGEST)
    rows, (refusal,), _ = csv(sheet("1,1,x,yes", "1,1,x,Yes"), labels)
    assert [row[1] for row in rows] == ["yes"]
    assert (refusal.field, refusal.allowed, refusal.fix) == (
        "late",
        ["one of no, yes"],
        "did you mean 'yes'?",
    )


KEYED: dict[str, Any] = {
    "key": ["payer"],
    "weight": "sold",
    "split": {"method": "time", "column": "day"},
}


def test_whose_a_label_is_may_be_said_in_all_three_forms() -> None:
    labels = make(**KEYED)
    given = [
        {**LABEL, "payer": 7, "sold": 2, "day": 2024},
        {**LABEL, "payer": "7", "sold": 2.0, "day": "2024"},
        {**LABEL, "payer": "a-7", "day": "2024-05-31"},
        {**LABEL, "payer": None, "sold": None, "day": ""},
        LABEL,
    ]
    whole = b'{"amount":1.5,"count":3,"town":"Bonn","payer":"7","sold":2.0,"day":"2024"}'
    part = b'{"amount":1.5,"count":3,"town":"Bonn","payer":"a-7","day":"2024-05-31"}'
    expected = [(at, "1", record) for at, record in enumerate([whole, whole, part, ROW[2], ROW[2]])]
    assert labels.json(encoded(*given)).rows == expected
    assert ndjson(by_lines(*given), labels)[0] == expected
    header = "day,amount,count,town,late,sold,payer"
    cells = ["2024", "2024", "2024-05-31", "", " "]
    rest = ["2.0,7", "2, 7 ", ",a-7", ",", ","]
    rows = [f"{day},1.5,3,Bonn,1,{more}" for day, more in zip(cells, rest, strict=True)]
    found, _, last = csv(sheet(*rows, header=header), labels)
    assert (found, last.ignored) == (expected, [])
    found, _, last = csv(sheet("1.5,3,Bonn,1,x", header="amount,count,town,late,more"), labels)
    assert (found, last.ignored) == ([ROW], ["more"])


@pytest.mark.parametrize(
    ("name", "given", "what", "allowed"),
    [
        ("sold", -1, "sold is not at least 0.", "a number at least 0"),
        ("sold", "two", "sold is not a number.", "a number at least 0"),
        ("day", "31.5.", "day is not a number or an ISO date.", "a number, 2024-05, "),
        ("payer", "x" * (LONGEST + 1), "payer is too long: 51 characters.", "text of at most 50"),
    ],
)
def test_what_says_nothing_usable_of_whose_it_is_is_refused(
    name: str, given: Any, what: str, allowed: str
) -> None:
    labels = make(**KEYED)
    row = sheet(f"1.5,3,Bonn,1,{given}", "1.5,3,Bonn,1,", header=f"amount,count,town,late,{name}")
    both = [{**LABEL, name: given}, LABEL]
    as_json = labels.json(encoded(*both))
    for rows, refusals in (
        (as_json.rows, as_json.refusals),
        ndjson(by_lines(*both), labels)[:2],
        csv(row, labels)[:2],
    ):
        assert [found[0] for found in rows] == [1]
        (refusal,) = refusals
        assert (refusal.field, refusal.detail) == (name, what)
        assert refusal.allowed is not None
        assert refusal.allowed[0].startswith(allowed)


def test_a_side_that_is_given_is_train_or_test() -> None:
    labels = make(split={"method": "column", "column": "part"})
    given = [{**LABEL, "part": part} for part in ("train", "test", "Test", None)]
    chunk = labels.json(encoded(*given))
    assert [row[0] for row in chunk.rows] == [0, 1, 3]
    assert (chunk.refusals[0].allowed, chunk.refusals[0].fix) == (
        ["one of train, test"],
        "did you mean 'test'?",
    )


def test_without_columns_of_its_own_a_dataset_takes_none() -> None:
    (refusal,) = LABELS.json(encoded({**LABEL, "payer": 7})).refusals
    assert refusal.detail == "There is no field 'payer'."
    assert csv(sheet("1.5,3,Bonn,1,7", header="amount,count,town,late,payer"))[2].ignored == [
        "payer"
    ]


def test_a_key_holds_no_nul() -> None:
    (refusal,) = make(**KEYED).json(encoded({**LABEL, "payer": "a\0"})).refusals
    assert refusal.field == "payer"


FAULTY = {**LABEL, "amount": -1, "late": "2"}
SAID = [
    ("amount", "amount is not above 0.", ["a number above 0"], "give a number above 0"),
    ("late", "late is not one of its values.", ["one of 0, 1"], "give one of 0, 1"),
]


def said(refusals: list[Fault]) -> list[Any]:
    return [(found.field, found.detail, found.allowed, found.fix) for found in refusals]


def test_a_faulty_label_is_refused_and_its_neighbours_are_taken() -> None:
    chunk = LABELS.json(encoded(LABEL, FAULTY, LABEL))
    assert (said(chunk.refusals), [row[0] for row in chunk.rows]) == (SAID, [0, 2])
    assert {found.line for found in chunk.refusals} == {2}
    assert (chunk.read, chunk.refused) == (3, 1)
    rows, refusals, last = ndjson(b"\n" + by_lines(LABEL, FAULTY, LABEL))
    assert (said(refusals), [row[0] for row in rows], last.read) == (SAID, [0, 2], 3)
    assert {found.line for found in refusals} == {3}
    rows, refusals, last = csv(sheet("1,1,x,1", "", "-1,1,x,2", "1,1,x,0"))
    assert (said(refusals), [row[0] for row in rows], last.read) == (SAID, [0, 2], 3)
    assert [(found.line, found.given) for found in refusals] == [(4, '"-1"'), (4, '"2"')]


def test_one_label_that_is_faulty_is_refused_as_the_first() -> None:
    chunk = LABELS.json(json.dumps(FAULTY).encode())
    assert ({found.line for found in chunk.refusals}, chunk.rows) == ({1}, [])


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (encoded(*[LABEL] * 6), 413), (b"[]", 422), (b"", 400)]
)
def test_a_body_that_holds_no_labels_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(Invalid) as caught:
        LABELS.json(body)
    assert problems.status(caught.value) == status


def test_only_the_first_refusals_are_told() -> None:
    rows = ["-1,1,x,1"] * (CHUNK - 5) + ["-1,y,,3"] * 10 + ["1,1,x,1"]
    taken, refusals, last = csv(sheet(*rows))
    assert [refusal.line for refusal in refusals] == list(range(2, MOST_REFUSALS + 2))
    assert (len(taken), last.refused, last.read) == (1, CHUNK + 5, CHUNK + 6)


def test_one_wrong_row_in_ten_thousand_is_found() -> None:
    rows = ["1.5,3,Bonn,1"] * 10_000
    rows[7654] = "1.5,three,Bonn,1"
    taken, (refusal,), last = csv(sheet(*rows))
    assert [row[0] for row in taken] == [*range(7654), *range(7655, 10_000)]
    assert (refusal.line, refusal.field, refusal.given) == (7656, "count", '"three"')
    assert (last.read, last.refused) == (10_000, 1)


def test_lines_are_counted_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    _, refusals, last = ndjson(by_lines(*[LABEL] * 100, {}) + b"\n" + by_lines({}))
    assert {refusal.line for refusal in refusals} == {101, 103}
    assert last.read == 102


def test_columns_may_be_in_another_order_and_more_of_them() -> None:
    rows, _, last = csv(sheet("1,x,Bonn,1.5,3", header="late,more,town,amount,count"))
    assert (rows, last.ignored) == ([ROW], ["more"])


def test_the_separator_is_that_of_the_dataset() -> None:
    labels = make(separator=";")
    rows, _, _ = csv(sheet("1.5;3;Bonn;1", header="amount;count;town;late"), labels)
    assert rows == [ROW]


def test_a_row_of_another_width_is_refused() -> None:
    rows, refusals, _ = csv(sheet("1,1,x", "1.5,3,Bonn,1", "1,1,a,b,1"))
    assert rows == [(1, *ROW[1:])]
    assert [(found.line, found.detail, found.allowed) for found in refusals] == [
        (2, "The row has 3 cells.", ["4 cells, as the header"]),
        (4, "The row has 5 cells.", ["4 cells, as the header"]),
    ]


def test_a_text_may_be_as_long_as_it_is_allowed() -> None:
    rows, (refusal,), _ = csv(sheet(f"1,1,{'ü' * LONGEST},1", f"1,1,{'ü' * (LONGEST + 1)},1"))
    assert len(rows) == 1
    assert (refusal.line, refusal.field) == (3, "town")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"[1]", "The bill is not an object."),
        (b"[" + by_lines(LABEL).strip() + b"]", "The bill is not an object."),
        (b"12", "The bill is not an object."),
        (b'{"amount":', "The line is not JSON: expecting value at column 11."),
        (by_lines(LABEL).strip() * 2, "The line is not JSON: extra data at column "),
        (by_lines(LABEL).strip() + b"," + by_lines(LABEL).strip(), "The line is not JSON: extra "),
        (b"[" + b"1," * 20_000 + b"1]", "The line has more than 10000 values."),
        (b'{"amount":1,"amount":1,"town":"x","late":1}', "Duplicate field 'amount'."),
        (b"[" * 100_000, "The line is not JSON: it is nested too deeply."),
    ],
)
def test_a_line_that_is_no_label_is_refused(line: bytes, what: str) -> None:
    one = by_lines(LABEL)
    rows, refusals, last = ndjson(one + line + b"\n" + one)
    assert [row[0] for row in rows] == [0, 2]
    assert refusals[0].line == 2
    assert refusals[0].detail.startswith(what)
    assert (last.read, last.refused) == (3, 1)


def test_labels_are_not_put_together_from_several_lines() -> None:
    """Joined by commas, these four lines are four labels."""
    one = by_lines(LABEL).strip()
    halves = [b'{"amount":1,"late":1', b'"town":"x"}']
    rows, _, last = ndjson(b"\n".join([*halves, one + b"," + one, one]))
    assert ([row[0] for row in rows], last.refused) == ([3], 3)
    halves = [b'{"amount":1,"late":1,"town":"}', b'"}']
    rows, _, last = ndjson(b"\n".join([*halves, one + b"," + one, one]))
    assert ([row[0] for row in rows], last.refused) == ([3], 3)


PARTS = ["{", "}", '"town":"x"', '"amount":1', '"late":1', ",", "\n", "[", "]", '"', " "]
junk = st.lists(
    st.one_of(st.sampled_from(PARTS), st.just(json.dumps(LABEL)), st.just("\n")), max_size=12
).map("".join)


@given(st.lists(junk, max_size=5))
@example(['{"amount":1,"town":"x","late":1},', '{"amount":1,"town":"x",', '"late":1}'])
def test_a_line_means_the_same_alone_and_among_others(parts: list[str]) -> None:
    data = "\n".join([json.dumps(LABEL), *parts]).encode()
    rows, _, last = ndjson(data)
    single = [line for line in data.splitlines() if line.strip()]
    alone = [next(LABELS.ndjson(io.BytesIO(line))) for line in single]
    assert [row[1:] for row in rows] == [row[1:] for chunk in alone for row in chunk.rows]
    assert last.refused == sum(chunk.refused for chunk in alone)


def test_a_line_without_end_is_refused_and_the_next_ones_are_read() -> None:
    one = by_lines(LABEL)
    long = b'{"town":"' + b"x" * 2_000_000 + b'"}\n'
    rows, (refusal,), last = ndjson(one + long + one)
    assert ([row[0] for row in rows], refusal.line, last.read) == ([0, 2], 2, 3)
    assert refusal.detail.startswith("The line has more than")


@pytest.mark.parametrize("read", ["csv", "ndjson"])
def test_what_is_no_text_is_refused_from_there_on(read: str) -> None:
    if read == "csv":
        data = sheet("1.5,3,Bonn,1", "") + b"1,1,\xff,1\n1,1,x,1\n"
    else:
        data = by_lines({"": ""}, LABEL) + b'{"town":"\xff"}\n' + by_lines(LABEL)
    rows, refusals, last = all_of(getattr(LABELS, read)(io.BytesIO(data)))
    assert [row[1:] for row in rows] == [ROW[1:]]
    assert (refusals[-1].line, last.broken) == (3, True)
    assert refusals[-1].detail == "Line 3 is not UTF-8: it has the byte 0xff."


def test_why_an_upload_cannot_be_read_on_is_told_after_many_refusals() -> None:
    data = sheet(*["-1,1,x,1"] * 30, '1,1,"x,1')
    _, refusals, last = csv(data)
    assert last.broken
    assert refusals[-1].detail == "The row on line 32 has a quote that is left open."
    assert last.refused == 31


def test_a_csv_without_rows_has_no_chunks() -> None:
    assert list(LABELS.csv(io.BytesIO(sheet()))) == []
    assert list(LABELS.ndjson(io.BytesIO(b"\n\n"))) == []
    with pytest.raises(Invalid, match="lacks columns"):
        csv(b"amount\n1\n")


@pytest.mark.parametrize("read", ["csv", "ndjson"])
def test_a_digest_tells_what_was_read(read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)

    def digests(late: int, rows: int = 3000) -> list[str]:
        labels = [{**LABEL, "late": late if at == 2500 else 0} for at in range(rows)]
        data = (
            by_lines(*labels)
            if read == "ndjson"
            else sheet(*(",".join(map(str, label.values())) for label in labels))
        )
        return [chunk.digest for chunk in getattr(LABELS, read)(io.BytesIO(data))]

    one, again, other = digests(0), digests(0), digests(1)
    assert one == again
    assert len(set(one)) == len(one) > 3
    differs = [a != b for a, b in zip(one, other, strict=True)]
    assert not differs[0]
    assert differs[-1]
    assert differs == sorted(differs)


class Endless(io.RawIOBase):
    """A stream of 50 MB that is made while it is read."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self._parts: Iterator[bytes] = itertools.chain(
            [first], itertools.repeat(then, 50_000_000 // len(then))
        )
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        if len(self._rest) < size:
            parts = itertools.islice(self._parts, max(1, size // 2000))
            self._rest += b"".join(parts)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def peak(read: Callable[[Any], Iterator[Chunk]], stream: Endless) -> tuple[int, Chunk]:
    """Return the most bytes of memory in use at once, and the last chunk."""
    tracemalloc.start()
    try:
        for chunk in read(stream):
            last = chunk
        return tracemalloc.get_traced_memory()[1], last
    finally:
        tracemalloc.stop()


LONG = LabelReader(dataset(), None, most=1, longest_text=3000)
WIDE = ",".join(["1.5", "3", "Bonn", "1", "x" * 2000]).encode() + b"\n"
LINE = by_lines({**LABEL, "town": "x" * 2000})
HEADER = b"amount,count,town,late,more\n"


@pytest.mark.parametrize(
    ("read", "first", "then", "count", "broken"),
    [
        (LONG.csv, HEADER, WIDE, 50_000_000 // len(WIDE), False),
        (LONG.csv, HEADER + b'1,1,"', WIDE, 1, True),
        (LONG.csv, HEADER + b"1", b"1" * 1000, 1, True),
        (LONG.csv, HEADER + b"1", b"," * 1000, 1, True),
        (LONG.ndjson, b"", LINE, 50_000_000 // len(LINE), False),
        (LONG.ndjson, b'"', b"x" * 1000, 1, False),
    ],
)
def test_memory_does_not_grow_with_an_upload(
    read: Any, first: bytes, then: bytes, count: int, broken: bool
) -> None:
    size, last = peak(read, Endless(first, then))
    assert (last.read, last.broken) == (count, broken)
    assert size < 8_000_000


class Known:
    """What readers ask of a registry."""

    def __init__(self) -> None:
        self.known: list[str] | None = None

    def classes(self, name: str) -> list[str] | None:
        return None if self.known is None else list(self.known)


def test_a_reader_is_made_once_of_a_dataset_and_its_classes() -> None:
    registry: Any = Known()
    readers = LabelReaders(registry, most=5, longest_text=LONGEST)
    bills, others = dataset(target={"name": "late"}), dataset(name="others")
    reader = readers.of(bills)
    assert readers.of(bills) is reader
    assert readers.of(others) is not reader
    assert readers.of(bills) is reader, "each dataset has its own"
    late = encoded({**LABEL, "late": "perhaps"})
    assert reader.json(late).values == ["perhaps"], "any class is one where none is known"

    registry.known = ["0", "1"]  # of a champion that was trained meanwhile
    learned = readers.of(bills)
    assert readers.of(bills) is learned
    (refusal,) = learned.json(late).refusals
    assert refusal.allowed == ["one of 0, 1"]

    longer = dataset(target={"name": "late", "values": [0, 1, "perhaps"]})  # conf/ was read again
    registry.known = ["0", "1", "perhaps"]
    assert readers.of(longer).json(late).values == ["perhaps"]
    assert readers.of(longer) is not readers.of(dataset(target={"name": "late"}))


def test_several_threads_read_by_one_reader_at_once() -> None:
    labels = [{**LABEL, "count": at, "town": f"Bonn {at}"} for at in range(5)]
    faulty = [{**label, "amount": -1} if at % 2 else label for at, label in enumerate(labels)]
    rows = ["1.5,3,Bonn,1", "x,3,Bonn,1", "2,,Bonn,0"] * 50
    reads: list[Callable[[], Any]] = [
        lambda: LABELS.json(encoded(*labels)),
        lambda: LABELS.json(encoded(*faulty)),
        lambda: list(LABELS.ndjson(io.BytesIO(by_lines(*labels, *faulty)))),
        lambda: list(LABELS.csv(io.BytesIO(sheet(*rows)))),
    ]
    alone = [read() for read in reads]
    wrong: list[Any] = []

    def run(at: int) -> None:
        for _ in range(100):
            wrong.extend(found for found in [reads[at]()] if found != alone[at])

    threads = [threading.Thread(target=run, args=[at]) for at in range(4) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
