"""The report of a retraining, for people, programs and git."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from src.data import findings
from src.evaluation import metrics
from src.reporting import verdicts
from src.reporting.changes import Changes, Model, part
from src.reporting.drift import FAR, Drift
from src.support.markdown import Markdown, bold, cell, table
from src.support.text_tables import text

CHARTS = "### Charts"
CARD = "[The champion's card]"
CUT = "The rest is in the workflow's artifact, `report.md`."
MOST = 15  # columns of a drift's table
LINE = 72  # characters of a commit's first line that every tool shows
Pictures = Mapping[str, Mapping[str, str]]  # of each dataset: a file, and what it shows


@dataclass(frozen=True)
class Report:
    """The results of a retraining; `others` describes what changed besides the figures."""

    datasets: Sequence[Changes]
    commit: str | None  # what it is compared with
    others: Sequence[str] = ()

    @property
    def word(self) -> str:
        """Return the overall verdict."""
        extra = [verdicts.LEVEL] if self.others else []
        return verdicts.overall([*(one.verdict.word for one in self.datasets), *extra])

    @property
    def changed(self) -> list[Changes]:
        """Return the changes of the datasets whose figures changed."""
        return [one for one in self.datasets if one.verdict.word != verdicts.UNCHANGED]


def markdown(
    report: Report, pictures: Pictures, cards: Mapping[str, str | None] | None = None
) -> str:
    """Write the report of all datasets; `cards` names the file of each champion's card."""
    commit = report.commit
    against = f"commit `{commit[:10]}`" if commit else "nothing: there is no commit yet"
    rows = [
        [one.dataset.name, bold(one.verdict.word), _champion(one), one.verdict.why]
        for one in report.datasets
    ]
    summary = table(["dataset", "verdict", "champion", "why"], rows)
    extra = [f"Besides the figures: {cell('; '.join(report.others))}."] if report.others else []
    head = [f"# Retraining: {report.word}", f"Compared with {against}.", summary, *extra]
    sections = [
        _section(one, pictures.get(one.dataset.name, {}), (cards or {}).get(one.dataset.name))
        for one in report.datasets
    ]
    return "\n\n".join([*head, *filter(None, sections)]) + "\n"


def values(report: Report) -> dict[str, Any]:
    """Return the report as plain values, for programs."""
    return {
        "verdict": report.word,
        "commit": report.commit,
        "others": list(report.others),
        "datasets": {one.dataset.name: _values(one) for one in report.datasets},
    }


def message(report: Report) -> str:
    """Return the commit message: a summary in the first line, then the figures."""
    changed = report.changed
    words = ", ".join(f"{one.dataset.name} {one.verdict.word}" for one in changed)
    if len(f"retrain: {words}") > LINE:
        counts = Counter(one.verdict.word for one in changed)
        words = ", ".join(f"{count} {word}" for word, count in counts.items())
    parts = [
        f"{one.dataset.name}: {_champion(one)}\n{_rows_in_words(one)}\n{one.verdict.why}"
        for one in changed
    ]
    first = f"retrain: {words or 'the same figures from other inputs'}"
    return "\n\n".join([first, *parts, *report.others]) + "\n"


def short(text: str, most: int) -> str:
    """Return a text without images, cut at a paragraph to the length that a forge accepts."""
    parts = without_charts(text).split("\n\n")
    left = most - len(CUT)
    kept: list[str] = []
    for paragraph in parts:
        left -= len(paragraph) + 2
        if left < 0:
            return "\n\n".join([*kept, CUT])
        kept.append(paragraph)
    return "\n\n".join(kept)


def without_charts(text: str) -> str:
    """Return a text without its images and cards, for places that do not have the files."""
    parts = [part for part in text.split("\n\n") if not part.startswith(("![", CHARTS, CARD))]
    return "\n\n".join(parts)


def _values(one: Changes) -> dict[str, Any]:
    verdict, drift = one.verdict, one.drift
    return {
        "verdict": verdict.word,
        "why": verdict.why,
        "champion": {"before": verdict.before, "now": verdict.after},
        "comparison": None if verdict.contest is None else verdict.contest.document(),
        "rows": {"before": one.quality[0], "now": one.quality[1]},
        "added": None if drift is None else len(drift.added),
        "removed": None if drift is None else drift.removed,
        "moved": [] if drift is None else [moved.name for moved in drift.columns if moved.is_far],
        "refused": {model.name: model.refused for model in one.models if model.refused},
        "findings": {
            "rows": one.quality[1].get("findings", []),
            "models": {model.name: model.now.get("findings", []) for model in one.models},
        },
    }


def _champion(one: Changes) -> str:
    return _change(_named(one.verdict.before), _named(one.verdict.after))


def _named(entry: Mapping[str, Any] | None) -> str:
    if entry is None or entry.get("champion") is None:
        return "none"
    cv = entry.get("cv")  # of another version, it may be anything
    mean = cv.get("mean") if isinstance(cv, dict) else None
    figure = "" if mean is None else f", {entry.get('metric')} {text(mean)}"
    return f"{entry['champion']}{figure}"


def _section(one: Changes, images: Mapping[str, str], card: str | None) -> str:
    """Write the section of one dataset; empty if nothing changed."""
    if one.verdict.word == verdicts.UNCHANGED:
        return ""
    parameters = _parameters(one.models)
    shown = [f"![{cell(words)}](report/{file})" for file, words in images.items()]
    why = cell(one.verdict.why)
    parts = [
        f"## {one.dataset.name}: {one.verdict.word}",
        f"{why[0].upper()}{why[1:]}.",
        *([f"{CARD}(report/{card})"] if card else []),
        "### Data",
        *_data(one),
        "### Models",
        _models(one),
        *_found(one),
        *(["### Configuration", parameters] if parameters else []),
        *([CHARTS, *shown] if shown else []),
    ]
    return "\n\n".join(parts)


def _data(one: Changes) -> list[str]:
    before, now = one.quality
    old: Mapping[str, Any] = before or {}
    names = {"read": "rows", "accepted": "accepted", "rejected": "rejected"}
    rows = [[words, old.get(name), now[name]] for words, name in names.items()]
    # What there is none of is left out of the counts.
    skipped = [of.get("unlabelled", 0) for of in (old, now)]
    if any(skipped):
        rows.append(["without a target, skipped", skipped[0] if before else None, skipped[1]])
    old_rules, new_rules = old.get("by_rule") or {}, now["by_rule"]
    rows += [
        [f"rejected: {rule}", old_rules.get(rule, 0 if before else None), new_rules.get(rule, 0)]
        for rule in dict.fromkeys([*old_rules, *new_rules])
    ]
    return [table(["rows", "before", "now"], rows), *_drift(one.drift)]


def _rows_in_words(one: Changes) -> str:
    before, now = one.quality
    old = (before or {}).get("accepted")
    accepted = _change("none" if old is None else f"{old:,}", f"{now['accepted']:,}")
    skipped = now.get("unlabelled", 0)
    unlabelled = f", {skipped:,} without a target" if skipped else ""
    return f"rows: {accepted} accepted, {now['rejected']:,} rejected{unlabelled}"


def _drift(drift: Drift | None) -> list[str]:
    if drift is None:
        return [
            "The previous rows are neither in DVC's cache nor in a remote, so it is unknown which "
            "rows are new and how they differ. `dvc push` after a training keeps them."
        ]
    words = f"{len(drift.added):,} rows were added and {drift.removed:,} removed."
    if not drift.columns:
        few = " They are too few to tell whether a column changed." if len(drift.added) else ""
        return [f"{words}{few}"]
    far = [cell(moved.name) for moved in drift.columns if moved.is_far]
    summary = f"They differ in {', '.join(far)}." if far else "They do not differ from the others."
    rows = [
        [
            bold(moved.name) if moved.is_far else moved.name,
            f"{moved.distance:.3f}",
            moved.before,
            moved.after,
        ]
        for moved in drift.columns[:MOST]
    ]
    moved_table = table(["column", "distance", "previous rows", "new rows"], rows)
    note = (
        "Numbers: the median and the middle half. The distance is 0 for equal distributions and 1 "
        f"for ones with nothing in common; bold is above {FAR:g} and more than chance explains."
    )
    return [f"{words} {summary}", moved_table, note]


def _models(one: Changes) -> str:
    if not one.models:
        return "No model is tracked."
    now = one.models[0].now
    metric, names = next(iter(now["cv"])), metrics.shown(now["test"])
    rows = []
    for model in one.models:
        pair = (model.before or {}, model.now)
        is_champion = model.name == (one.verdict.after or {}).get("champion")
        cv = [part(part(figures, "cv"), metric).get("mean") for figures in pair]
        tests = [[part(figures, "test").get(name) for figures in pair] for name in names]
        gate = f"refused: {model.refused}" if model.refused else "passed"
        name = bold(model.name) if is_champion else model.name
        rows.append([name, _pair(*cv), *(_pair(*two) for two in tests), gate])
    return table(["model", f"{metric} (cross-validated)", *names, "gate"], rows)


def _found(one: Changes) -> list[str]:
    """Write what was found of the rows and the models now, and whether it was before."""
    before, now = one.quality
    old = findings.table(
        _by_origin(before or {}, [(model.name, model.before) for model in one.models])
    )
    new = findings.table(_by_origin(now, [(model.name, model.now) for model in one.models]))
    known = {tuple(row[1:]) for row in old}
    rows = [[*row, "known" if tuple(row[1:]) in known else Markdown("**new**")] for row in new]
    return ["### What was found", table([*findings.HEAD, ""], rows)] if rows else []


def _by_origin(
    quality: Mapping[str, Any], models: Iterable[tuple[str, Mapping[str, Any] | None]]
) -> list[tuple[str, Any]]:
    of_models = [(name, (figures or {}).get("findings")) for name, figures in models]
    return [(findings.ROWS, quality.get("findings")), *of_models]


def _pair(before: Any, now: Any) -> str:
    return _change(text(before), text(now))


def _change(before: str, now: str) -> str:
    return now if before == now else f"{before} \N{RIGHTWARDS ARROW} {now}"


def _parameters(models: Iterable[Model]) -> str:
    """Write what changed in the configuration; equal changes of several models are merged."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for model in models:
        for key, before, now in model.parameters:
            alike.setdefault((key, text(before), text(now)), []).append(model.name)
    rows = [[", ".join(names), *changed] for changed, names in alike.items()]
    return table(["models", "key", "before", "now"], rows) if rows else ""
