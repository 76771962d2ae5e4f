"""Reasons by cause: features that tell the same thing in several ways count as one reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from src.inference.reasons.explanation import Contribution

Causes = Mapping[str, Sequence[str]]  # the features of each cause, by its name


@dataclass(frozen=True)
class Cause:
    """What features with a common cause, or one feature, add to an answer together."""

    name: str
    contribution: float
    parts: list[Contribution]

    @property
    def is_joint(self) -> bool:
        """Tell whether it stands for several features."""
        return self.parts[0].feature != self.name


def of(contributions: Sequence[Contribution], causes: Causes) -> list[Cause]:
    """Add up contributions by cause, the largest first; words of a text stay apart."""
    name_of = {feature: name for name, features in causes.items() for feature in features}
    joint: dict[str, list[Contribution]] = {}
    found = []
    for part in contributions:
        name = name_of.get(part.feature)
        if name is None or part.word is not None:
            found.append(Cause(part.feature, part.contribution, [part]))
        else:
            joint.setdefault(name, []).append(part)
    for name, parts in joint.items():
        parts = _ordered(parts, causes[name])
        found.append(Cause(name, math.fsum(part.contribution for part in parts), parts))
    return sorted(found, key=lambda cause: -abs(cause.contribution))


def _ordered(parts: list[Contribution], features: Sequence[str]) -> list[Contribution]:
    places = {feature: at for at, feature in enumerate(features)}
    return sorted(parts, key=lambda part: places[part.feature])
