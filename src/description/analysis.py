"""From a table to a draft: look at each column, the target, the rows, and leaks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec
import numpy as np
import pandas as pd

from src.data import moments
from src.description import document, leaks, names, numbers, roles, types, values
from src.description.draft import Draft, LeftOut
from src.description.reading import Table
from src.description.roles import Role
from src.description.types import Column
from src.description.values import Values
from src.support.errors import UserError, unknown
from src.support.structs import Checked

MOST_DERIVED = 5
SKEWED = 50.0  # times the smallest of positive numbers, from which on their logarithm is proposed


class Wish(Checked, frozen=True):
    """What whoever asks has decided already."""

    target: str
    name: str = ""
    task: str = ""
    group: str = ""
    time: str = ""
    derive: bool = False


@dataclass(frozen=True)
class _Seen:
    """The table, its columns' values and what they are."""

    table: Table
    every: Mapping[str, Values]
    columns: Mapping[str, Column]


def describe(table: Table, wish: Wish) -> Draft:
    """Describe a table; raise UserError where the target cannot be learnt."""
    header = [str(name) for name in table.frame.columns]
    for key in ("target", "group", "time"):
        name = getattr(wish, key)
        if name and name not in header:
            raise unknown("column", name, header)
    every = {name: values.of(table.frame[name]) for name in header}
    role = roles.target(wish.target, every[wish.target], wish.task or None)
    columns = {
        name: types.of(name, every[name], is_nameless=name in table.nameless)
        for name in header
        if name != wish.target
    }
    seen = _Seen(table, every, columns)
    draft = _draft(seen, role, wish)
    return _without_leaks(draft, table.frame)


def _draft(seen: _Seen, role: Role, wish: Wish) -> Draft:
    group = wish.group or roles.group(seen.columns, seen.every)
    features, out = [], []
    for name, column in seen.columns.items():
        if name == group and (not wish.group or names.counts_rows(name) or names.belongs(name)):
            out.append(LeftOut(column, f"the group: {column.different:,} of them"))
        elif column.is_learnt:
            features.append(column)
        else:
            out.append(LeftOut(column, column.says))
    if not features:
        raise UserError(
            "No column is left to learn from.",
            given=", ".join(f"{one.column.name} ({one.says})" for one in out) or "the target alone",
            fix="bring a table with columns that say something",
        )
    repeated = seen.table.repeated
    drift = "" if wish.time else _drift(seen, role)
    return Draft(
        name=wish.name or slug(seen.table.source),
        source=seen.table.source,
        rows=len(seen.table.frame),
        columns=len(seen.columns) + 1,
        reading=seen.table.options,
        is_plain=seen.table.is_plain,
        faults=seen.table.faults,
        role=role,
        features=features,
        left_out=out,
        missing=_missing(seen.every),
        group=group,
        time=wish.time,
        drift=drift,
        derived=_derived(seen, features) if wish.derive else {},
        baseline=_baseline(seen.every[role.name], role),
        unsure=[
            *role.unsure,
            *(f"{name} stands in the header twice: none of the two is read" for name in repeated),
            *(one.unsure for one in features if one.unsure),
        ],
    )


def slug(source: str) -> str:
    """Make the name of a dataset of that of a file."""
    stem = PurePosixPath(urlsplit(source).path if "://" in source else source).name.split(".")[0]
    plain = unicodedata.normalize("NFKD", stem.casefold()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return name if re.match(r"[a-z]", name) else f"table_{name}".rstrip("_")


def _missing(every: Mapping[str, Values]) -> list[str]:
    """List the signs for missing that several columns have: they are the dataset's."""
    signs = [sign for one in every.values() for sign in one.missing if sign in values.SIGNS]
    return sorted(sign for sign, count in Counter(signs).items() if count > 1)


def _drift(seen: _Seen, role: Role) -> str:
    """Name the column in whose order the target moves most, if it does."""
    truth = _as_numbers(seen.every[role.name], role)
    best, found = roles.DRIFT, ""
    for name, column in seen.columns.items():
        is_moment = column.kind in ("date", "datetime") and column.format is None
        if not is_moment and not (column.kind in ("number", "integer") and names.is_time(name)):
            continue
        cells = seen.every[name]
        read = moments.read(pd.Series(cells.words, dtype=object))
        when = np.where(cells.codes < 0, np.nan, read[cells.codes])
        moved = abs(roles.drift(when, truth))
        if moved > best:
            best, found = moved, name
    return found


def _as_numbers(cells: Values, role: Role) -> np.ndarray:
    """Return the target as numbers, shape (rows,); of two classes whether it is the positive."""
    if role.task == "regression":
        told = numbers.of(cells)
        read = np.full(len(cells.words), np.nan) if told is None else told[1]
    elif role.positive is not None:
        read = (cells.words == role.positive).astype(np.float64)
    else:
        read = np.full(len(cells.words), np.nan)
    return np.where(cells.codes < 0, np.nan, read[cells.codes])


def _derived(seen: _Seen, features: list[Column]) -> dict[str, str]:
    """Propose logarithms of positive numbers that span decades."""
    derived = {}
    for one in features:
        told = numbers.of(seen.every[one.name]) if one.kind in ("number", "integer") else None
        if told is None or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", one.name):
            continue
        read = told[1][np.isfinite(told[1])]
        if read.min() > 0 and read.max() > SKEWED * read.min():
            derived[f"log_{one.name}"] = f"log({one.name})"
    return dict(list(derived.items())[:MOST_DERIVED])


def _baseline(cells: Values, role: Role) -> float:
    """Return the metric of always answering the same."""
    if role.task == "regression":
        truth = _as_numbers(cells, role)
        truth = truth[np.isfinite(truth)]
        return float(np.abs(truth - truth.mean()).mean())
    if role.task == "binary":
        return 0.5
    counts = [cells.counts[cells.words == word].sum() for word in role.classes]
    share = float(max(counts) / sum(counts))
    return 2 * share**2 / (1 + share)


def _without_leaks(draft: Draft, frame: pd.DataFrame) -> Draft:
    """Take out of the features what gives the target away, with its figures."""
    found = leaks.find(document.values(draft), frame)
    kept = [one for one in draft.features if one.own_name not in found]
    if not kept:
        says = "every feature seems to give the target away: they are left in; look at them"
        return msgspec.structs.replace(draft, unsure=[*draft.unsure, says])
    out = [
        LeftOut(one, found[one.own_name].says, is_leak=found[one.own_name].code != "id")
        for one in draft.features
        if one.own_name in found
    ]
    return msgspec.structs.replace(draft, features=kept, left_out=[*out, *draft.left_out])
