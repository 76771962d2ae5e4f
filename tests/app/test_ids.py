from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from app import ids


def test_an_id_is_a_uuid_of_version_7() -> None:
    for _ in range(1000):
        number = ids.new()
        parsed = uuid.UUID(number)
        assert str(parsed) == number
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert ids.is_one(number)


def test_an_id_tells_its_millisecond() -> None:
    before = time.time()
    milliseconds = uuid.UUID(ids.new()).int >> 80
    assert before - 0.002 <= milliseconds / 1000 <= time.time() + 0.002


def test_ids_sort_by_time_and_none_comes_twice() -> None:
    found = [ids.new() for _ in range(20_000)]
    assert sorted(found) == found
    assert len(set(found)) == len(found)


def test_ids_sort_though_the_clock_stands_still_or_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.time_ns()
    first = ids.new()
    monkeypatch.setattr(time, "time_ns", lambda: now - 10**9)
    later = [ids.new() for _ in range(10)]
    assert sorted([first, *later]) == [first, *later]


def test_threads_never_get_the_same_id() -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.extend([ids.new() for _ in range(3000)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 12_000


def test_a_forked_process_does_not_draw_what_its_parent_draws() -> None:
    """Of equal ticks the random bits alone tell the ids of two workers apart."""
    ids.new()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, ids.new()[19:].encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() != ids.new()[19:]


def test_the_id_of_a_moment_lies_between_those_before_and_after() -> None:
    before = ids.new()
    time.sleep(0.003)
    moment = time.time()
    time.sleep(0.003)
    assert before < ids.at(moment) < ids.new()
    assert ids.is_one(ids.at(moment))
    assert ids.at(0.0) < before


@pytest.mark.parametrize(
    "text",
    ["", "1", "x" * 36, "0" * 36, "01A1FBF3-1020-7A7E-9A65-9BE08D959876", "\0", "é" * 36],
)
def test_what_is_no_id(text: str) -> None:
    assert not ids.is_one(text)
    assert not ids.is_one(f"{ids.new()}\n")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(ids.new(), id="new"),
        "00000000-0000-7000-8000-000000000000",
        "01a1fca4-bd81-7ffe-ad49-5d8bebf64f98",
        "01a1fca4-ffff-7fff-ad49-5d8bebf64f98",
    ],
)
def test_the_ids_that_follow_are_always_the_same_ones(number: str) -> None:
    found = ids.following(number, 9000)
    assert len({number, *found}) == 9001
    assert [number, *found] == sorted([number, *found])
    assert {one[18:] for one in found} == {number[18:]}
    assert all(ids.is_one(one) for one in found[::500])
    assert uuid.UUID(found[-1]).version == 7
    for count, start in ((1, 0), (1, 4095), (4096, 1), (10, 8000), (5000, 4000), (0, 7)):
        assert ids.following(number, count, start) == found[start : start + count]


def test_the_ids_that_follow_two_never_meet() -> None:
    first, second = ids.new(), ids.new()
    assert not set(ids.following(first, 5000)) & set(ids.following(second, 5000))
