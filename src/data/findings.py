"""What was found that makes figures look better than what they promise: leaks and their like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

# What a gate may refuse besides metrics, and what it means.
RULES = {
    "leaks": "a feature that gives the target away, or names the row",
    "shift": "training and test rows that can be told apart",
    "coverage": "ranges that hold the truth less often than they promise",
    "gap": "figures of cross-validation and of the held-out rows that are apart",
    "groups": "groups of rows that leave too little to learn from or to judge by",
    "duplicates": "most rows the same as others, dropped or kept",
}
ROWS = "rows"  # what a finding is of, unless it is of a model
HEAD = ("of", "about", "found", "what to do")


class Finding(msgspec.Struct, frozen=True):
    """Something that was found: in a sentence, with what to do, its columns and its figures.

    `rule` is the gate's key that can refuse it; `code` says what it is, for programs.
    """

    rule: str
    code: str
    says: str
    do: str
    columns: list[str] = []
    figures: dict[str, float] = {}


def plain(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as plain values, in the order of the rules."""
    places = list(RULES)
    ordered = sorted(found, key=lambda one: places.index(one.rule))
    return [msgspec.to_builtins(one) for one in ordered]


def read(values: Any) -> list[Finding]:
    """Read findings from plain values; none where another version wrote something else."""
    try:
        return msgspec.convert(values, list[Finding])
    except msgspec.ValidationError:
        return []


def of(manifest: Mapping[str, Any]) -> list[Finding] | None:
    """Return what was found of a model and of its rows; None if nobody looked for it."""
    rows, model = (manifest.get("data") or {}).get("findings"), manifest.get("findings")
    if rows is None or model is None:
        return None
    return [*read(rows), *read(model)]


def table(found: Iterable[tuple[str, Any]]) -> list[list[str]]:
    """Return the cells of a table of plain findings, given with what they are of.

    What was found of several models alike stands in one line.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for origin, values in found:
        for one in read(values or []):
            alike.setdefault((one.rule, one.says, one.do), []).append(origin)
    return [[", ".join(dict.fromkeys(origins)), *words] for words, origins in alike.items()]
