"""What refuses a whole source: too many faulty rows, or weights that mean nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from src.data.cleaning.report import reasons
from src.data.coded import Rows
from src.data.schema import Dataset
from src.support.errors import UserError

SHOWN, MOST_COLUMNS = 5, 10  # rejected rows, and columns, in an error


def check_share(
    faulty: int,
    total: int,
    counts: Mapping[str, int],
    first: Rows,
    diagnoses: Sequence[str],
    dataset: Dataset,
) -> None:
    """Raise UserError where more rows are faulty than `max_rejected` allows; shows the `first`."""
    if faulty < total and faulty <= dataset.max_rejected * total:
        return
    rejected = first.frame().head(SHOWN)
    columns = "".join(f"\n  {said}" for said in diagnoses[:MOST_COLUMNS])
    shown = "".join(f"\n  {said}" for said in reasons(rejected))
    raised = math.ceil(faulty / total * 100) / 100
    raise UserError(
        f"{faulty} of {total} rows of '{dataset.name}' break the rules, more than max_rejected "
        f"({dataset.max_rejected:.1%}) allows.{columns}\nThe first {len(rejected)}:{shown}",
        given=", ".join(f"{rule} {count}" for rule, count in counts.items() if count),
        fix="where the rows are right, see what the YAML should say "
        f"(python -m src.describe update=true name={dataset.name} source=<the file>); "
        "mend the data where they are not"
        + (f", or leave them out: dataset.max_rejected={raised:g}" if faulty < total else ""),
    )


def check_weights(weights: pd.Series, dataset: Dataset) -> None:
    """Raise UserError for weights below zero, or that are all zero."""
    if (weights < 0).any() or not (weights > 0).any():
        is_negative = bool((weights < 0).any())
        raise UserError(
            f"The weights of '{dataset.name}' "
            + ("must not be negative." if is_negative else "are all zero."),
            given=f"{dataset.weight}: {weights.min():g} to {weights.max():g}",
            choices=["numbers of at least 0, not all of them 0"],
            fix="mend the column, or take weight out of the dataset's YAML",
        )
