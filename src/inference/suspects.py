"""Training rows of a bundle whose true value a person should look at.

{"total": number of rows to learn from, "rows": [row, ...]}; a row is {"row": its line or position,
"record": {...}, "actual": ..., "predicted": ..., "surprise": how strongly it is denied}, for
classes also the "probability" of the predicted class, and of the "truth".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from src.inference import bundle

NAME = "suspects.json"
MOST_BYTES = 500_000


def build(total: int, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the rows that come first, fewer where their texts are long."""
    kept, size = [], 0
    for row in rows:
        size += len(_written(row))
        if size > MOST_BYTES:
            break
        kept.append(row)
    return _written({"total": total, "rows": kept})


def read(path: Path, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the rows of a bundle to look at; None if nobody looked for them.

    Raises UserError if the file is not the one that was trained.
    """
    if NAME not in manifest["files"]:
        return None
    document: dict[str, Any] = json.loads(bundle.verified(path, NAME, manifest))
    return document


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
