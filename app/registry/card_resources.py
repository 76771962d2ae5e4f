"""The card of a version, as its training wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from app.http import media
from app.http.operation import Call, operation
from app.registry import store
from app.registry.datasets import hiding
from app.registry.services import DatasetResource
from src.card import markdown, schema
from src.card.schema import Card
from src.data.schema import Dataset
from src.support.errors import UserError
from src.support.structs import Checked

MARKDOWN = "text/markdown"


class CardQuery(Checked, frozen=True):
    """In which form a card is answered."""

    format: Literal["json", "markdown"] = "json"


class ModelCard(DatasetResource):
    """GET /v1/{dataset}/models/{version}/card."""

    path = "/v1/{dataset}/models/{version}/card"

    @operation(
        scope="predict",
        name="card",
        summary="The card of a version: what it is for, how good it is, and what it goes by",
        description="With format=markdown it is a file to keep or to print.",
        query=CardQuery,
        answer=Card,
        also_answers=(MARKDOWN,),
        refuses=("unknown_version", "no_card", "broken_bundle", "no_champion"),
        is_answer_stored=False,  # it repeats what the bundle keeps
    )
    def on_get(
        self, call: Call[CardQuery, None], dataset: Dataset, version: str
    ) -> dict[str, Any] | None:
        """Answer with the card; of a version that predates cards there is none."""
        registered = self.services.registry.named(dataset.name, version)
        call.exchange.version = registered.number
        var = self.services.settings.folder()
        path = registered.path(var)
        # Of the files and not of the database: a card names the commit, which makes no version.
        manifest = store.check(registered, var)
        if call.query.format == "markdown":
            text = self._markdown(path, manifest)
            if text is None:
                raise _absent(dataset, registered.number)
            name = f"{dataset.name}-{registered.number}-card.md"
            media.attach(call.response, f"{MARKDOWN}; charset=utf-8", name)
            call.response.data = text
            return None
        card = self._card(path, manifest)
        if card is None:
            raise _absent(dataset, registered.number)
        return card

    def _card(self, path: Path, manifest: dict[str, Any]) -> dict[str, Any] | None:
        card = schema.read(path, manifest)
        return None if card is None else hiding.card(card, self.services.redaction)

    def _markdown(self, path: Path, manifest: dict[str, Any]) -> bytes | None:
        """Return the card as it was written; anew where a field is not shown."""
        if not self.services.redaction.has_fields:
            return schema.read_markdown(path, manifest)
        card = self._card(path, manifest)
        return None if card is None else markdown.write(msgspec.convert(card, Card)).encode()


def _absent(dataset: Dataset, number: int) -> UserError:
    return UserError(
        f"Version {number} of '{dataset.name}' has no card: it was trained before there were any.",
        code="no_card",
        given=number,
        fix="train it again",
    )
