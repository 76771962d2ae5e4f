"""What is in a dataset's rows, as the pipeline counted it, in the words that conf/ has now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.http.operation import Call, operation
from app.http.paging import Limit, Line, Number
from app.registry.datasets import hiding
from app.registry.datasets.profile import DatasetProfile
from app.registry.registry import TO_DO
from app.registry.services import DatasetResource, Services
from src.config import paths
from src.data.schema import Dataset
from src.support import files
from src.support.errors import UserError
from src.support.structs import Checked


class ProfileQuery(Checked, frozen=True):
    """Which features are described beside the target: all, unless a page of them is asked for."""

    search: Annotated[
        Line | None, Meta(description="features with this in their names, in any case")
    ] = None
    cursor: Annotated[Number | None, Meta(description="next, from the page before")] = None
    limit: Annotated[
        Limit | None,
        Meta(description="features of a page; LAPIDARY_PAGE where a page is asked for"),
    ] = None


class Profile(DatasetResource):
    """GET /v1/{dataset}/profile."""

    path = "/v1/{dataset}/profile"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._read: dict[Path, tuple[Any, dict[str, Any]]] = {}  # with the file's signature

    @operation(
        scope="predict",
        name="profile",
        summary="What is in its rows: statistics, distributions, relations, and what was rejected",
        description="Of very many features a page at a time: the target, the features of the page, "
        "and of the first rows these columns.",
        query=ProfileQuery,
        answer=DatasetProfile,
        refuses=("no_profile", "no_champion", "profile_unreadable"),
        is_answer_stored=False,  # it repeats what the pipeline keeps
    )
    def on_get(self, call: Call[ProfileQuery, None], dataset: Dataset) -> dict[str, Any]:
        """Answer with the profile; it is read again when the pipeline wrote another one."""
        document = self._profile(dataset.name)
        if call.query != ProfileQuery():
            document = _page(document, call.query, call.query.limit or self.services.settings.page)
        shown = hiding.profile(document, self.services.redaction)
        return _with_words(shown, dataset)

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


def _page(document: dict[str, Any], query: ProfileQuery, limit: int) -> dict[str, Any]:
    """Return a profile of the target and a page of the features that match."""
    columns, word = document["columns"], (query.search or "").casefold()
    features = [at for at, column in enumerate(columns) if column["role"] == "feature"]
    matching = [at for at in features if word in columns[at]["name"].casefold()]
    first = query.cursor or 1
    end = first - 1 + limit
    kept = sorted({*range(len(columns))} - {*features} | {*matching[first - 1 : end]})
    return {
        **document,
        "sample": [[row[at] for at in kept] for row in document["sample"]],
        "columns": [columns[at] for at in kept],
        "page": {
            "features": len(features),
            "matching": len(matching),
            "next": end + 1 if end < len(matching) else None,
        },
    }


def _with_words(profile: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Add what the dataset's YAML says of each column, which the figures do not depend on."""
    described = {**dataset.features, dataset.target.name: dataset.target}
    columns = [
        {
            **column,
            "about": getattr(described.get(column["name"]), "about", ""),
            "unit": getattr(described.get(column["name"]), "unit", ""),
        }
        for column in profile["columns"]
    ]
    return {**profile, "about": dataset.about, "noun": dataset.noun, "columns": columns}
