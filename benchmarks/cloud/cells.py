"""How the tables of docs/cloud.md are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from src.support.errors import UserError


def money(cost: float) -> str:
    """Write an amount of money."""
    if math.isinf(cost):
        return "not possible"
    return f"{cost:,.0f}" if cost >= 1 else "under 1"


def gigabytes(amount: float) -> str:
    """Write GB in the unit that suits them."""
    if amount < 1:
        return f"{amount * 1000:,.0f} MB"
    return f"{amount:,.0f} GB" if amount < 10_000 else f"{amount / 1000:,.0f} TB"


def rounded(value: float) -> float:
    """Keep two digits: what follows from assumptions has no more."""
    return float(f"{value:.1e}")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def filled(text: str, found: dict[str, str]) -> str:
    """Return a document with the tables between their markers; raise UserError without a place."""
    for name, table in found.items():
        marked = rf"(<!-- costs: {name} -->\n).*?(<!-- end -->)"
        text, number = re.subn(marked, rf"\g<1>{table}\n\g<2>", text, flags=re.DOTALL)
        if number != 1:
            raise UserError(
                "The document has no place for a table, or two.",
                given=f"{name}: {number}",
                fix=f"<!-- costs: {name} --> and <!-- end --> in docs/cloud.md",
            )
    return text
