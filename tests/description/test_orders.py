from __future__ import annotations

import pytest

from src.description import orders


@pytest.mark.parametrize(
    ("name", "ordered"),
    [
        ("risk", ["Low", "Medium", "High"]),
        ("state", ["Very_Poor", "Poor", "Fair", "Good", "Excellent"]),
        ("size", ["S", "M", "L", "XL"]),
        ("month", ["Jan", "Feb", "Mar", "Dec"]),
        ("day", ["Monday", "Tuesday", "Sunday"]),
        ("grade", ["D", "C", "B", "A"]),
        ("grade", ["C", "B-", "B", "B+", "A"]),
        ("Energieklasse", ["H", "G", "C", "B", "A", "A+", "A++", "A+++"]),
        ("quarter", ["Q1", "Q2", "Q3", "Q4"]),
        ("when", ["Q1", "Q2", "Q10"]),
        ("tumour", ["Stage I", "Stage II", "Stage III", "Stage IV"]),
        ("Disease stage", ["I", "II", "III", "IV"]),
        ("ticket", ["Prio 1", "Prio 2", "Prio 3"]),
        ("since", ["<1 year", "1-2 years", "3-5 years", "10+ years"]),
        ("seen", ["1", "2-10", "11-100", "Over 100"]),
        ("place", ["1st", "2nd", "3rd"]),
        ("hotel", ["*", "**", "***"]),
        ("hotel", ["★☆☆", "★★☆", "★★★"]),
        ("restaurant", ["$", "$$", "$$$$"]),
    ],
)
def test_an_order_is_told_from_low_to_high(name: str, ordered: list[str]) -> None:
    assert orders.of(name, sorted(ordered)) == ordered


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vitamin", ["A", "B", "C", "D"]),
        ("place", ["Bern", "Rome", "Oslo"]),
        ("size", ["S", "L"]),
        ("money", ["$", "€", "£"]),
        ("room", ["R1", "R2", "R3"]),
        ("vitamin", ["I", "V", "X"]),
        ("quarter", ["Q1", "Q2", "north"]),
    ],
)
def test_what_has_no_sure_order_gets_none(name: str, words: list[str]) -> None:
    assert orders.of(name, words) is None
