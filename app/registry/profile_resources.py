"""What is in a dataset's rows, as the pipeline counted it, in the words that conf/ has now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import falcon
import msgspec

from app.auth import guard
from app.http import media
from app.registry.registry import TO_DO, Registry
from src.config import paths
from src.data.schema import Dataset
from src.support import files
from src.support.errors import UserError


class Profile:
    """GET /v1/{dataset}/profile."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._read: dict[Path, tuple[Any, dict[str, Any]]] = {}  # with the file's signature

    def on_get(self, request: falcon.Request, response: falcon.Response, dataset: str) -> None:
        """Answer with the profile; it is read again when the pipeline wrote another one."""
        exchange = guard.allowed(request, "predict")
        media.query(request, media.NoQuery)
        known = self._registry.dataset(dataset)
        exchange.dataset = dataset
        exchange.is_answer_stored = False  # it repeats what the pipeline keeps
        media.answer(response, _in_words(self._profile(dataset), known))

    def _profile(self, dataset: str) -> dict[str, Any]:
        path = paths.profile(dataset)
        try:
            with path.open("rb") as file:
                # Of the file that is open, and not of one that takes its place meanwhile.
                signature = files.signature(file.fileno())
                kept = self._read.get(path)
                if kept is None or kept[0] != signature:
                    kept = signature, msgspec.json.decode(file.read(), type=dict[str, Any])
                    self._read[path] = kept
                return kept[1]
        except FileNotFoundError:
            what = f"'{dataset}' has no profile yet."
            raise UserError(what, code="no_profile", given=dataset, fix=TO_DO) from None
        except (OSError, msgspec.MsgspecError):
            what = f"The profile of '{dataset}' cannot be read."
            raise UserError(what, code="profile_unreadable", fix=TO_DO) from None


def _in_words(profile: dict[str, Any], known: Dataset) -> dict[str, Any]:
    """Add what the dataset's YAML says of each column, which the figures do not depend on."""
    described = {**known.features, known.target.name: known.target}
    columns = [
        {
            **column,
            "about": getattr(described.get(column["name"]), "about", ""),
            "unit": getattr(described.get(column["name"]), "unit", ""),
        }
        for column in profile["columns"]
    ]
    return {**profile, "about": known.about, "noun": known.noun, "columns": columns}
