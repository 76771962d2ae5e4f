"""What scored rows came to, in words: how many, their warnings, and answers beside the training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from src.scoring.learnt import BINS, Learnt
from src.scoring.receipts import Told
from src.scoring.version import Version

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST = 10  # features, or classes


def lines(version: Version, told: Told, written: Path) -> Iterator[str]:
    """Yield the sentences."""
    model = version.manifest["model"]
    scored = told.rows - told.refused
    refused = f", {told.refused:,} refused" if told.refused else ""
    yield (
        f"{written}: {told.rows:,} rows of {version.dataset.name}, {scored:,} scored by {model} "
        f"({version.seal[:12]}){refused}"
    )
    if told.warned:
        yield f"  warnings: {_counted(told.warned)}"
    if told.outside:
        yield f"  most often of: {_counted(told.outside)}"
    if scored:
        yield from _distribution(version, told, scored)


def _counted(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered[:MOST])


def _distribution(version: Version, told: Told, scored: int) -> Iterator[str]:
    learnt, target = Learnt.of(version), version.dataset.target.name
    if learnt.classes:
        total = sum(learnt.classes.values())
        order = sorted(learnt.classes, key=lambda name: (-learnt.classes[name], name))[:MOST]
        shares = ", ".join(
            f"{name} {told.answers.get(name, 0) / scored:.1%} ({learnt.classes[name] / total:.1%})"
            for name in order
        )
        yield f"  {target} (in the training rows): {shares}"
        return
    found = quantiles(told, learnt)
    shown = ", ".join(
        f"{share:.0%} {value:.4g} ({learnt.quantile(share):.4g})"
        for share, value in zip(SHARES, found, strict=True)
    )
    yield f"  quantiles of {target} (in the training rows), about: {shown}"
    ends = f"{learnt.edges[0]:.6g} to {learnt.edges[-1]:.6g}"
    yield f"  from {told.least:.6g} to {told.most:.6g} ({ends})"


def quantiles(told: Told, learnt: Learnt) -> list[float]:
    """Estimate quantiles of the answers by their counts in bins of the training's values."""
    assert told.least is not None
    assert told.most is not None
    counts = np.array([told.answers.get(str(at), 0) for at in range(BINS + 2)])
    ends = np.concatenate([[told.least], learnt.edges, [told.most]])
    ends = np.maximum.accumulate(np.clip(ends, told.least, told.most))
    shares = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    # The first bin ends where the training's values begin.
    return [float(np.interp(share, shares, ends)) for share in SHARES]
