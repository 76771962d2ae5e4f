from __future__ import annotations

import pytest

from src.description import names


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Age (years)", "years"),
        ("price_usd", "USD"),
        ("Temperature(°C)", "°C"),
        ("Fe [%]", "%"),
        ("body_mass_g", "g"),
        ("bill_length_mm", "mm"),
        ("years", ""),
        ("plan_g", ""),
        ("name (as in the passport)", ""),
    ],
)
def test_a_unit_is_read_from_a_header(name: str, unit: str) -> None:
    assert names.unit(name) == unit


@pytest.mark.parametrize("name", ["customer_id", "PatientID", "subject", "user no"])
def test_names_of_persons_and_things_belong(name: str) -> None:
    assert names.belongs(name)


def test_other_names_do_not() -> None:
    assert not names.belongs("subjective_score")
