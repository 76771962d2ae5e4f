from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from app.http import bodies
from app.http.bodies import FileBody, Pages


def test_a_file_is_opened_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "script.js"
    path.write_bytes(b"x" * 150_000)
    file = FileBody(path)
    assert file.size == 150_000
    assert [len(block) for block in file] == [65_536, 65_536, 18_928]
    number = file.fileno()
    file.close()
    with pytest.raises(OSError, match="Bad file"):
        open(number, closefd=False)  # noqa: SIM115 - a number is no path
    FileBody(path).close()


def test_a_file_that_is_not_there_is_noticed_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        FileBody(tmp_path / "script.js")


class Table:
    """Numbered rows of some bytes each, read as a database is."""

    def __init__(self, rows: int, size: int = 10) -> None:
        self.rows, self.size = rows, size
        self.counts: list[int] = []

    def read(self, after: int | None, count: int) -> tuple[bytes, int | None]:
        self.counts.append(count)
        begin = 0 if after is None else after
        end = min(begin + count, self.rows)
        rows = b"".join(b"%d\n".rjust(self.size) % at for at in range(begin, end))
        return rows, end if end - begin == count else None


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1100, 5000])
def test_pages_follow_each_other_without_loss_or_repetition(count: int) -> None:
    lines = b"".join(Pages(Table(count).read)).split()
    assert lines == [b"%d" % at for at in range(count)]


def test_the_first_page_is_read_at_once() -> None:
    def fail(after: Any, count: int) -> tuple[bytes, None]:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        Pages(fail)


@pytest.mark.parametrize(("size", "largest"), [(10, bodies.MOST), (1000, 300), (1_000_000, 1)])
def test_the_longer_rows_are_the_fewer_are_read(size: int, largest: int) -> None:
    table = Table(2000, size)
    pages = Pages(table.read)
    for _ in range(3):
        next(pages)
    assert table.counts[0] == bodies.FIRST
    assert table.counts[-1] == pytest.approx(largest, rel=0.2)


def test_a_page_that_was_taken_is_not_kept() -> None:
    page = bytes(100)
    before = sys.getrefcount(page)
    pages = Pages(lambda after, count: (page, 1))
    for _ in range(3):
        next(pages)
        assert sys.getrefcount(page) == before
