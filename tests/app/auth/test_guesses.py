from __future__ import annotations

from app.auth import guesses
from app.auth.guesses import MOST, PLACES, Guesses


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_some_wrong_keys_an_address_waits_for_the_end_of_its_window() -> None:
    time = Time()
    made = Guesses(time)
    for at in range(MOST):
        assert made.refusal("10.0.0.1") is None
        made.count("10.0.0.1")
        time.now += at % 2
    refusal = made.refusal("10.0.0.1")
    assert refusal is not None
    assert (refusal.code, refusal.more) == ("too_many_wrong_keys", {"retry_after": 55})
    assert made.refusal("10.0.0.2") is None
    time.now += 54.5
    refusal = made.refusal("10.0.0.1")
    assert refusal is not None
    assert refusal.more == {"retry_after": 1}
    time.now += 0.5
    assert made.refusal("10.0.0.1") is None
    made.count("10.0.0.1")
    assert made.refusal("10.0.0.1") is None, "a window of its own"


def test_one_network_of_ipv6_is_one_address() -> None:
    made = Guesses(Time())
    for at in range(MOST):
        made.count(f"2001:db8::{at:x}")
    assert made.refusal("2001:db8::ffff") is not None
    assert made.refusal("2001:db8:0:1::1") is None


def test_it_remembers_no_more_than_some_addresses_and_none_for_longer() -> None:
    time = Time()
    made = Guesses(time)
    for at in range(PLACES + 100):
        made.count(f"a{at}")
    assert len(made._wrong) == PLACES
    time.now += guesses.WINDOW
    made.count("b")
    assert list(made._wrong) == ["b"]
