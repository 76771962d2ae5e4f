"""What a description comes to: plain values, from which a YAML or a form can be made."""

from __future__ import annotations

from typing import Any

from src.description.roles import Role
from src.description.types import Column
from src.support.structs import Checked


class LeftOut(Checked, frozen=True):
    """A column that is no feature, and why; `is_leak` where it gives the target away."""

    column: Column
    says: str
    is_leak: bool = False


class Draft(Checked, frozen=True):
    """A dataset to be: everything that its YAML says, and what to look at before it is believed.

    `reading` are the keys that say how the source is read, `is_plain` that it is a CSV as a file,
    which is copied to data/; `faults` counts its rows that are none. `features` stand in the order
    of the file. `missing` are words for missing besides the usual ones, `baseline` is the metric of
    whoever always answers the same, `drift` names a column in whose order the target moves.
    """

    name: str
    source: str
    rows: int
    columns: int
    role: Role
    features: list[Column]
    left_out: list[LeftOut] = []
    reading: dict[str, Any] = {}
    is_plain: bool = True
    faults: int = 0
    missing: list[str] = []
    group: str = ""
    time: str = ""
    drift: str = ""
    derived: dict[str, str] = {}
    baseline: float = 0.0
    unsure: list[str] = []
