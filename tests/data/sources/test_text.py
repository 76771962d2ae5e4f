from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data import sources
from src.data.sources import csv_lines, text
from src.support.errors import UserError


def blocks(data: bytes, encoding: str = "utf-8") -> list[str]:
    return list(text.blocks(io.BytesIO(data), "rows.csv", encoding))


def refused(data: bytes, encoding: str = "utf-8") -> UserError:
    with pytest.raises(UserError) as caught:
        blocks(data, encoding)
    return caught.value


@given(
    st.text(st.sampled_from('aé€\U0001f600,"\r\n')),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-8-sig"]),
    st.integers(1, 9),
)
def test_blocks_are_the_text_and_end_where_lines_do(content: str, encoding: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", size)
        parts = blocks(content.encode(encoding), encoding.removesuffix("-sig"))
    assert "".join(parts) == content
    for part, following in itertools.pairwise(parts):
        assert part.endswith(("\n", "\r"))
        assert not (part.endswith("\r") and following.startswith("\n"))


@pytest.mark.parametrize(
    ("written", "encoding"),
    [("utf-16", "utf-16"), ("utf-16", "utf-16-le"), ("utf-8-sig", "utf-8"), ("utf-8-sig", "UTF8")],
)
def test_a_mark_of_order_is_no_part_of_the_text(written: str, encoding: str) -> None:
    assert blocks("a\n".encode(written), encoding) == ["a\n"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_wide_encoding_is_told_by_its_mark(encoding: str) -> None:
    error = refused("a,b\n1,2\n".encode(encoding), "latin-1")
    assert error.what == f"The source is not latin-1: this looks like {encoding.upper()}."
    assert error.fix == f"dataset.encoding={encoding}"


@pytest.mark.parametrize("order", ["le", "be"])
def test_a_wide_encoding_without_a_mark_is_told_by_its_nuls(order: str) -> None:
    error = refused("a,b\n1,2\n".encode(f"utf-16-{order}"))
    assert error.fix == f"this looks like UTF-16: dataset.encoding=utf-16-{order}"
    assert refused(b"a,b\n1,\0\n").fix is None


@pytest.mark.parametrize("encoding", ["hex", "zlib", "rot13", "klingon"])
def test_what_is_no_encoding_of_text_is_unknown(encoding: str) -> None:
    assert refused(b"a,b\n", encoding).what == "Unknown encoding."


def test_bytes_that_cannot_be_decoded_are_faults_of_their_rows() -> None:
    data = b'a,b\n1,ok\n2,"two\nlines \xff"\n3,ok\n\xe9,4\n'
    raw = sources.parse(data, "rows.csv", columns=["a", "b"])
    assert {line: one.rule for line, one in raw.faults.items()} == {
        3: "undecodable",
        6: "undecodable",
    }
    assert raw.frame["b"].tolist() == ["ok", "two\nlines \\xff", "ok", "4"]


def test_half_a_letter_at_the_end_is_a_fault() -> None:
    raw = sources.parse("a,b\n1,é".encode()[:-1], "rows.csv", columns=["a", "b"])
    assert list(raw.faults) == [2]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "LONGEST", 1_000)
    monkeypatch.setattr(text, "BLOCK", 100)
    monkeypatch.setattr(csv_lines, "LONGEST_ROW", 2_000)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_that_is_too_long_is_a_fault_and_those_after_it_are_read(end: str) -> None:
    lines = ["a,b", "1,2", "3," + "x" * 5_000, "4,5", ""]
    raw = sources.parse(end.join(lines).encode(), "rows.csv", columns=["a", "b"])
    assert {line: one.rule for line, one in raw.faults.items()} == {3: "too_long"}
    assert raw.frame["a"].tolist() == ["1", "...", "4"]
    assert list(raw.frame.index) == [2, 3, 4]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("data", ["x" * 50_000, "x," * 50_000, '"' + "x\n" * 50_000])
def test_a_file_of_one_row_is_refused(data: str) -> None:
    with pytest.raises(UserError, match="longer than"):
        sources.parse(data.encode(), "rows.csv", columns=["a", "b"])


@pytest.mark.usefixtures("short")
def test_a_quote_that_is_never_closed_is_not_followed_to_the_end() -> None:
    data = 'a,b\n1,2\n3,"' + "x\n" * 50_000
    with pytest.raises(UserError, match=r"in the row on line 3 it is longer than 2,000") as caught:
        sources.parse(data.encode(), "rows.csv", columns=["a", "b"])
    assert "close the quote" in str(caught.value.fix)
