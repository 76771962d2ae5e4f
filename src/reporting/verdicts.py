"""Judge whether a dataset's champion is better than that of the last commit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from src.config import paths
from src.data import prepared
from src.evaluation import metrics
from src.inference import bundle
from src.reporting.earlier import Earlier
from src.runs.comparison import Contest, contest, of_bundle
from src.support.errors import UserError

UNCHANGED, LEVEL, BETTER, WORSE, REFUSED = "unchanged", "level", "better", "worse", "gate failed"
WORDS = (UNCHANGED, LEVEL, BETTER, WORSE, REFUSED)  # the worst last


@dataclass(frozen=True)
class Verdict:
    """The verdict on one dataset, with its reason."""

    word: str
    why: str
    before: dict[str, Any] | None  # its entry in metrics/champions.json
    after: dict[str, Any] | None
    contest: Contest | None = None


def overall(words: Iterable[str]) -> str:
    """Return the overall verdict: the worst of several."""
    return max(words, key=WORDS.index, default=UNCHANGED)


def judge(
    dataset: str, earlier: Earlier, now: dict[str, Any], *, is_same: bool, seed: int
) -> Verdict:
    """Compare a dataset's new champion (`now`, its entry in champions.json) with the earlier one.

    Both predict the held-out rows that the earlier one has not seen. If its bundle is no longer
    available, their cross-validated figures are compared.
    """
    before = earlier.champion(dataset)
    if is_same:  # even if the gate failed: that was reported before
        return Verdict(UNCHANGED, "the figures are those of the last commit", before, now)
    if now["champion"] is None:
        return Verdict(REFUSED, "no run passes the gate: there is no champion", before, now)
    if before is None or before.get("champion") is None:
        return Verdict(BETTER, "there was no champion before", before, now)
    comparison = _contest(dataset, earlier, before["champion"], now["champion"], seed)
    if comparison is None:
        return _by_folds(before, now, "its bundle is neither in the cache nor in a remote")
    if comparison.result is None or comparison.result.difference is None:
        note = (
            comparison.note.rstrip(".")
            or f"{comparison.metric} is not defined on the held-out rows"
        )
        return _by_folds(before, now, note)
    return Verdict(*_by_contest(comparison), before, now, comparison)


def _contest(
    dataset: str, earlier: Earlier, champion: str, fresh: str, seed: int
) -> Contest | None:
    place = earlier.folder(paths.BUNDLES / dataset / champion)
    if place is None:
        return None
    ours = paths.BUNDLES / dataset / fresh
    test = prepared.load(paths.PREPARED / dataset).test
    try:
        manifest = bundle.read_manifest(place)
    except UserError as error:  # a bundle of another format
        return Contest(0, 0, "", None, error.what)
    return contest(of_bundle(ours, bundle.read_manifest(ours)), test, place, manifest, seed)


def _by_contest(comparison: Contest) -> tuple[str, str]:
    result = comparison.result
    assert result is not None
    figures = f"{comparison.metric} {result.ours:g} against {result.theirs:g}"
    words = f"{figures} of the earlier champion on the same {comparison.rows:,} held-out rows"
    if result.low is not None and result.high is not None:
        words += f" (better by {result.low:.3g} to {result.high:.3g}, 95%)"
    if result.is_better:
        return BETTER, f"better by more than chance explains: {words}"
    if comparison.is_worse:
        return WORSE, f"worse by more than chance explains: {words}"
    return LEVEL, f"no different by more than chance explains: {words}"


def _by_folds(before: dict[str, Any], now: dict[str, Any], note: str) -> Verdict:
    """Compare cross-validated means, taking the spread of the folds as chance."""
    metric, ours, theirs = now["metric"], now["cv"], before.get("cv")
    if before.get("metric") != metric:
        why = f"the metric was {before.get('metric')} and is {metric} now; {note}"
        return Verdict(LEVEL, f"not compared: {why}", before, now)
    if not _has_spread(ours) or not _has_spread(theirs):
        why = f"the last commit does not say how {metric} varied in cross-validation; {note}"
        return Verdict(LEVEL, f"not compared: {why}", before, now)
    gain = metrics.cost(metric, theirs["mean"]) - metrics.cost(metric, ours["mean"])
    chance = math.hypot(ours["std"], theirs["std"])
    word = LEVEL if abs(gain) <= chance else BETTER if gain > 0 else WORSE
    figures = f"{metric} {ours['mean']:g} +- {ours['std']:g} against {theirs['mean']:g}"
    why = f"{figures} +- {theirs['std']:g} in cross-validation, each on its own rows ({note})"
    return Verdict(word, why, before, now)


def _has_spread(cv: Any) -> TypeGuard[dict[str, float]]:
    """Tell whether a committed entry, perhaps by another version, has a mean and a spread."""
    return isinstance(cv, dict) and None not in (cv.get("mean"), cv.get("std"))
