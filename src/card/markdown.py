"""A card as Markdown, for people and for a forge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from src.card import schema as fields
from src.card.schema import Card
from src.support.markdown import Markdown, bold, cell, table
from src.support.text_tables import text

MOST = 12  # points of an effect, and segments that are no worse than others
NONE = "none"
MINUS, PLUS_MINUS = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"
INDENT = "\N{NO-BREAK SPACE}" * 4


def write(card: Card) -> str:
    """Return the card as a page of Markdown."""
    parts = [
        f"# Model card: {cell(card.dataset)}, {cell(card.model)}",
        *_purpose(card.purpose),
        "## Data",
        *_data(card.data),
        "## Metrics",
        *_metrics(card),
        *_importance(card.importance),
        *_effects(card),
        *_calibration(card.calibration),
        *_curves(card.curves),
        "## Coverage",
        *_coverage(card),
        *_segments(card),
        "## What was looked for, and found",
        *_findings(card),
        *_decision(card.decision),
        "## Limits",
        *_limits(card.limits),
        "## Reproduce",
        *_reproduction(card.reproduction),
    ]
    return "\n\n".join(parts) + "\n"


def _purpose(purpose: fields.CardPurpose) -> list[str]:
    unit = f" in {purpose.unit}" if purpose.unit else ""
    about = f" ({purpose.target_about})" if purpose.target_about else ""
    says = f"It predicts {purpose.target}{about}{unit} of a {purpose.noun}."
    if purpose.classes:
        says += f" The classes are {', '.join(purpose.classes)}."
    if purpose.positive is not None:
        says += f" The positive one is {purpose.positive}."
    lead = [cell(f"{purpose.about}.")] if purpose.about else []
    return [*lead, cell(f"{says} It is judged by {purpose.metric}.")]


def _data(data: fields.CardData) -> list[str]:
    hashes = {"md5 of the file": data.md5, "sha256 of the rows": data.snapshot}
    rules = ", ".join(f"{name} {rows:,}" for name, rows in data.by_rule.items() if rows)
    groups = data.groups or {}
    rows: list[list[Any]] = [
        ["source", data.source or "labels"],
        *([name, Markdown(f"`{value}`")] for name, value in hashes.items() if value),
        ["rows read", data.read],
        ["rejected", f"{data.rejected:,} ({rules})" if rules else data.rejected],
        *([["without a target, skipped", data.unlabelled]] if data.unlabelled else []),
        ["learnt from", _with_groups(data.train, groups.get("train"))],
        ["held out", _with_groups(data.test, groups.get("test"))],
        ["split", data.split],
    ]
    return [table(["", "rows"], rows)]


def _with_groups(rows: int, groups: int | None) -> str:
    return f"{rows:,}" if groups is None else f"{rows:,} in {groups:,} groups"


def _metrics(card: Card) -> list[str]:
    rows = [
        [
            bold(one.name) if one.name == card.purpose.metric else one.name,
            one.value,
            _ends(one.low, one.high),
            "" if one.mean is None else f"{text(one.mean)} {PLUS_MINUS} {text(one.deviation)}",
            f"{one.about}; {'higher' if one.greater_is_better else 'lower'} is better",
        ]
        for one in card.metrics
    ]
    head = ["metric", "held-out rows", "95% interval", "cross-validation", ""]
    return [table(head, rows)]


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{text(low)} to {text(high)}"


def _importance(found: fields.CardImportance | None) -> list[str]:
    if found is None:
        return []
    rows: list[list[Any]] = []
    for cause in found.causes:
        rows.append([bold(cause.name), *_worse(cause)])
        rows += [[Markdown(INDENT + cell(part.name)), *_worse(part)] for part in cause.parts]
    note = (
        f"By how much {found.metric} gets worse (from {text(found.value)} on {found.rows:,} "
        f"held-out rows) where values are shuffled among the rows, in the mean of "
        f"{found.repeats} times. "
        "Features that tell the same are shuffled together; below them, each by itself."
        f"{_left_out(found.left_out)}"
    )
    return ["## Importance", cell(note), table(["by", f"{found.metric} worse by", ""], rows)]


def _left_out(count: int) -> str:
    if not count:
        return ""
    return (
        f" {count:,} more features, whose columns correlate less with its answers, were left out."
    )


def _worse(one: fields.CardCause | fields.CardPart) -> list[str]:
    return [_signed(one.worse), f"{PLUS_MINUS} {one.deviation:.2g}"]


def _signed(value: float) -> str:
    return text(value).replace("-", MINUS)


def _effects(card: Card) -> list[str]:
    if not card.effects:
        return []
    note = "How answers move with one feature, around their mean"
    note += ", accumulated over its values; of values without an order, the mean if all had it."
    parts = ["## Effects", note]
    for effect in card.effects:
        unit = f" in {effect.unit}" if effect.unit not in ("", effect.feature) else ""
        points: list[str] = effect.values or [text(value) for value in effect.at]
        shown = _some(len(points))
        head = [f"{effect.feature}{unit}", *(one.of for one in effect.series)]
        rows = [
            [points[at], *(_signed(float(f"{one.values[at]:.4g}")) for one in effect.series)]
            for at in shown
        ]
        parts.append(table(head, rows))
    return parts


def _some(count: int) -> list[int]:
    """Return the places of some points, evenly, the first and the last among them."""
    if count <= MOST:
        return list(range(count))
    return [round(at * (count - 1) / (MOST - 1)) for at in range(MOST)]


def _calibration(found: fields.CardCalibration | None) -> list[str]:
    if found is None:
        return []
    note = (
        f"How often what has a probability is so, of {found.of}; probabilities are off by "
        f"{found.error:.2%} in the mean of all rows."
    )
    return ["## Calibration", cell(note), _bins(found.bins, "probability")]


def _bins(bins: Iterable[fields.CardBin], what: str) -> str:
    rows = [
        [
            f"{text(one.low)} to {text(one.high)}",
            one.predicted,
            one.rows,
            f"{one.share:.1%}",
            f"{one.share_low:.1%} to {one.share_high:.1%}",
        ]
        for one in bins
    ]
    return table([what, "mean", "rows", "share", "95% interval"], rows)


def _curves(found: fields.CardCurves | None) -> list[str]:
    if found is None:
        return []
    head = ["## Telling classes apart"]
    if found.classes:
        rows = [[one.name, one.rows, one.roc_auc, one.average_precision] for one in found.classes]
        return [*head, table(["class", "rows", "ROC AUC", "average precision"], rows)]
    areas = {"ROC AUC": found.roc, "average precision": found.precision}
    rows_of_two = [[name, one.area] for name, one in areas.items() if one is not None]
    return [*head, table(["", "area"], rows_of_two)] if rows_of_two else []


def _coverage(card: Card) -> list[str]:
    found, is_of_classes = card.coverage, bool(card.purpose.classes)
    measured = "none" if found.measured is None else f"{found.measured:.2%}"
    between = ""
    if found.low is not None and found.high is not None:
        between = f" (95% interval {found.low:.2%} to {found.high:.2%})"
    what = "Sets of classes" if is_of_classes else "Ranges"
    size = (
        f"they have {text(found.width)} classes"
        if is_of_classes
        else " ".join(f"they are {text(found.width)} {card.purpose.unit} wide".split())
    )
    note = (
        f"{what} promise to hold {found.promised:.0%} of the truths, and held {measured} of the "
        f"held-out ones{between}; {size} in the mean."
    )
    parts = [cell(note)]
    if found.bins:
        parts.append(_bins(found.bins, "predicted"))
    if found.groups:
        rows = [
            [
                f"{one.feature} {one.value}",
                one.rows,
                bold(f"{one.share:.1%}") if one.is_short else f"{one.share:.1%}",
                f"{one.share_low:.1%} to {one.share_high:.1%}",
            ]
            for one in found.groups
        ]
        parts.append(table(["rows with", "rows", "held", "95% interval"], rows))
        parts.append("Bold is below the promise by more than chance explains.")
    return parts


def _segments(card: Card) -> list[str]:
    if not card.segments:
        return []
    worse = [one for one in card.segments if one.worse]
    note = (
        f"Of {len(card.segments)} kinds of rows these are worse than the others by more than "
        "chance explains."
        if worse
        else f"None of {len(card.segments)} kinds of rows is worse than the others by more than "
        "chance explains; the worst of them:"
    )
    rows = [
        [
            one.segment,
            one.rows,
            one.metric,
            f"{one.coverage:.1%}",
            f"{one.coverage_low:.1%} to {one.coverage_high:.1%}",
            ", ".join(one.worse),
        ]
        for one in worse or card.segments[:MOST]
    ]
    head = ["rows with", "rows", card.purpose.metric, "held", "95% interval", "worse"]
    return ["## Where it is worst", note, table(head, rows)]


def _findings(card: Card) -> list[str]:
    found = {one.rule for one in card.findings}
    rows = [
        [rule, about, bold("found") if rule in found else NONE]
        for rule, about in card.searched.items()
    ]
    says = [f"- {cell(one.says)}. What to do: {cell(one.do)}." for one in card.findings]
    return [table(["rule", "what", ""], rows), *(["\n".join(says)] if says else [])]


def _decision(found: fields.CardDecision | None) -> list[str]:
    if found is None:
        return []
    says = (
        f"It answers {found.positive} from a probability of {found.threshold:.3g} on: {found.by}."
    )
    if found.band is not None:
        says += f" Between {found.band[0]:.3g} and {found.band[1]:.3g} a person is to be asked."
    return ["## Decision", cell(" ".join([says, *(f"Take care: {one}." for one in found.notes)]))]


def _limits(found: fields.CardLimits) -> list[str]:
    says = [f"- {cell(one)}." for one in found.says]
    ranges = [
        [one.feature, f"{text(one.low)} to {text(one.high)} {one.unit}", one.missing]
        for one in found.ranges
    ]
    values = [[one.feature, f"{one.values} values", one.missing] for one in found.values]
    parts = ["\n".join(says)] if says else []
    if ranges or values:
        parts.append("It was learnt from these values, and knows nothing of others.")
        parts.append(table(["feature", "learnt from", "missing"], [*ranges, *values]))
    return parts or ["None were found."]


def _reproduction(found: fields.CardReproduction) -> list[str]:
    commit = found.commit or "no commit"
    dirty = ", with changes that were not committed" if found.dirty else ""
    rows: list[list[Any]] = [
        ["commit", Markdown(f"`{commit}`{dirty}")],
        *([["data, md5", Markdown(f"`{found.md5}`")]] if found.md5 else []),
        ["seed", str(found.seed)],
        ["folds", found.folds],
        *([name, version] for name, version in found.versions.items()),
    ]
    return [f"```\n{found.command}\n```", table(["", ""], rows)]
