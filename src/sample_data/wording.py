"""The vocabulary of invented careers, and the dice that draw from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import yaml

VOCABULARY = Path(__file__).with_name("vocabulary")

T = TypeVar("T")


class Dice:
    """Draw from one seeded stream through random() alone, the draw Python promises to keep."""

    def __init__(self, seed: int) -> None:
        """Start the stream."""
        self.random = Random(seed).random  # noqa: S311 - dice, not secrets

    def chance(self, share: float) -> bool:
        """Say yes in this share of the calls."""
        return self.random() < share

    def between(self, low: float, high: float) -> float:
        """Return a number from low to high."""
        return low + (high - low) * self.random()

    def along(self, curve: Sequence[tuple[float, float]]) -> float:
        """Return a number spread as the curve says: (share of the numbers, their upper end)."""
        share = self.random()
        (low, least), (high, most) = next(p for p in pairwise(curve) if share <= p[1][0])
        return least + (most - least) * (share - low) / (high - low)

    def pick(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[int(self.random() * len(items))]

    def shuffled(self, items: Iterable[T], weights: Sequence[float] | None = None) -> list[T]:
        """Return the items in random order, those of higher weight rather earlier."""
        items = list(items)
        keys = [self.random() * w for w in (weights or [1.0] * len(items))]
        return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__, reverse=True)]


@dataclass(frozen=True)
class Role:
    """Hold the words of one role."""

    name: str
    share: int
    neighbours: dict[str, int]
    titles: list[str]
    tools: dict[str, tuple[list[str], list[float]]]
    slots: dict[str, list[str]]
    summary: list[str]
    tasks: list[str]
    certifications: list[str]


def _items(text: str) -> list[str]:
    """Split a comma-separated list."""
    return [item.strip() for item in text.split(",")]


def _weighted(text: str) -> tuple[list[str], list[float]]:
    """Split a comma-separated list of tools with optional weights, as in `SQL*5`."""
    pairs = [item.partition("*") for item in _items(text)]
    return [name for name, _, _ in pairs], [float(weight or 1) for _, _, weight in pairs]


def _load(name: str) -> dict[str, Any]:
    """Read one file of the vocabulary."""
    text = (VOCABULARY / f"{name}.yaml").read_text(encoding="utf-8")
    # The C loader is ten times faster; it is a safe one too.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506
    return loaded


def roles() -> dict[str, Role]:
    """Read the roles in the order of their file names."""
    by_name = {}
    for path in sorted(VOCABULARY.glob("*.yaml")):
        if path.stem == "common":
            continue
        raw = _load(path.stem)
        by_name[raw["role"]] = Role(
            name=raw["role"],
            share=raw["share"],
            neighbours=raw["neighbours"],
            tools={heading: _weighted(text) for heading, text in raw["tools"].items()},
            slots={slot: _items(text) for slot, text in raw.get("slots", {}).items()},
            **{
                key: raw[key].splitlines()
                for key in ("titles", "summary", "tasks", "certifications")
            },
        )
    return by_name


def _split(value: Any) -> Any:
    """Turn the strings of the common vocabulary into lists, by lines or else by commas."""
    if isinstance(value, dict):
        return {key: _split(inner) for key, inner in value.items()}
    return value.splitlines() if "\n" in value else _items(value)


def common() -> dict[str, Any]:
    """Read what all roles share."""
    raw = _load("common")
    words: dict[str, Any] = _split(raw)
    words["general"]["tools"] = _weighted(raw["general"]["tools"])
    return words | {key: raw[key] for key in ("misspellings", "abbreviations")}


def debris(lines: list[str], dice: Dice, words: dict[str, Any], glued: bool) -> str:
    """Join the lines, with the traces of haste and of conversions from other file formats."""
    text = (" " if dice.chance(0.12) else "\n").join(lines)
    for kind, share, each in (("misspellings", 0.3, 0.12), ("abbreviations", 0.6, 0.25)):
        if dice.chance(share):
            for word, other in words[kind].items():
                if dice.chance(each):
                    text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", other, text)
    if dice.chance(0.06):
        text = text.replace("&", "&amp;").replace("'", "&#39;")
    if dice.chance(0.08):
        text = text.replace("\n", "\n\n")
    if glued:
        text = "".join(w if dice.chance(0.06) else w + " " for w in text.split(" "))
    return text.upper() if dice.chance(0.01) else text
