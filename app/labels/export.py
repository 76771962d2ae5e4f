"""Labels as they are told: one as JSON, many as the rows of a file that can be posted again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from app.records import spreadsheet
from src.data.schema import Dataset
from src.support import files

# What a CSV says of a label beside its record; these columns are ignored when it is posted.
BESIDE = ("label_id", "label_at", "label_source", "label_prediction")

# What a label is told by, beside its target.
RESERVED = ("at", "deleted", "id", "prediction", "record", "source", "upload")


def shown(row: dict[str, Any], known: Dataset) -> dict[str, Any]:
    """Return a label as it is told."""
    document = {
        "id": row["id"],
        "at": row["at"],
        "source": row["source"],
        "record": msgspec.Raw(bytes(row["record"])),
        known.target.name: typed(row["value"], known),
        "upload": row["upload"],
    }
    if row["prediction"] is not None:
        document["prediction"] = {
            "id": row["prediction"],
            "at": row["predicted_at"],
            "version": row["version"],
        }
    if row["deleted"] is not None:
        document["deleted"] = {"at": row["deleted"], "by": row["deleted_by"]}
    return document


def typed(value: str, known: Dataset) -> Any:
    """Return a target as JSON has it: numbers, and the classes as the dataset lists them."""
    if known.task == "regression":
        with suppress(ValueError):  # it may be a class of a dataset that was told otherwise then
            return float(value)
    listed = {str(one): one for one in known.target.values or ()}
    return listed.get(value, value)


def csv_rows(rows: list[dict[str, Any]], known: Dataset, *, is_first: bool) -> bytes:
    """Write rows as a CSV, the first ones under a header.

    Records stand there as they are, for they can be posted again: a text that a spreadsheet takes
    for a formula, too. What is ignored when it is posted is defused.
    """
    names = list(known.features)
    lines: list[list[Any]] = [[*names, known.target.name, *BESIDE]] if is_first else []
    missing = "" if "" in known.missing else next(iter(known.missing), "")
    for row in rows:
        record = msgspec.json.decode(bytes(row["record"]))
        cells = [missing if record.get(name) is None else record[name] for name in names]
        beside = (row["id"], row["at"], spreadsheet.cell(row["source"]), row["prediction"] or "")
        lines.append([*cells, row["value"], *beside])
    return files.csv_text(lines, known.separator).encode()


def ndjson_rows(rows: list[dict[str, Any]], known: Dataset, *, is_first: bool) -> bytes:
    """Write rows as they can be posted again, a JSON object a line."""
    del is_first  # there is no header
    lines = []
    for row in rows:
        record = msgspec.json.decode(bytes(row["record"]))
        lines.append({**record, known.target.name: typed(row["value"], known)})
    return msgspec.json.Encoder().encode_lines(lines)
