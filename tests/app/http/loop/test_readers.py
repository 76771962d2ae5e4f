"""Who does not read, over real sockets: what is taken is what the other side has read."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from app.http.loop.outgoing import Outgoing
from app.http.loop.readers import Limits, Readers

Begin = Callable[..., tuple[Outgoing, socket.socket]]
FEW = Limits(in_all=4, per_address=2, size=100_000_000, rest=10.0)


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Return a function that begins an answer which the socket does not take whole."""
    with ExitStack() as stack:

        def make(peer: str = "a", size: int = 1_000_000) -> tuple[Outgoing, socket.socket]:
            pair = socket.socketpair()
            one, other = (stack.enter_context(end) for end in pair)
            one.setblocking(False)
            outgoing = Outgoing(one)
            outgoing.peer = peer
            outgoing.sendall(bytes(size))
            outgoing.flush()
            return outgoing, other

        yield make


def fill(readers: Readers, begin: Begin, peers: str) -> list[socket.socket]:
    others = []
    for number, peer in enumerate(peers):
        outgoing, other = begin(peer)
        readers.add(number, outgoing, float(number))
        others.append(other)
    return others


def test_who_took_nothing_for_the_longest_is_the_first(begin: Begin) -> None:
    readers = Readers(FEW)
    fill(readers, begin, "abc")
    assert list(readers) == [0, 1, 2]
    outgoing = readers.pop(0)
    assert outgoing is not None
    assert 0 not in readers
    readers.add(0, outgoing, 3.0)
    readers.add(1, begin("b")[0], 4.0)
    assert list(readers) == [2, 0, 1]
    assert len(readers) == 3
    assert readers.pop(7) is None


def test_beyond_the_limit_in_all_the_first_must_go(begin: Begin) -> None:
    readers = Readers(FEW)
    fill(readers, begin, "abcd")
    assert readers.superfluous("d") is None
    readers.add(4, begin("e")[0], 5.0)
    assert readers.superfluous("e") == 0
    readers.pop(0)
    assert readers.superfluous("e") is None


def test_beyond_the_limit_of_an_address_its_first_must_go(begin: Begin) -> None:
    readers = Readers(FEW)
    fill(readers, begin, "abb")
    assert readers.superfluous("b") is None
    readers.add(3, begin("b")[0], 5.0)
    assert readers.superfluous("b") == 1
    assert readers.superfluous("a") is None
    readers.pop(2)
    assert readers.superfluous("b") is None


def test_memory_is_limited_too_but_one_may_be_of_any_size(begin: Begin) -> None:
    readers = Readers(Limits(size=3_000_000))
    outgoing, _ = begin("a", 4_000_000)
    readers.add(0, outgoing, 0.0)
    assert readers.superfluous("a") is None
    readers.add(1, begin("b")[0], 1.0)
    assert readers.superfluous("b") == 0
    readers.pop(0)
    assert readers.superfluous("b") is None


def test_who_takes_nothing_has_stalled(begin: Begin) -> None:
    readers = Readers(FEW)
    others = fill(readers, begin, "abc")  # at 0, 1 and 2 seconds
    assert readers.look(9.0) == []
    assert readers.look(10.5) == [0]
    while others[0].recv(1000, socket.MSG_DONTWAIT | socket.MSG_PEEK):
        others[0].recv(65_536)
        if readers.look(10.6) == []:
            break
    assert list(readers) == [1, 2, 0]
    assert readers.look(12.5) == [1, 2]


def test_another_answer_counts_as_the_address_of_another(begin: Begin) -> None:
    readers = Readers(FEW)
    fill(readers, begin, "aab")
    for number in range(3):
        readers.pop(number)
    fill(readers, begin, "aa")
    assert readers.superfluous("a") is None
