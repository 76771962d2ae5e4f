"""The card of a dataset's champion, laid beside the report."""

from __future__ import annotations

from pathlib import Path

from src.card import schema
from src.config import paths
from src.inference import bundle
from src.reporting.changes import Changes
from src.support import files
from src.support.errors import UserError


def copy(one: Changes, folder: Path) -> str | None:
    """Write the champion's card into a folder and return its name; None where there is none."""
    model = (one.verdict.after or {}).get("champion")
    if model is None:
        return None
    place = paths.BUNDLES / one.dataset.name / model
    try:
        text = schema.read_markdown(place, bundle.read_manifest(place))
    except UserError:  # a report without it is still one
        return None
    if text is None:
        return None
    name = f"{one.dataset.name}-card.md"
    files.write(folder / name, text)
    return name
