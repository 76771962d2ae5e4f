"""From a dataset's YAML and a file that has changed to the YAML that holds for both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from src.data import schema_checks
from src.data.schema import Dataset
from src.data.sources.options import Options
from src.description import document, leaks, mending, reading, types, values
from src.description.draft import LeftOut
from src.description.edits import Edits
from src.description.mending import numbers
from src.description.mending.described import Described, Note
from src.description.reading import Table
from src.description.types import Column
from src.support.errors import UserError, unknown
from src.support.structs import Checked, convert


class Proposal(Checked, frozen=True):
    """The text of a YAML that holds for the file, and why it differs from the one that is there.

    `fault` says why it is not to be written as it stands; "" where it may be. `new` are the
    features that were not there; `is_as_before` tells whether what was read before is read still.
    """

    text: str
    notes: list[Note] = []
    fault: str = ""
    new: list[str] = []
    is_as_before: bool = True


def read(source: str, dataset: Dataset) -> tuple[Table, dict[str, Any]]:
    """Read the source as the dataset does, or as it is written now.

    Returns the options that differ, too: none where the dataset's find as many of its columns.
    """
    own = {key: one for key, one in dataset.reading().items() if one != getattr(Options, key)}
    if "cells" in own:  # a person has chosen them
        return reading.read_by(source, own), {}
    asked = {key: own[key] for key in ("sheet", "table", "query") if key in own}
    fresh = reading.read(source, **asked)
    told = fresh.options
    if told == own:
        return fresh, {}
    try:
        table = reading.read_by(source, own)
    except UserError:
        table = None
    if table is not None and _holds(table, fresh, dataset):
        return table, {}
    return fresh, {
        key: told.get(key, getattr(Options, key))
        for key in sorted({*own, *told})
        if told.get(key) != own.get(key)
    }


def _holds(table: Table, fresh: Table, dataset: Dataset) -> bool:
    """Tell whether a table as it was read before has as many columns, and the same letters."""
    counts = [
        len(_places(dataset, [str(name) for name in one.frame.columns])) for one in (table, fresh)
    ]
    own, told = (
        {key: value for key, value in one.options.items() if key != "encoding"}
        for one in (table, fresh)
    )
    is_utf = "encoding" not in fresh.options and own == told
    return counts[0] >= counts[1] and not (is_utf and not table.frame.equals(fresh.frame))


def proposed(text: str, dataset: Dataset, table: Table, options: Mapping[str, Any]) -> Proposal:
    """Propose a YAML; raise UserError where the table has no target."""
    edits = Edits(text)
    for key, value in options.items():
        edits.put([key], value)
    notes = [
        Note(
            f"the file is written otherwise: {key} is {value!r}; where that is so once, leave it, "
            f"and give src.ingest dataset.{key}={value!r}",
            True,
        )
        for key, value in options.items()
    ]
    header = [str(name) for name in table.frame.columns]
    here = _places(dataset, header)
    renamed = list(_renamed(dataset, here, header, edits))
    notes += renamed
    notes += _gone(dataset, here, header, edits)
    columns = [Described(name, dataset, table.frame[own].str.strip()) for name, own in here.items()]
    notes += _mended(columns, edits)
    looked = {
        name: types.of(name, values.of(table.frame[name]))
        for name in header
        if name not in {*here.values(), *table.nameless} and not _is_left_out(name, text)
    }
    new, out = _told_apart(looked, dataset, here, table)
    notes += _added(new, out, edits)
    return Proposal(
        edits.text,
        notes,
        _fault(text, edits.text),
        [one.own_name for one in new],
        is_as_before=not (new or options or renamed),
    )


def _spoken(name: str) -> str:
    """Return a name on one line, as it is asked for."""
    return " ".join(name.split())


def _places(dataset: Dataset, header: list[str]) -> dict[str, str]:
    """Return what the table calls those of the dataset's columns that it has."""
    spoken = {_spoken(name): name for name in header}
    asked = dataset.source_columns()
    return {name: spoken[_spoken(own)] for name, own in asked.items() if _spoken(own) in spoken}


def _path(name: str, dataset: Dataset) -> list[str]:
    return ["target"] if name == dataset.target.name else ["features", name]


def _renamed(
    dataset: Dataset, here: dict[str, str], header: list[str], edits: Edits
) -> Iterator[Note]:
    """Add to `here` what is there under a name that differs in capitals, blanks or signs alone."""
    others = {_letters(name): name for name in header if name not in here.values()}
    for name, own in dataset.source_columns().items():
        other = others.get(_letters(own))
        path = _path(name, dataset)
        if name in here or other is None or not edits.has(path):
            continue
        here[name] = other
        edits.put([*path, "column"], other)
        yield Note(f"{own} is called {other} now", True)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _gone(
    dataset: Dataset, here: Mapping[str, str], header: list[str], edits: Edits
) -> Iterator[Note]:
    """Make comments of features that the table does not have."""
    columns = dataset.source_columns()
    if dataset.target.name not in here:
        raise unknown("column", columns[dataset.target.name], header)
    for name, own in columns.items():
        path = _path(name, dataset)
        if name in here:
            continue
        if name in dataset.features and edits.can_comment_out(path):
            edits.comment_out(path, "the source has no such column any more")
            yield Note(f"{own} is gone")
        else:
            yield Note(f"{own} is gone, and is still named: take it out by hand", True)


def _mended(columns: list[Described], edits: Edits) -> Iterator[Note]:
    """Mend each column; words for missing that several have become the dataset's."""
    every: dict[str, list[Described]] = {}
    for one in _with_signs(columns, edits):
        notes, words = mending.mend(one, edits)
        yield from notes
        for word in words:
            every.setdefault(word, []).append(one)
    shared = [word for word, those in every.items() if len(those) > 1]
    if shared:
        edits.append(["missing"], shared, columns[0].dataset.missing)
        yield Note(f"{_quoted(shared)} in several columns counts as missing")
    for one in columns:
        own = [word for word, those in every.items() if those == [one]]
        if own:
            markers = [word for word in one.dataset.missing if word in one.values.said_missing]
            edits.append([*one.path, "missing"], own, markers)
            yield Note(f"{_quoted(own)} in {one.name} counts as missing", True)


def _with_signs(columns: list[Described], edits: Edits) -> list[Described]:
    """Set the decimal sign and that of thousands once, where all numbers have other ones."""
    told = [one for one in columns if one.is_number]
    how = numbers.written_alike(told) if len(told) > 1 else None
    if how is None:
        return columns
    dataset = columns[0].dataset
    changed = {
        key: getattr(how, key)
        for key in ("decimal", "thousands")
        if getattr(how, key) != getattr(dataset, key)
    }
    for key, value in changed.items():
        edits.put([key], value)
    dataset = msgspec.structs.replace(dataset, **changed)
    return [Described(one.name, dataset, one.cells) for one in columns]


def _quoted(words: list[str]) -> str:
    return ", ".join(map(repr, words))


def _is_left_out(name: str, text: str) -> bool:
    """Tell whether a comment of the YAML has the column: somebody has left it out."""
    key = re.escape(document.flow(_spoken(name)))
    return re.search(rf"^\s*#\s*{key}:", text, re.MULTILINE) is not None


def _told_apart(
    looked: Mapping[str, Column], dataset: Dataset, here: Mapping[str, str], table: Table
) -> tuple[list[Column], list[LeftOut]]:
    """Return the new columns that a model may learn from, and the others with the reason."""
    out = [LeftOut(one, one.says) for one in looked.values() if not one.is_learnt]
    learnt = [one for one in looked.values() if one.is_learnt]
    if not learnt:
        return [], out
    target = msgspec.structs.replace(dataset.target, column=here[dataset.target.name])
    plain = {
        "name": dataset.name,
        "task": dataset.task,
        "source": dataset.source,
        "target": msgspec.to_builtins(target),
        "features": {one.own_name: document.feature(one) for one in learnt},
        "decimal": dataset.decimal,
        "thousands": dataset.thousands,
        "missing": dataset.missing,
        "metric": dataset.metric,
    }
    found = leaks.find(plain, table.frame)
    for one in learnt:
        leak = found.get(one.own_name)
        if leak is not None:
            out.append(LeftOut(one, leak.says, is_leak=leak.code != "id"))
    return [one for one in learnt if one.own_name not in found], out


def _added(new: list[Column], out: list[LeftOut], edits: Edits) -> Iterator[Note]:
    """Add new columns below the features; what is none becomes a comment."""
    lines = [document.feature_line(one) for one in new]
    for one in new:
        yield Note(f"{one.own_name} is new; about is for you to write")
        if one.unsure:
            yield Note(one.unsure, True)
    comments = [document.left_out(one) for one in out]
    if edits.is_block(["features"]):
        edits.add_lines(["features"], [*lines, *comments])
    elif lines:
        yield Note(f"write a line for each feature, and add: {'; '.join(lines)}", True)


def _fault(before: str, after: str) -> str:
    """Say why the YAML does not hold by itself; what only Hydra understands is not looked at."""
    try:
        convert(yaml.safe_load(before), Dataset, "dataset")
    except UserError:
        return ""
    try:
        schema_checks.check(convert(yaml.safe_load(after), Dataset, "dataset"))
    except UserError as error:
        return str(error)
    return ""
