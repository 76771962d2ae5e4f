"""How a source writes numbers: the signs in them and around them, and what is below 0."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Literal

import msgspec

DecimalSign = Literal[".", ","]
ThousandsSign = Literal["", ",", ".", " ", "'", "_"]
# What is below 0: -5, in files of bookkeepers 5- or (5).
Negative = Literal["before", "after", "brackets"]
# What is typed, or set by a spreadsheet, for the same sign.
ALIKE = {" ": " \u00a0\u2009\u202f", "'": "'\u2019"}
MINUS = ("-", "\u2212")
NONE = "not a number"  # of no number's spelling; it is read as none


class NumberFormat(msgspec.Struct, frozen=True):
    """A way to write numbers; `prefix` and `suffix` may also be left out in a cell."""

    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    negative: str = "before"

    @property
    def is_plain(self) -> bool:
        """Tell whether numbers are written as programs write them."""
        return self == PLAIN

    def plain(self, text: str) -> str:
        """Return a number as programs write it: "$84,835.00" is 84835.00; other text is no number.

        Thousands count only where they stand in groups, so that 1.5 is not taken for 15. A minus
        before a number is read in any way.
        """
        sign, text = self._signed(text.strip())
        text = text.removeprefix(self.prefix.strip()).removesuffix(self.suffix.strip()).strip()
        if not sign:  # $-5
            sign, text = self._signed(text)
        match = _pattern(self.decimal, self.thousands).fullmatch(text)
        if match is None:
            return NONE
        whole = re.sub(r"[^0-9+]", "", match["whole"])
        part = match["part"]
        return f"{sign}{whole}{'' if part is None else f'.{part}'}{match['power'] or ''}"

    def _signed(self, text: str) -> tuple[str, str]:
        if text.startswith(MINUS):
            return "-", text[1:].strip()
        if self.negative == "after" and text.endswith(MINUS):
            return "-", text[:-1].strip()
        if self.negative == "brackets" and text.startswith("(") and text.endswith(")"):
            return "-", text[1:-1].strip()
        return "", text

    def words(self, plain: str) -> str:
        """Write a plain number as the source does, for examples."""
        return f"{self.prefix}{plain.replace('.', self.decimal)}{self.suffix}"


PLAIN = NumberFormat()


@lru_cache(maxsize=64)
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = r"\+?[0-9]*"
    if thousands:
        signs = re.escape(ALIKE.get(thousands, thousands))
        # Groups of two are written in India.
        whole = rf"\+?(?:[0-9]{{1,3}}(?:[{signs}][0-9]{{2,3}})*[{signs}][0-9]{{3}}|[0-9]*)"
    part = rf"(?:{re.escape(decimal)}(?P<part>[0-9]*))?"
    return re.compile(rf"(?=.*[0-9])(?P<whole>{whole}){part}(?P<power>[eE][+-]?[0-9]+)?")


def as_number(text: str) -> float | None:
    """Parse a number as pandas.to_numeric does; Python would also take 1_000 and nan."""
    if not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
