"""What the columns are for: the task, the classes, which rows belong together, what time it was."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from src.description import names, numbers, types
from src.description.types import Column
from src.description.values import Values
from src.support.errors import UserError
from src.support.structs import Checked

CLASSES = 10  # different whole numbers, up to which they are taken for classes
FEW_ROWS = 10  # of a class, below which it cannot be learnt and judged
MOST_CLASSES = 200
METRICS = {"regression": "mae", "binary": "roc_auc", "multiclass": "f1_weighted"}
LABELS = re.compile(r"\s*[;|,]\s*")
MANY_GROUPS = 30  # values of an id that is not called a person's
DRIFT = 0.3  # rank correlation of the target with the time of its row
_POSITIVE = re.compile(
    r"^(1|1[_ ].*|yes|y|true|t|on|ja|si|sí|oui|sim|tak|да|pos|positive|bad|spam|fraud|churned?|"
    r"left|dead|died|deceased|default|defaulted|fail|failed|failure|sick|ill|disease|malignant|abnormal|"
    r"late|cancelled|canceled|denied|lost|error|anomaly|attack|event|buy|bought|won|win|success)$"
)


class Role(Checked, frozen=True):
    """What is predicted: the task, its classes and the one of interest, its bounds, its metric.

    `rare` are classes of too few rows, which are among the classes if there are more than two;
    `without` counts the rows that have no target.
    """

    name: str
    task: str
    metric: str
    column: Column
    classes: list[str] = []
    positive: str | None = None
    rare: dict[str, int] = {}
    without: int = 0
    unsure: list[str] = []


def target(name: str, values: Values, task: str | None) -> Role:
    """Tell the task by the target; raise UserError where there is nothing to learn."""
    column = types.of(name, values)
    if len(values.words) < 2:
        raise _nothing_to_learn(name, values)
    told = task or _task(name, column, values)
    if told == "regression":
        return _regression(name, column, values, is_asked=task is not None)
    return _classes(name, column, values, told, is_asked=task is not None)


def _nothing_to_learn(name: str, values: Values) -> UserError:
    empty, fix = values.rows - values.present, "name another column: target=<column>"
    if not values.present:
        what, given = f"The target '{name}' has no values.", f"{empty:,} empty cells"
        return UserError(what, given=given, fix=fix)
    word = str(values.words[0])
    given = f"{word!r} in {values.present:,} rows"
    if empty:
        given += f", and {empty:,} empty cells"
        fix = (
            f"if an empty cell is an answer, write a word for it in the file, such as no; or {fix}"
        )
    what = f"The target '{name}' has one value alone: nothing can be learnt."
    return UserError(what, given=given, fix=fix)


def _task(name: str, column: Column, values: Values) -> str:
    if len(values.words) == 2:
        return "binary"
    if column.kind in ("number", "integer"):
        few = column.kind == "integer" and column.different <= CLASSES
        return "multiclass" if few else "regression"
    _refuse_many(name, column, values)
    return "multiclass"


def _refuse_many(name: str, column: Column, values: Values) -> None:
    """Refuse targets that are several answers at once, or an answer of its own for each row."""
    parts = [LABELS.split(str(word)) for word in values.words]
    labels = {label for one in parts for label in one}
    shares = [len(one) > 1 for one in parts]
    alone = {one[0] for one in parts if len(one) == 1}
    is_several = np.mean(shares) >= 0.3 and len(labels) < len(parts) + 1 and alone
    if is_several and len(alone & {x for one in parts if len(one) > 1 for x in one}) > 1:
        first = sorted(alone)[0]
        raise UserError(
            f"The target '{name}' has several labels in a cell; one dataset predicts one thing.",
            given=f"{next(str(w) for w, many in zip(values.words, shares, strict=True) if many)!r}",
            fix=f"make a column of yes and no for each label, such as {first}, and describe the "
            "table once for each: a dataset per label",
        )
    if column.kind in ("date", "datetime", "time", "text") or column.different > MOST_CLASSES:
        raise UserError(
            f"The target '{name}' is neither a number nor a choice of few: {column.kind}, "
            f"{len(values.words):,} different values in {values.present:,} rows.",
            given=", ".join(repr(word[:40]) for word in values.commonest(3)),
            fix="name another column, or make one of numbers or of at most "
            f"{MOST_CLASSES} classes of it",
        )


def _regression(name: str, column: Column, values: Values, *, is_asked: bool) -> Role:
    if column.kind not in ("number", "integer") and numbers.of(values) is None:
        raise UserError(
            f"The target '{name}' has no numbers to regress on.",
            given=", ".join(repr(word[:40]) for word in values.commonest(3)),
            fix="leave out task=, or task=multiclass",
        )
    unsure = [column.unsure] if column.unsure else []
    if column.kind == "category" and not is_asked:
        unsure.append(f"{name} looks like codes, and was taken as numbers")
    without = values.rows - values.present + _odd(values)
    return Role(name, "regression", METRICS["regression"], column, without=without, unsure=unsure)


def _odd(values: Values) -> int:
    told = numbers.of(values)
    words = told[2] if told is not None else set()
    return values.present - values.without(words).present


def _classes(name: str, column: Column, values: Values, task: str, *, is_asked: bool) -> Role:
    unsure = []
    every = {str(word): int(count) for word, count in zip(values.words, values.counts, strict=True)}
    rare = {word: count for word, count in every.items() if count < FEW_ROWS}
    if len(every) - len(rare) < 2:  # all are few: learn what there is
        rare = {word: count for word, count in every.items() if count < 2}
    classes = [word for word in every if word not in rare]
    if len(classes) < 2:
        raise UserError(
            f"The target '{name}' has fewer than two classes with more than one row.",
            given=f"{len(every):,} different values in {values.present:,} rows",
            fix="name another column: target=<column>",
        )
    if task == "binary" and len(classes) != 2:
        raise UserError(
            f"The target '{name}' has {len(classes)} classes.",
            given=", ".join(sorted(classes, key=_sorted_as)[:10]),
            fix="task=multiclass",
        )
    task = "binary" if len(classes) == 2 else "multiclass"
    classes = sorted(classes if task == "binary" else every, key=_sorted_as)
    if column.kind in ("number", "integer") and task == "multiclass" and not is_asked:
        unsure.append(
            f"{name} has {len(classes)} different whole numbers, and was taken for classes; if "
            "they are amounts: task=regression"
        )
    positive = None
    if task == "binary":
        positive, doubt = _positive({word: every[word] for word in classes})
        unsure += [doubt] if doubt else []
    return Role(
        name,
        task,
        METRICS[task],
        column,
        classes,
        positive,
        rare,
        values.rows - values.present,
        unsure,
    )


def _sorted_as(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:
        return np.inf, word


def _positive(counts: Mapping[str, int]) -> tuple[str, str]:
    """Choose the class of interest: the one that says so, else the rarer one."""
    rarer = min(counts, key=lambda word: (counts[word], word))
    said = [word for word in counts if _POSITIVE.match(word.casefold())]
    if len(said) == 1:
        return said[0], ""
    other = next(word for word in counts if word != rarer)
    return (
        rarer,
        f"positive is {rarer!r}, the rarer class; if it is {other!r} that you look for, "
        "write it there",
    )


def group(columns: Mapping[str, Column], every: Mapping[str, Values]) -> str:
    """Name the column whose equal values say that rows are of one person or thing; or nothing."""
    candidates = []
    for name, column in columns.items():
        values = every[name]
        if column.kind not in ("id", "integer", "category") or not values.present:
            continue
        share = len(values.words) / values.present
        repeats = float(values.counts[values.counts > 1].sum() / values.present)
        several = repeats >= 0.3 and len(values.words) >= 5 and share <= 0.8
        is_person = names.belongs(name) or (names.is_id(name) and len(values.words) >= MANY_GROUPS)
        if several and is_person and not _is_shared(values):
            candidates.append((not names.belongs(name), -len(values.words), name))
    return min(candidates)[2] if candidates else ""


def _is_shared(values: Values) -> bool:
    """Tell whether one value has so many rows that it is no person's."""
    return bool(values.counts.max() > values.rows / 3)


def drift(when: np.ndarray, truth: np.ndarray) -> float:
    """Return the rank correlation of the target with the time of its row."""
    both = np.isfinite(when) & np.isfinite(truth)
    if both.sum() < 50 or len(np.unique(when[both])) < 5:
        return 0.0
    ranks = [pd.Series(one[both]).rank().to_numpy() for one in (when, truth)]
    return float(np.corrcoef(*ranks)[0, 1]) if np.std(ranks[1]) else 0.0
