from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.http.loop.reloads import MOST, Reloads


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


# In a process of one thread: what others hold while it forks, a child would wait for.
FORK = """
import os
from app.http.loop.reloads import Reloads
reloads = Reloads()
reloads.begin(1, 1)
if os.fork() == 0:
    reloads.serve(2)
    os._exit(0)
os.wait()
print(reloads.are_served())
"""


def test_what_a_child_says_its_parent_reads(root: Path) -> None:
    command = [sys.executable, "-c", FORK]
    answer = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout == "True\n"
