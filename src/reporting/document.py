"""The report of a retraining: for people, for programs and for git."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from src import metrics
from src.reporting import verdicts
from src.reporting.changes import Changes, Model
from src.reporting.drift import FAR, Drift
from src.tables import text

CHARTS = "### Charts"
MOST = 15  # columns of a drift's table
LINE = 72  # characters of a commit's first line that every tool shows
SPECIAL = re.compile(r"[\\`*|<\[\]]")  # what Markdown would take for its own
Pictures = Mapping[str, Mapping[str, str]]  # of each dataset: a file, and what it shows


class Markdown(str):
    """Text that is Markdown already; any other is shown as it is."""

    __slots__ = ()


def markdown(found: Sequence[Changes], commit: str | None, pictures: Pictures) -> str:
    """Write the report of all datasets."""
    word = verdicts.overall(one.verdict.word for one in found)
    against = f"commit `{commit[:10]}`" if commit else "nothing: there is no commit yet"
    rows = [
        [one.dataset.name, _bold(one.verdict.word), _champion(one), one.verdict.why]
        for one in found
    ]
    summary = _table(["dataset", "verdict", "champion", "why"], rows)
    head = [f"# Retraining: {word}", f"Compared with {against}.", summary]
    sections = [_section(one, pictures.get(one.dataset.name, {})) for one in found]
    return "\n\n".join([*head, *filter(None, sections)]) + "\n"


def values(found: Sequence[Changes], commit: str | None) -> dict[str, Any]:
    """Return what a program reads of it."""
    return {
        "verdict": verdicts.overall(one.verdict.word for one in found),
        "commit": commit,
        "datasets": {one.dataset.name: _values(one) for one in found},
    }


def message(found: Sequence[Changes]) -> str:
    """Return a commit's message: what changed in its first line, then the figures."""
    changed = [one for one in found if one.verdict.word != verdicts.UNCHANGED]
    words = ", ".join(f"{one.dataset.name} {one.verdict.word}" for one in changed)
    if len(f"retrain: {words}") > LINE:
        counts = Counter(one.verdict.word for one in changed)
        words = ", ".join(f"{count} {word}" for word, count in counts.items())
    parts = [
        f"{one.dataset.name}: {_champion(one)}\n{_rows_in_words(one)}\n{one.verdict.why}"
        for one in changed
    ]
    return "\n\n".join([f"retrain: {words}", *parts]) + "\n"


def without_charts(text: str) -> str:
    """Leave images out, for where a text goes without its files."""
    parts = [part for part in text.split("\n\n") if not part.startswith(("![", CHARTS))]
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


def _section(one: Changes, images: Mapping[str, str]) -> str:
    """Write of one dataset; nothing where nothing changed."""
    if one.verdict.word == verdicts.UNCHANGED:
        return ""
    parameters = _parameters(one.models)
    shown = [f"![{_cell(words)}](report/{file})" for file, words in images.items()]
    why = _cell(one.verdict.why)
    parts = [
        f"## {one.dataset.name}: {one.verdict.word}",
        f"{why[0].upper()}{why[1:]}.",
        "### Data",
        *_data(one),
        "### Models",
        _models(one),
        *(["### Configuration", parameters] if parameters else []),
        *([CHARTS, *shown] if shown else []),
    ]
    return "\n\n".join(parts)


def _data(one: Changes) -> list[str]:
    before, now = one.quality
    old: Mapping[str, Any] = before or {}
    names = {"read": "rows", "accepted": "accepted", "rejected": "rejected"}
    rows = [[words, old.get(name), now[name]] for words, name in names.items()]
    was, found = old.get("by_rule") or {}, now["by_rule"]
    rows += [
        [f"rejected: {rule}", was.get(rule, 0 if before else None), found.get(rule, 0)]
        for rule in dict.fromkeys([*was, *found])
    ]
    return [_table(["rows", "before", "now"], rows), *_drift(one.drift)]


def _rows_in_words(one: Changes) -> str:
    before, now = one.quality
    old = (before or {}).get("accepted")
    accepted = _change("none" if old is None else f"{old:,}", f"{now['accepted']:,}")
    return f"rows: {accepted} accepted, {now['rejected']:,} rejected"


def _drift(drift: Drift | None) -> list[str]:
    if drift is None:
        return [
            "The rows of before are neither in DVC's cache nor in a remote: which rows came, and "
            "how they differ, is not known. `dvc push` after a training keeps them."
        ]
    words = f"{len(drift.added):,} rows came and {drift.removed:,} went."
    if not drift.columns:
        few = " They are too few to tell whether a column moved." if len(drift.added) else ""
        return [f"{words}{few}"]
    far = [_cell(moved.name) for moved in drift.columns if moved.is_far]
    told = f"They lie elsewhere in {', '.join(far)}." if far else "They lie where the others do."
    rows = [
        [
            _bold(moved.name) if moved.is_far else moved.name,
            f"{moved.distance:.3f}",
            moved.before,
            moved.after,
        ]
        for moved in drift.columns[:MOST]
    ]
    table = _table(["column", "distance", "rows of before", "rows that came"], rows)
    note = (
        "Numbers: the median and the middle half. The distance is 0 where nothing moved and 1 "
        f"where nothing is in common; bold is more than {FAR:g} and more than chance explains."
    )
    return [f"{words} {told}", table, note]


def _models(one: Changes) -> str:
    known = [model for model in one.models if model.now]
    metric = next(iter(known[0].now["cv"])) if known and known[0].now else ""
    names = metrics.shown(known[0].now["test"]) if known and known[0].now else []
    rows = []
    for model in known:
        before, now = model.before or {}, model.now or {}
        is_champion = model.name == (one.verdict.after or {}).get("champion")
        cv = [_of(_of(figures, "cv"), metric).get("mean") for figures in (before, now)]
        tests = [[_of(figures, "test").get(name) for figures in (before, now)] for name in names]
        gate = f"refused: {model.refused}" if model.refused else "passed"
        name = _bold(model.name) if is_champion else model.name
        rows.append([name, _pair(*cv), *(_pair(*pair) for pair in tests), gate])
    return _table(["model", f"{metric} (cross-validated)", *names, "gate"], rows)


def _of(figures: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what stands under a key; nothing where another version had it otherwise."""
    found = figures.get(key)
    return found if isinstance(found, dict) else {}


def _pair(before: Any, now: Any) -> str:
    return _change(text(before), text(now))


def _change(before: str, now: str) -> str:
    return now if before == now else f"{before} \N{RIGHTWARDS ARROW} {now}"


def _parameters(models: Iterable[Model]) -> str:
    rows = [
        [model.name, key, text(before), text(now)]
        for model in models
        for key, before, now in model.parameters
    ]
    return _table(["model", "key", "before", "now"], rows) if rows else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table in Markdown; what a cell holds cannot end it."""
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [[_cell(name) for name in columns], ["---"] * len(columns), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bold(words: str) -> Markdown:
    return Markdown(f"**{_cell(words)}**")


def _cell(value: Any) -> str:
    """Write a value on one line, so that Markdown shows it as it is."""
    if isinstance(value, Markdown):
        return value
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return SPECIAL.sub(r"\\\g<0>", " ".join((f"{value:,}" if is_count else text(value)).split()))
