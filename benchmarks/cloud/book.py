"""Stated prices, measured figures and assumptions: what the costs of the cloud design rest on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from src.support.structs import Checked, convert

HERE = Path(__file__).parent


class Price(Checked, frozen=True):
    """A list price, and where and of which day it was read."""

    price: float
    unit: str
    service: str
    source: str
    page: str
    seen: bool  # whether a public page that says so was found


class Prices(Checked, frozen=True):
    """All prices, of one region and one day."""

    region: str
    currency: str
    read: str
    prices: dict[str, Price]


class Measured(Checked, frozen=True):
    """A figure that was measured, and by what."""

    value: float
    unit: str
    source: str


class Assumed(Checked, frozen=True):
    """A figure that only the cloud can tell, and why it is taken to be so."""

    value: float
    unit: str
    why: str


class Figures(Checked, frozen=True):
    """All figures that are not prices."""

    measured: dict[str, Measured]
    assumed: dict[str, Assumed]


@dataclass(frozen=True)
class Book:
    """What is computed from."""

    prices: Prices
    figures: Figures

    def cost(self, name: str, amount: float) -> float:
        """Return what so many units cost."""
        return self.prices.prices[name].price * amount

    def tiered(self, tiers: Iterable[tuple[str, float]], amount: float) -> float:
        """Return what an amount costs whose price falls; a tier of 0 has no end."""
        total = 0.0
        for name, most in tiers:
            part = min(amount, most) if most else amount
            total += self.cost(name, part)
            amount -= part
        return total

    def get(self, name: str) -> float:
        """Return a figure."""
        known: dict[str, Any] = {**self.figures.measured, **self.figures.assumed}
        value: float = known[name].value
        return value


def read() -> Book:
    """Read prices and figures; raise UserError where one lacks its unit, its day or its source."""
    prices, figures = (
        # Days are text, for some are a month alone.
        yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        for name in ("prices.yaml", "figures.yaml")
    )
    return Book(
        convert(prices, Prices, "prices", is_text=True),
        convert(figures, Figures, "figures", is_text=True),
    )
