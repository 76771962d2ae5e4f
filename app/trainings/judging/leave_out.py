"""Single rows that a judgement hangs on: its figures without each, and without the worst together.

Leave-one-out of the figures, and exact: the predictions stay, so nothing is fitted again. Rows are
dropped greedily, since of two that hide each other neither alone would be noticed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from src.evaluation import bootstrap

MOST = 5  # rows that are dropped
SHARE = 20  # one in so many at most: without its worst rows any model looks good
SHORT = 2  # rows that are named where nothing helps

Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Judgement:
    """Rows that are judged by figures, each with a limit.

    `measure` takes positions of rows, shape (rows,); `distances` says how far each figure lies
    beyond its limit, below 0 within it, None where it is not defined. With `is_close` chance alone
    may decide, and a row counts only where it moves a figure by more than chance does.
    """

    count: int
    measure: Callable[[np.ndarray], Figures]
    distances: Callable[[Figures], Figures]
    is_close: bool = False

    def missed(self, figures: Figures) -> list[str]:
        """Name the figures that are beyond their limits, or not defined."""
        return [name for name, far in self.distances(figures).items() if far is None or far > 0]


@dataclass(frozen=True)
class Step:
    """A row that is left out after those before it, and the figures without all of them."""

    row: int
    before: Figures
    figures: Figures


def influential(judgement: Judgement, rows: Sequence[int], seed: int) -> list[Step]:
    """Return the rows without which nothing would be missed, or the two that move it most.

    `rows` may be dropped, the likeliest first. Where it is missed without them too, only those that
    move a figure by more than half its bootstrap interval without them. Empty where nothing is
    missed.
    """
    steps = _dropped(judgement, rows)
    if not steps:
        return []
    is_enough = not judgement.missed(steps[-1].figures)
    if is_enough and not judgement.is_close:
        return steps
    # Without all of them: chance seems to move a figure far as long as one of them is there.
    reach = _reach(judgement, [step.row for step in steps], seed)
    named = steps if is_enough else steps[:SHORT]
    return list(itertools.takewhile(lambda step: _moves(judgement, step, reach), named))


def _dropped(judgement: Judgement, rows: Sequence[int]) -> list[Step]:
    """Drop the row that helps most, again and again, until nothing is missed or no row helps."""
    kept, left = np.arange(judgement.count), list(rows)
    figures = judgement.measure(kept)
    missed = judgement.missed(figures)
    first = judgement.distances(figures)
    most = min(MOST, max(1, judgement.count // SHARE), judgement.count - 1)
    steps: list[Step] = []
    while judgement.missed(figures) and left and len(steps) < most:
        tried = [judgement.measure(kept[kept != row]) for row in left]
        far = [_remaining(judgement.distances(one), first, missed) for one in tried]
        best = int(np.argmin(far))
        if far[best] >= _remaining(judgement.distances(figures), first, missed):
            break
        row = left.pop(best)
        steps.append(Step(row, figures, tried[best]))
        kept, figures = kept[kept != row], tried[best]
    return steps


def _remaining(now: Figures, first: Figures, missed: Sequence[str]) -> float:
    """Add up what is left of the distances that were too great, each as a share of what it was."""
    return sum(_share(now[name], first[name]) for name in missed)


def _share(now: float | None, first: float | None) -> float:
    if now is None:
        return 1.0
    return 0.0 if first is None else now / first


def _reach(judgement: Judgement, without: Sequence[int], seed: int) -> dict[str, float]:
    """Return half the width of each distance's bootstrap interval without some rows."""
    kept = np.setdiff1d(np.arange(judgement.count), without)

    def compute(drawn: np.ndarray) -> Figures:
        return judgement.distances(judgement.measure(kept[drawn]))

    ends = bootstrap.interval(compute, len(kept), seed=seed)
    return {name: (high - low) / 2 for name, (low, high) in ends.items()}


def _moves(judgement: Judgement, step: Step, reach: Mapping[str, float]) -> bool:
    before, after = (judgement.distances(one) for one in (step.before, step.figures))
    return any(
        _change(before[name], after[name]) > reach.get(name, math.inf)
        for name in judgement.missed(step.before)
    )


def _change(before: float | None, after: float | None) -> float:
    if before is None or after is None:
        return 0.0
    return before - after
