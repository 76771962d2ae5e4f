"""How unsure a version was of an answer, and which truths would therefore teach most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from app.records.clipping import clipped
from app.store.redaction import HIDDEN
from src.data.schema import Dataset

TOLD = ("interval", "probability", "probabilities")  # of an answer, beside its target
MEASURES = {
    "regression": "the interval's width, divided by that width and the predicted size together",
    "binary": "1 less the difference of both probabilities",
    "multiclass": "1 less the difference of the two greatest probabilities",
}
PIECE = 20  # records that are read at once

Fetch = Callable[[list[str]], dict[str, bytes]]  # ids -> the records as they are stored


@dataclass(frozen=True)
class Doubt:
    """A prediction that nobody labelled, and how unsure it was."""

    id: str
    at: str
    version: int
    unsure: float
    answer: dict[str, Any]


@dataclass(frozen=True)
class Looked:
    """What predictions say without their records."""

    looked_at: int
    labelled: list[str]
    doubts: list[Doubt]  # the least sure first


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


def look(rows: Iterable[dict[str, Any]], known: Dataset) -> Looked:
    """Look through predictions, the newest first; of their answers only what is told is kept."""
    looked_at, labelled, found = 0, [], []
    for row in rows:
        looked_at += 1
        if row["is_labelled"]:
            labelled.append(row["id"])
            continue
        answer = msgspec.json.decode(bytes(row["answer"]))
        doubt = unsure(answer, known)
        if doubt is not None:
            told = {name: answer[name] for name in (known.target.name, *TOLD) if name in answer}
            found.append(Doubt(row["id"], row["at"], row["version"], doubt, told))
    found.sort(key=lambda one: -one.unsure)  # of equals the newest comes first
    return Looked(looked_at, labelled, found)


def worth(looked: Looked, fetch: Fetch, limit: int) -> list[dict[str, Any]]:
    """Return the predictions without a label that were least sure, each record once.

    A record whose truth is known from another prediction, or that is not stored whole, is left out.
    Records are long, maybe: only a few are there at once, and those that came are known by hashes.
    """
    told: list[dict[str, Any]] = []
    if not looked.doubts:
        return told
    seen = {_key(record) for _, record in _records(looked.labelled, fetch)}
    doubts = {one.id: one for one in looked.doubts}
    for number, record in _records(list(doubts), fetch):
        key = _key(record)
        if key in seen or HIDDEN in record.values():
            continue
        seen.add(key)
        one = doubts[number]
        told.append(
            {
                "id": number,
                "at": one.at,
                "version": one.version,
                "unsure": round(one.unsure, 4),
                "record": clipped(record),
                "answer": one.answer,
            }
        )
        if len(told) == limit:
            break
    return told


def _records(numbers: list[str], fetch: Fetch) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the records of predictions in their order, but for those that are gone meanwhile."""
    for start in range(0, len(numbers), PIECE):
        piece = numbers[start : start + PIECE]
        found = fetch(piece)
        for number in piece:
            if number in found:
                yield number, msgspec.json.decode(found.pop(number))


def _key(record: dict[str, Any]) -> int:
    """Return a hash of what equal records have alike, however they were written."""
    return hash(frozenset((name, value) for name, value in record.items() if value is not None))
