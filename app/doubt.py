"""How unsure a version was of an answer, and which truths would therefore teach most."""

from __future__ import annotations

from typing import Any

import msgspec

from app.redaction import HIDDEN
from src.data.schema import Dataset

TOLD = ("interval", "probability", "probabilities")  # of an answer, beside its target
MEASURES = {
    "regression": "the interval's width, divided by that width and the predicted size together",
    "binary": "1 less the difference of both probabilities",
    "multiclass": "1 less the difference of the two greatest probabilities",
}


def unsure(answer: dict[str, Any], known: Dataset) -> float | None:
    """Return from 0 (sure) to 1 how unsure an answer is; None where it does not say.

    Of classes by how near the second likeliest comes to the first. A number's interval is seen
    against the number: twenty more or less is much of a hundred and nothing of a million.
    """
    if known.task != "regression":
        chances = sorted(answer.get("probabilities", {}).values())
        return 1 - (chances[-1] - chances[-2]) if len(chances) > 1 else None
    interval, value = answer.get("interval", {}), answer.get(known.target.name)
    if not isinstance(value, int | float) or "low" not in interval:
        return None
    width = interval["high"] - interval["low"]
    return width / (width + abs(value)) if width > 0 else 0.0


def ranked(rows: list[dict[str, Any]], known: Dataset, limit: int) -> list[dict[str, Any]]:
    """Return the predictions without a label that were least sure, each record once.

    Rows come with the newest first. A record whose truth is known from another prediction, or that
    is not stored whole, is left out.
    """
    decoded = [(row, msgspec.json.decode(bytes(row["record"]))) for row in rows]
    seen = {_key(record) for row, record in decoded if row["is_labelled"]}
    found = []
    for row, record in decoded:
        key = _key(record)
        answer = msgspec.json.decode(bytes(row["answer"]))
        doubt = unsure(answer, known)
        if key in seen or doubt is None or HIDDEN in record.values():
            continue
        seen.add(key)
        found.append((doubt, row, record, answer))
    found.sort(key=lambda one: -one[0])  # of equals the newest comes first
    return [
        {
            "id": row["id"],
            "at": row["at"],
            "version": row["version"],
            "unsure": round(doubt, 4),
            "record": record,
            "answer": {name: answer[name] for name in (known.target.name, *TOLD) if name in answer},
        }
        for doubt, row, record, answer in found[:limit]
    ]


def _key(record: dict[str, Any]) -> frozenset[tuple[str, Any]]:
    """Return what equal records have alike, however they were written."""
    return frozenset((name, value) for name, value in record.items() if value is not None)
