from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records import line_blocks
from app.records.line_blocks import Broken, blocks

BLOCK = 8


class Dripping(io.BytesIO):
    """A stream that gives three bytes at a time, as a slow client does."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 3))


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", BLOCK)


def gathered(data: bytes, longest: int = 100) -> list[tuple[int, bytes | None]]:
    """Return every line with its number, None in place of a long one."""
    found: list[tuple[int, bytes | None]] = []
    for line, block in blocks(io.BytesIO(data), longest):
        if block is None:
            found.append((line, None))
        else:
            found += enumerate(block.splitlines(keepends=True), line)
    return found


# Each \r, \n and \r\n ends a line; bytes.splitlines() has no other ends either.
texts = st.text(alphabet="ab\r\n", max_size=60).map(str.encode)


@given(texts)
def test_every_line_comes_with_its_number(data: bytes) -> None:
    assert gathered(data) == list(enumerate(data.splitlines(keepends=True), 1))


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["\n", "\r", "\r\n"])), max_size=8),
    st.integers(0, 40),
    st.integers(BLOCK, 2 * BLOCK),
)
def test_a_long_line_is_left_out_and_no_other(
    sizes: list[tuple[int, str]], last: int, longest: int
) -> None:
    data = ("".join("a" * size + end for size, end in sizes) + "a" * last).encode()
    assert gathered(data, longest) == [
        (at, None if len(line) > longest else line)
        for at, line in enumerate(data.splitlines(keepends=True), 1)
    ]


@given(texts)
def test_blocks_do_not_depend_on_how_the_bytes_arrive(data: bytes) -> None:
    assert list(blocks(Dripping(data), 100)) == list(blocks(io.BytesIO(data), 100))


@given(texts)
def test_a_block_is_small_and_whole_lines(data: bytes) -> None:
    found = [block for _, block in blocks(io.BytesIO(data), 100)]
    longest = max(map(len, re.split(rb"[\r\n]", data)))
    assert all(block and len(block) <= longest + BLOCK + 2 for block in found)
    assert all(block and block[-1:] in b"\r\n" for block in found[:-1])


def test_a_mark_before_the_text_is_no_part_of_it() -> None:
    mark = b"\xef\xbb\xbf"
    assert gathered(mark + b"abc\n" + mark) == [(1, b"abc\n"), (2, mark)]
    assert gathered(mark) == []


@pytest.mark.parametrize(
    ("bad", "said"), [(b"x\xe9y", "the byte 0xe9"), (b"\0", "a NUL byte"), (b"\xe9\0", "0xe9")]
)
@pytest.mark.parametrize("before", [b"", b"one\n", b"one\r\ntwo\rthree long line\n"])
def test_what_is_no_text_ends_it_after_the_lines_before(
    bad: bytes, said: str, before: bytes
) -> None:
    stream = io.BytesIO(before + b"a" + bad + b"\nnext\n")
    found: list[bytes | None] = []
    with pytest.raises(Broken, match=said) as caught:
        found.extend(block for _, block in blocks(stream, 100))
    assert b"".join(block or b"" for block in found) == before
    assert caught.value.line == len(before.splitlines()) + 1
    assert caught.value.fix == "send it as UTF-8"


def test_a_character_of_several_bytes_may_stand_where_pieces_meet() -> None:
    for shift in range(BLOCK):
        data = b"a" * shift + "ü€😀\n".encode()
        assert gathered(data) == [(1, data)]
