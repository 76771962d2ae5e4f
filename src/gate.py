"""The quality gate: what a model must reach on held-out rows before it may be champion."""

from __future__ import annotations

import math
from collections.abc import Mapping

from src.data.schema import Gate


def failures(measured: Mapping[str, float | None], gates: Mapping[str, Gate]) -> list[str]:
    """Say each limit that is missed, in words; an empty list is a pass.

    A metric that is not defined on the held-out rows (None or NaN) fails its gate.
    """
    said = []
    for name, gate in gates.items():
        value = measured.get(name)
        if value is None or math.isnan(value):
            said.append(f"{name} is not defined on the held-out rows")
        elif gate.min is not None and value < gate.min:
            said.append(f"{name} {value:g} is below {gate.min:g}")
        elif gate.max is not None and value > gate.max:
            said.append(f"{name} {value:g} is above {gate.max:g}")
    return said
