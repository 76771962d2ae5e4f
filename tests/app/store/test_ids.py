from __future__ import annotations

import os
import threading
import time
import uuid
from collections import Counter

import pytest

from app.store import ids


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


def test_ids_of_one_millisecond_sort_as_they_were_made() -> None:
    made = [ids.new() for _ in range(20_000)]
    milliseconds = Counter(number[:13] for number in made)
    assert max(milliseconds.values()) > 100, "many were made in one millisecond"
    for one in milliseconds:
        within = [number for number in made if number[:13] == one]
        assert within == sorted(within)


def test_threads_never_get_the_same_id_and_each_gets_its_own_in_order() -> None:
    made: list[list[str]] = [[] for _ in range(4)]

    def run(mine: list[str]) -> None:
        mine.extend([ids.new() for _ in range(3000)])

    threads = [threading.Thread(target=run, args=[mine]) for mine in made]
    before = ids.new()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = ids.new()
    for mine in made:
        assert [before, *mine, after] == sorted([before, *mine, after])
    assert len({number for mine in made for number in mine}) == 12_000


def test_forked_processes_never_get_the_same_id_and_each_gets_its_own_in_order() -> None:
    """They inherit what their parent counts with, so the random bits must be their own."""
    before = ids.new()
    made = [*of_children(4, 2000), [ids.new() for _ in range(2000)]]
    for mine in made:
        assert [before, *mine] == sorted([before, *mine])
    assert len({number for mine in made for number in mine}) == 10_000
    assert len({number[-8:] for mine in made for number in mine[:1]}) == 5


def test_the_ids_of_several_processes_sort_by_their_milliseconds() -> None:
    """What one process made before another began sorts before what that one made."""
    numbers: list[str] = []
    for _ in range(3):
        (made,) = of_children(1, 3)
        numbers += made
        wait_until_greater(made[-1])
    assert numbers == sorted(numbers)


def of_children(count: int, each: int) -> list[list[str]]:
    """Return the ids that some forked processes make at once."""
    pipes = []
    for _ in range(count):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(writer, "w") as pipe:
                pipe.write(" ".join(ids.new() for _ in range(each)))
            os._exit(0)
        os.close(writer)
        pipes.append((child, reader))
    made = []
    for child, reader in pipes:
        with os.fdopen(reader) as pipe:
            made.append(pipe.read().split())
        os.waitpid(child, 0)
    return made


def wait_until_greater(number: str) -> None:
    """Wait for the millisecond after the one of an id."""
    while time.time() * 1000 < millisecond(number) + 1:
        pass


def millisecond(number: str) -> int:
    return uuid.UUID(number).int >> 80


def test_the_id_of_a_moment_lies_between_those_before_and_after() -> None:
    for _ in range(200):
        moment = time.time()
        assert ids.at(moment) <= ids.new()
    for number in [ids.new(), *ids.following(ids.new(), 3), "01a1fca4-bd81-7000-8000-000000000000"]:
        made = millisecond(number)
        assert ids.at(made / 1000) <= number < ids.at((made + 1) / 1000)
    assert ids.is_one(ids.at(time.time()))
    assert ids.at(0.0) < ids.new()


def test_an_id_after_one_of_another_process_is_greater_and_new() -> None:
    of_a_fast_clock = ids.at(time.time() + 60)
    made = ids.after(of_a_fast_clock)
    assert of_a_fast_clock < made < ids.at(time.time() + 61)
    assert ids.is_one(made)
    before = ids.new()
    assert before < ids.after("01a1fca4-bd81-7ffe-ad49-5d8bebf64f98") < ids.new()


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
