"""Put into records what they do not say of their past, and tell where each window came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import msgspec

from app.records.invalid import Invalid
from app.records.records import MOST_FAULTS, Decoded
from app.registry.loaded import LoadedVersion
from src.inference.past import Past
from src.support.errors import Fault, UserError

NAME = "past"  # of an answer
REQUEST, BUNDLE = "request", "bundle"  # where it is from
Record = tuple[Any, ...]
Origins = list[dict[str, Any]]  # of each record, by the window's name


@dataclass(frozen=True)
class Looked:
    """Records with their past and where it is from, and by its place what is wrong with others."""

    values: list[Record]
    origins: Origins
    faults: dict[int, Fault]


def completed(serving: LoadedVersion, decoded: Decoded) -> tuple[Decoded, Origins]:
    """Return records of JSON with their past, and where it is from; as they are without windows.

    What a record says itself stands, null too. Raises Invalid where a window is neither in the
    record nor in what the version keeps.
    """
    if serving.past is None:
        return decoded, []
    looked = look(serving, decoded.values, decoded.unsaid)
    if looked.faults:
        faults = [
            msgspec.structs.replace(fault, record=at if decoded.many else None)
            for at, fault in islice(looked.faults.items(), MOST_FAULTS)
        ]
        raise Invalid(faults, serving.dataset.name, code="past_unknown")
    return replace(decoded, values=looked.values), looked.origins


def look(
    serving: LoadedVersion, records: Sequence[Record], unsaid: Sequence[tuple[int, ...]]
) -> Looked:
    """Look up the windows that each record does not speak of, by their places in it."""
    assert serving.past is not None
    looked = Looked([], [], {})
    for at, (record, places) in enumerate(zip(records, unsaid, strict=True)):
        origin: dict[str, Any] = {}
        try:
            values = _completed(serving, serving.past, record, places, origin)
        except _UnknownError as error:
            looked.faults[at] = error.fault
        else:
            looked.values.append(values)
            looked.origins.append(origin)
    return looked


class _UnknownError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def _completed(
    serving: LoadedVersion,
    past: Past,
    record: Record,
    unsaid: tuple[int, ...],
    origin: dict[str, Any],
) -> Record:
    values = list(record)
    for at in serving.records.past:
        name = serving.records.names[at]
        if at not in unsaid:
            origin[name] = {"from": REQUEST}
            continue
        try:
            values[at] = past.value(name, record)
        except UserError as error:
            fault = Fault(
                error.what, field=name, given=error.given, allowed=error.choices, fix=error.fix
            )
            raise _UnknownError(fault) from None
        origin[name] = {"from": BUNDLE, "value": values[at], "until": past.until(record)}
    return tuple(values)
