"""Small tables for the tests, read as a person's file is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from src.description import values
from src.description.reading import Table, read
from src.description.values import Values

ROWS = 240


def of(cells: Sequence[object]) -> Values:
    return values.of(pd.Series([str(cell) for cell in cells], dtype=str))


def written(folder: Path, frame: pd.DataFrame, name: str = "things.csv", **how: object) -> Table:
    path = folder / name
    frame.to_csv(path, index=False, **how)
    return read(str(path))


def things(**more: object) -> pd.DataFrame:
    """Return rows of a made-up shop: whether a thing came back."""
    draw = np.random.default_rng(3)
    weight = draw.gamma(2.0, 3.0, ROWS).round(2)
    size = draw.choice(["S", "M", "L"], ROWS)
    back = np.where(weight + draw.normal(0, 2, ROWS) > 9, "yes", "no")
    columns = {
        "rownames": np.arange(1, ROWS + 1),
        "weight (kg)": weight,
        "size": size,
        "shop": draw.choice(["north", "south", "web"], ROWS),
        "back": back,
    }
    return pd.DataFrame({**columns, **more})
