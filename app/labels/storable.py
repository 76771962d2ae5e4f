"""What may be a label: nothing of it may be among what is never to be stored."""

from __future__ import annotations

from collections.abc import Sequence

from app.labels.export import RESERVED
from src.data.schema import Dataset
from src.support.errors import UserError


def check_storable(known: Dataset, redact: Sequence[str]) -> None:
    """Raise UserError where labels would store what is never to be, or could not be told."""
    if known.target.name in RESERVED:
        raise UserError(
            f"'{known.name}' takes no labels: a label has a '{known.target.name}' of its own.",
            code="labels_not_taken",
            given=f"the target of '{known.name}'",
            fix="give the target another name in conf/dataset, and in the data",
        )
    hidden = {name.casefold() for name in redact}
    for name in [*known.features, known.target.name]:
        if name.casefold() in hidden:
            raise UserError(
                f"'{known.name}' takes no labels: '{name}' is never stored here.",
                code="labels_not_taken",
                given=f"LAPIDARY_REDACT={','.join(redact)}",
                fix=f"take '{name}' out of LAPIDARY_REDACT, or out of the dataset",
            )
