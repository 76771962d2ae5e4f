from __future__ import annotations

import pytest

from src.data.kinds import cell_formats


@pytest.mark.parametrize(
    ("cells", "keys"),
    [
        (["$84,835.00", "$1,200.50", "$7"], "prefix: $, thousands: ','"),
        (["38%", "5%", "100%"], "suffix: '%'"),
        (["€ 48.43", "€ 1.00"], "prefix: €"),
        (["1,322", "943", "12,000,001"], "thousands: ','"),
        (["1,5", "2,25", "1,322"], "decimal: ','"),
        (["1.234,5", "12,25", "7"], "thousands: '.', decimal: ','"),
        (["1 234", "7", "12 000"], "thousands: ' '"),
        (["1'234", "7"], "thousands: ''''"),
        (["-5 kg", "7 kg"], "suffix: kg"),
        (["yes", "No", "YES"], "type: boolean"),
        (["2024-01-31", "2023-02-01"], "type: date"),
        (["2024-01-31T10:00:00", "2023-02-01T01:00:00"], "type: datetime"),
        (["31.01.2024", "01.02.2023"], "type: date, format: '%d.%m.%Y'"),
        (["1/2/2024", "2/3/2024"], "type: date, format: '%d/%m/%Y' (or '%m/%d/%Y')"),
        (["1/13/2024", "2/3/2024"], "type: date, format: '%m/%d/%Y'"),
        (["10:30", "09:05"], "type: time"),
        (["10:30 PM", "9:05 AM"], "type: time, format: '%I:%M %p'"),
        (["31.01.2024 10:30", "01.02.2023 9:05"], "type: datetime, format: '%d.%m.%Y %H:%M'"),
        (["red", "green"], None),
        (["yes", "yes"], None),
        ([], None),
    ],
)
def test_the_fewest_keys_that_make_cells_readable_are_named(
    cells: list[str], keys: str | None
) -> None:
    assert cell_formats.keys_of(cells) == keys


def test_a_few_cells_may_be_unreadable() -> None:
    assert cell_formats.keys_of([f"${at}" for at in range(99)] + ["soon"]) == "prefix: $"
    assert cell_formats.keys_of([f"${at}" for at in range(9)] + ["soon"]) is None
