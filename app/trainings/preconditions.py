"""Whether there are labels to learn from, and enough, told before anything is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.labels import store as label_store
from app.store.redaction import Redaction
from src.config.configuration import Config, OptunaSearch
from src.data.schema import Dataset
from src.support.errors import UserError


def check(dataset: Dataset, config: Config, counts: Mapping[str, int]) -> None:
    """Raise UserError that says how many labels are needed, where there are fewer.

    `counts` are the labels by value. The training looks again, at the very rows: of those that
    are enough here too few may be left when duplicates are dropped and some are held out.
    """
    inner = config.search.folds if isinstance(config.search, OptunaSearch) else 0
    folds = max(config.folds, inner)
    # Some are held out; of the others each fold needs two, and one of each class.
    share = 1 - dataset.split.test
    total, least = sum(counts.values()), _up(2 * folds / share)
    if total < least:
        raise UserError(
            f"'{dataset.name}' has too few labels to learn from.",
            code="too_few_labels",
            given=label_store.counted(total),
            choices=[f"at least {least} labels"],
            fix=f"post more to /v1/{dataset.name}/labels, or train with use=both",
        )
    if dataset.task == "regression":
        return
    listed = [str(value) for value in dataset.target.values or ()]
    if len(counts) < 2:
        raise UserError(
            f"All labels of '{dataset.name}' are of one class.",
            code="too_few_labels",
            given=", ".join(f"{name} ({count})" for name, count in counts.items()),
            choices=["at least two classes" + (f" of {', '.join(listed)}" if listed else "")],
            fix=f"post labels of another class to /v1/{dataset.name}/labels",
        )
    needed = _up(folds / share)
    rare = {name: count for name, count in counts.items() if count < needed}
    is_set_aside = dataset.rare != "error" and len(counts) - len(rare) > 1
    if rare and (not is_set_aside or str(dataset.target.positive) in rare):
        raise UserError(
            f"Some classes of '{dataset.name}' have too few labels.",
            code="too_few_labels",
            given=", ".join(f"{name} ({count})" for name, count in list(rare.items())[:10]),
            choices=[f"at least {needed} labels of each class"],
            fix=f"post more of them to /v1/{dataset.name}/labels, or train with use=both",
        )


def check_hidden(dataset: Dataset, labels: int, redact: Sequence[str]) -> None:
    """Raise UserError where labels from before a column was hidden would be copied into a version.

    A training keeps the very rows that it was trained on. Those of the file are there anyway.
    """
    hidden = list(filter(Redaction(redact).hides, dataset.columns()))
    if hidden and labels:
        raise UserError(
            f"The labels of '{dataset.name}' hold what is never stored here: {', '.join(hidden)}.",
            code="labels_not_taken",
            given=f"LAPIDARY_REDACT={','.join(redact)}",
            fix="train with use=file, or delete the labels",
        )


def _up(number: float) -> int:
    return int(-(-number // 1))
