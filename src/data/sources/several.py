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
    first = set(parts[0].whole.columns)
    for part, name in zip(parts, names, strict=True):
        others = sorted(first ^ set(part.whole.columns))
        if others:
            raise UserError(
                "The files of the source have different columns.",
                given=f"{name}, which differs from {names[0]} in {', '.join(others)}",
                fix="give them the same header, or a pattern that names fewer files",
            )
    frames, wholes = [], []
    faults: dict[object, Fault] = {}
    for part, name in zip(parts, names, strict=True):
        places = pd.Index([f"{name}:{place}" for place in part.frame.index], name=LINE)
        frames.append(part.frame.set_axis(places))
        wholes.append(part.whole[parts[0].whole.columns].set_axis(places))
        faults.update({f"{name}:{place}": fault for place, fault in part.faults.items()})
    together = "".join(part.md5 for part in parts).encode()
    md5 = hashlib.md5(together, usedforsecurity=False).hexdigest()
    return Raw(pd.concat(frames), md5, pd.concat(wholes), faults, "several")
