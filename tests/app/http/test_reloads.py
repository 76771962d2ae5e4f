from __future__ import annotations

import os

from app.http.reloads import MOST, Reloads


def test_at_first_nobody_is_replaced() -> None:
    assert not Reloads().is_replaced(1)


def test_those_that_came_before_wait_for_all_that_come_after() -> None:
    reloads = Reloads()
    for age in (1, 2):
        reloads.serve(age)
    reloads.begin(2, 2)
    assert [reloads.is_replaced(age) for age in (1, 2, 3, 4)] == [True, True, False, False]
    assert not reloads.are_served()
    reloads.serve(4)
    assert not reloads.are_served()
    reloads.serve(3)
    assert reloads.are_served()
    reloads.begin(4, 1)
    assert reloads.is_replaced(3)
    assert not reloads.are_served()


def test_a_place_that_was_used_before_says_nothing() -> None:
    reloads = Reloads()
    reloads.serve(3)
    reloads.begin(MOST + 2, 1)
    assert not reloads.are_served()


def test_what_a_child_says_its_parent_reads() -> None:
    reloads = Reloads()
    reloads.begin(1, 1)
    child = os.fork()
    if child == 0:
        reloads.serve(2)
        os._exit(0)
    os.waitpid(child, 0)
    assert reloads.are_served()
