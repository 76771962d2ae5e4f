from __future__ import annotations

import pytest

from app.dashboard import units


@pytest.mark.parametrize(
    ("unit", "name", "beside"),
    [
        ("EUR", "bill", "EUR"),
        ("months", "months", ""),
        ("m2", "Fläche (m2)", ""),
        ("USD", "Cost USD", ""),
        ("USD", "cost_usd", ""),
        ("m", "months", "m"),
        ("", "bill", ""),
    ],
)
def test_a_unit_stands_once(unit: str, name: str, beside: str) -> None:
    assert units.beside(unit, name) == beside
