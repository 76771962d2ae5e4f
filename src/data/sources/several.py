"""Several files that are one table: those that a pattern names, in the order of their names."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from src.data.sources.addresses import scheme
from src.data.sources.raw import LINE, Fault, Raw
from src.support.errors import UserError


def is_pattern(source: str) -> bool:
    """Return whether a source names files by a pattern; one may have a star in its own name."""
    return not scheme(source) and glob.has_magic(source) and not Path(source).exists()


def paths(source: str) -> list[str] | None:
    """Return the files that a pattern names; None if the source is no pattern.

    Raises UserError for a pattern that names none.
    """
    if not is_pattern(source):
        return None
    names = sorted(name for name in glob.iglob(source, recursive=True) if Path(name).is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not names:
        raise UserError(
            "No file has a name like the source's.",
            given=source,
            fix="check the pattern: * stands for any letters, ** for any folders",
        )
    return names


def joined(parts: Sequence[Raw], names: Sequence[str]) -> Raw:
    """Put the rows of files below each other; a row's place begins with its file.

    Raises UserError for a file whose columns are not those of the first one.
    """
    columns = list(parts[0].whole.columns)
    for part, name in zip(parts, names, strict=True):
        check_columns(part, name, columns, names[0])
    named = [named_by(part, name, columns) for part, name in zip(parts, names, strict=True)]
    faults = {place: fault for part in named for place, fault in part.faults.items()}
    frame = pd.concat([part.frame for part in named])
    whole = pd.concat([part.whole for part in named])
    return Raw(frame, together([part.md5 for part in parts]), whole, faults, "several")


def check_columns(part: Raw, name: str, columns: Sequence[str], first: str) -> None:
    """Raise UserError for a file whose columns are not those of the first one."""
    others = sorted(set(columns) ^ set(part.whole.columns))
    if others:
        raise UserError(
            "The files of the source have different columns.",
            given=f"{name}, which differs from {first} in {', '.join(others)}",
            fix="give them the same header, or a pattern that names fewer files",
        )


def named_by(part: Raw, name: str, columns: Sequence[str]) -> Raw:
    """Return the rows of a file under places that begin with its name, columns in this order."""
    places = pd.Index([f"{name}:{place}" for place in part.frame.index], name=LINE)
    faults: dict[object, Fault] = {f"{name}:{at}": fault for at, fault in part.faults.items()}
    whole = part.whole[list(columns)].set_axis(places)
    return Raw(part.frame.set_axis(places), part.md5, whole, faults, "several")


def together(md5s: Sequence[str]) -> str:
    """Return the MD5 by which several files are known: that of theirs."""
    return hashlib.md5("".join(md5s).encode(), usedforsecurity=False).hexdigest()
