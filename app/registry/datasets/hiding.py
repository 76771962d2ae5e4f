"""What is shown of a dataset's rows and of its versions, without the fields of LAPIDARY_REDACT.

The files of the pipeline and of a bundle are as they were made; what is sent of them is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from app.store.redaction import HIDDEN, Redaction
from src.data.findings import Finding

Document = dict[str, Any]
TOLD = ("name", "role", "type", "optional", "rows", "missing", "distinct", "ordered")
NOTHING: Document = {"numbers": None, "bins": None}


def rows(rows: Iterable[Mapping[str, Any]], target: str, redaction: Redaction) -> list[Document]:
    """Return rows, each with its record as far as it is shown.

    There are none where the target is not: a prediction and what its error costs tell it.
    """
    if redaction.hides(target):
        return []
    return [{**row, "record": redaction.record(row["record"])} for row in rows]


def points(points: list[Any], target: str, redaction: Redaction) -> list[Any]:
    """Return true and predicted targets; none where the target is not shown."""
    return [] if redaction.hides(target) else points


def segments(segments: Sequence[Document], redaction: Redaction) -> list[Any]:
    """Return segments of rows but for those that tell a value that is not shown."""
    return [one for one in segments if not any(map(redaction.hides, one["by"]))]


def findings(found: list[Finding] | None, redaction: Redaction) -> list[Finding] | None:
    """Return findings; of a field that is not shown it is said that there is one, and no more."""
    if found is None:
        return None
    return [
        msgspec.structs.replace(one, says=f"{', '.join(one.columns)}: {HIDDEN}")
        if any(map(redaction.hides, one.columns))
        else one
        for one in found
    ]


def profile(document: Document, redaction: Redaction) -> Document:
    """Return a profile; of a column that is not shown it counts the rows, and no more."""
    names = [column["name"] for column in document["columns"]]
    hidden = [redaction.hides(name) for name in names]
    if not any(hidden):
        return document
    is_target = redaction.hides(document["target"])
    return {
        **document,
        "sample": [
            [HIDDEN if is_secret else cell for cell, is_secret in zip(row, hidden, strict=True)]
            for row in document["sample"]
        ],
        "columns": [_column(one, redaction, is_target) for one in document["columns"]],
        "correlations": _correlations(document["correlations"], redaction),
        "findings": _plain_findings(document.get("findings", []), redaction),
    }


def card(document: Document, redaction: Redaction) -> Document:
    """Return a card without how answers move with a field that is not shown, and what it was."""
    limits, coverage = document["limits"], document["coverage"]
    named = [one["feature"] for one in (*limits["ranges"], *limits["values"])]
    hidden = [name for name in named if redaction.hides(name)]
    target = document["purpose"]["target"]
    if not hidden and not redaction.hides(target):
        return document
    return {
        **document,
        "effects": _of_others(document["effects"], redaction),
        "coverage": {**coverage, "groups": _of_others(coverage["groups"], redaction)},
        "points": points(document["points"], target, redaction),
        "segments": segments(document["segments"], redaction),
        "findings": _plain_findings(document["findings"], redaction),
        "limits": {
            **limits,
            "says": [says for says in limits["says"] if not any(name in says for name in hidden)],
            "ranges": _of_others(limits["ranges"], redaction),
            "values": _of_others(limits["values"], redaction),
        },
    }


def _of_others(parts: Sequence[Document], redaction: Redaction) -> list[Document]:
    return [one for one in parts if not redaction.hides(one["feature"])]


def _plain_findings(found: Any, redaction: Redaction) -> Any:
    kept = findings(msgspec.convert(found, list[Finding]), redaction)
    return msgspec.to_builtins(kept)


def _column(column: Document, redaction: Redaction, is_target: bool) -> Document:
    """Return a column of a profile; without what tells it from the target, where that is hidden."""
    shown = column
    if redaction.hides(column["name"]):
        shown = {name: column[name] for name in TOLD if name in column}
        if "values" in column:
            shown |= {"values": [], "others": {"values": 0, "rows": 0}}
        elif "lengths" in column:
            shown |= {"lengths": {"characters": NOTHING, "words": NOTHING}}
        else:
            shown |= NOTHING
    elif not is_target:
        return column
    beside: Document = {"against_target": None, "telling": []}
    return {**shown, **{name: value for name, value in beside.items() if name in column}}


def _correlations(found: Document | None, redaction: Redaction) -> Document | None:
    if found is None:
        return None
    kept = [at for at, name in enumerate(found["columns"]) if not redaction.hides(name)]
    return {
        **found,
        "columns": [found["columns"][at] for at in kept],
        "values": [[found["values"][row][at] for at in kept] for row in kept],
    }
