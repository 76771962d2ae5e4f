"""An explanation in one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from src.data.schema import Dataset
from src.inference.reasons.causes import Cause, Causes
from src.inference.reasons.causes import of as joined
from src.inference.reasons.contributions import OTHER_WORDS
from src.inference.reasons.explanation import Contribution, Explanation

MOST_FOR, MOST_AGAINST = 3, 2
LEAST = 0.01  # of the largest contribution; less is not worth mentioning
SAME = 0.005  # of the answer; a smaller difference is not worth mentioning
PLAIN = (1e-6, 1e15)  # numbers beyond are written with an exponent
NO_NAMES = ("true", "false", "yes", "no")  # classes that mean nothing without the target's name

Sides = tuple[list[Cause], list[Cause]]
Amount = Callable[[float], str]


def sentence(explanation: Explanation, dataset: Dataset, causes: Causes | None = None) -> str:
    """Write an explanation in one sentence, with one clause for each cause."""
    up, down = _sides(joined(explanation.contributions, causes or {}))
    if explanation.target is not None:
        reasons = _because(explanation, dataset, (up, down), _points)
        start = _of_class(explanation, dataset)
        return f"{start}: {reasons}." if reasons else f"{start}, as for a typical {dataset.noun}."
    rise = explanation.value - explanation.base
    if abs(rise) <= SAME * max(abs(explanation.value), abs(explanation.base)):
        usual = _with_unit(number(explanation.base), dataset.target.unit)
        start = f"About the same as a typical {dataset.noun} ({usual})"
        both = {"more because": up[:MOST_FOR], "less because": down[:MOST_FOR]}
        reasons = _said(both, dataset, _signed)
        return f"{start}: {reasons}." if reasons else f"{start}."
    gap = _with_unit(number(abs(rise)), dataset.target.unit)
    start = f"About {gap} {'above' if rise > 0 else 'below'} a typical {dataset.noun}"
    reasons = _because(explanation, dataset, (up, down), _signed)
    return f"{start}, {reasons}." if reasons else f"{start}."


def _sides(every: list[Cause]) -> Sides:
    """Return what raises the answer and what lowers it, largest first, without trifles.

    Other words together say little, so they are used only if there is nothing else.
    """
    parts = [part for part in every if part.contribution and not _is_rest(part)] or every
    least = LEAST * max((abs(part.contribution) for part in parts), default=0.0)
    relevant = [part for part in parts if abs(part.contribution) >= least]
    up = [part for part in relevant if part.contribution > 0]
    return up, [part for part in relevant if part.contribution < 0]


def _is_rest(cause: Cause) -> bool:
    part = cause.parts[0]
    return part.word == OTHER_WORDS and part.value is None


def _because(explanation: Explanation, dataset: Dataset, sides: Sides, amount: Amount) -> str:
    """Write what moved the answer to where it is, and what held it back."""
    toward, back = sides if explanation.value >= explanation.base else sides[::-1]
    both = {"mostly because": toward[:MOST_FOR], "less because": back[:MOST_AGAINST]}
    return _said(both, dataset, amount)


def _said(sides: dict[str, list[Cause]], dataset: Dataset, amount: Amount) -> str:
    said = [f"{word} {_listed(side, dataset, amount)}" for word, side in sides.items() if side]
    return ", ".join(said)


def _of_class(explanation: Explanation, dataset: Dataset) -> str:
    name = str(explanation.target)
    has_meaning = any(map(str.isalpha, name)) and name.lower() not in NO_NAMES
    said = name if has_meaning else f"{_spoken(dataset.target.name)} is {name}"
    return f"{said}, {percent(explanation.value)}"


def _listed(causes: list[Cause], dataset: Dataset, amount: Amount) -> str:
    """Join reasons; consecutive words of one text name the text once."""
    said: list[str] = []
    text = None
    for cause in causes:
        part = cause.parts[0]
        named = _quoted(part) if part.word and part.feature == text else _reason(cause, dataset)
        said.append(f"{named} ({amount(cause.contribution)})")
        text = part.feature
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _reason(cause: Cause, dataset: Dataset) -> str:
    """Say a cause by its name and the value of its first feature that has one."""
    name = _spoken(cause.name)
    part = next((one for one in cause.parts if one.value is not None), cause.parts[0])
    if part.word is not None:
        if _is_rest(cause):
            return f"of the {name} as a whole"
        return f"the {name} says {_quoted(part)}"
    if part.value is None or part.value == "":
        return f"{name} is missing"
    if isinstance(part.value, bool):
        return f"{name} is {str(part.value).lower()}"
    if isinstance(part.value, str):
        return f"{name} is {part.value}"
    unit = getattr(dataset.features[part.feature], "unit", "")
    is_said = unit.lower() in name.lower().split()
    return f"{name} is {_with_unit(given(part.value), '' if is_said else unit)}"


def _quoted(part: Contribution) -> str:
    return f"'{part.word}'"


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _with_unit(amount: str, unit: str) -> str:
    return f"{amount}{unit}" if unit == "%" else f"{amount} {unit}".strip()


def amount(value: float, unit: str) -> str:
    """Write a number as it came, with its unit."""
    return _with_unit(given(value), unit)


def given(value: Any) -> str:
    """Write a number as it came, with up to six digits and no separators: it may be a year."""
    return number(value, digits=6) if abs(value) >= 10_000 else f"{value:.6g}"


def number(value: float, digits: int = 3) -> str:
    """Write a number with some significant digits and thousands separators."""
    size = abs(value)
    if size != 0 and not PLAIN[0] <= size < PLAIN[1]:
        return f"{value:.{digits}g}"
    if size == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(size))
    text = f"{round(value, places):,.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Write a probability; certainty is never claimed."""
    if share > 0.999:
        return "over 99.9%"
    if share < 0.001:
        return "under 0.1%"
    return f"{100 * share:.1f}%" if share < 0.01 or share > 0.99 else f"{100 * share:.0f}%"


def _signed(amount: float) -> str:
    return f"{'+' if amount > 0 else '-'}{number(abs(amount))}"


def _points(amount: float) -> str:
    size = number(abs(100 * amount), digits=2)
    return f"{'+' if amount > 0 else '-'}{size} {'point' if size == '1' else 'points'}"
