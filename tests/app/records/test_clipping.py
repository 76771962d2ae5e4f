from __future__ import annotations

from app.records.clipping import LONGEST, clipped


def test_only_what_is_long_is_cut() -> None:
    whole = {"short": "x" * LONGEST, "number": 10**400, "none": None}
    assert clipped(whole) == whole
    assert clipped({"long": "x" * (LONGEST + 1)}) == {
        "long": "x" * LONGEST + "\N{HORIZONTAL ELLIPSIS}"
    }
