"""A grid of text -> frames under the names that are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from src.data.sources import headers
from src.data.sources.grid import Grid
from src.data.sources.options import Options
from src.data.sources.raw import Raw
from src.support.errors import UserError

Matched = tuple[list[str], list[int]]  # the names of all columns, and which are asked for
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)


def raw_of(
    grid: Grid,
    source: str,
    columns: Mapping[str, str],
    options: Options,
    *,
    md5: str | None,
    kind: str,
    matched: Matched | None = None,
) -> Raw:
    """Return the rows under the names of `columns`; raise UserError where there is none.

    Without an `md5`, as of a database, it is made of the rows. What is `matched` already is not
    matched anew.
    """
    names, places = matched or headers.matched(grid, source, columns, options)
    if not len(grid.places):
        raise UserError("The source has a header but no rows.", given=source)
    arrays = [pd.arrays.ArrowStringArray(column, dtype=_TEXT) for column in grid.columns]
    whole = pd.DataFrame(dict(enumerate(arrays)), index=grid.places, copy=False)
    frame = whole.iloc[:, places].set_axis(list(columns), axis="columns")
    whole = whole.set_axis(names, axis="columns")
    return Raw(frame, md5 or _of_rows(whole), whole, grid.faults, kind)


def named(frame: pd.DataFrame) -> list[str]:
    """List the columns that have a name of their own.

    Of two with one name, and of those without, nobody can tell which is which.
    """
    names = frame.columns
    return list(names[~names.duplicated(keep=False) & (names != "")])


def _of_rows(frame: pd.DataFrame) -> str:
    digest = hashlib.md5("\0".join(map(str, frame.columns)).encode(), usedforsecurity=False)
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()
