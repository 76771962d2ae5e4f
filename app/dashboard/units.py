"""Which unit is written beside a name."""

from __future__ import annotations

import re


def beside(unit: str, name: str) -> str:
    """Return the unit to write beside a name; none where it says it, as "cost_usd" does."""
    words = re.split(r"[\s_()\[\],./-]+", name.lower())
    return "" if unit.lower() in (name.lower(), *words) else unit
