from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import write_turn as turns
from app.store.write_turn import WriteTurn

MANY = 10_000_000  # looks; far more than a test has time for


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lapidary.db"


@pytest.fixture
def first(file: Path) -> Iterator[WriteTurn]:
    """Hold the queue."""
    held = WriteTurn(file)
    with held:
        yield held


def test_who_comes_second_waits_for_the_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOKS", MANY)
    order = []

    def second() -> None:
        with WriteTurn(file):
            order.append("second")

    thread = threading.Thread(target=second)
    with WriteTurn(file):
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_who_holds_the_queue_for_ever_holds_nobody_up(file: Path, first: WriteTurn) -> None:
    with WriteTurn(file):
        pass


def test_a_turn_comes_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOKS", MANY)
    one, other = WriteTurn(file), WriteTurn(file)
    for turn in (one, other, one, other):
        with turn:
            pass


def test_the_queue_is_for_this_user_alone(file: Path, first: WriteTurn) -> None:
    assert file.with_name("lapidary.db-turn").stat().st_mode & 0o077 == 0


def test_without_a_file_there_is_no_queue(tmp_path: Path) -> None:
    with WriteTurn(None), WriteTurn(None):
        pass
    assert list(tmp_path.iterdir()) == []
