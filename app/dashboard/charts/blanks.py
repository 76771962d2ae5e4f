"""A description of a chart that is made once, with blanks for what differs.

Altair takes longer for one description than a page takes for all its rows.
"""

from __future__ import annotations

import re
from typing import Any

EDGE = "\x1f"  # around a blank's name; no column of a file is called so
_BLANK = re.compile(f"{EDGE}(\\w+){EDGE}")


def blank(name: str) -> str:
    """Return what stands for a value that is not known yet."""
    return f"{EDGE}{name}{EDGE}"


def filled(part: Any, **values: Any) -> Any:
    """Return a copy of a description with a value in each blank; within a text it is written."""
    if isinstance(part, dict):
        return {key: filled(value, **values) for key, value in part.items()}
    if isinstance(part, list):
        return [filled(value, **values) for value in part]
    if not isinstance(part, str) or EDGE not in part:
        return part
    whole = _BLANK.fullmatch(part)
    if whole:
        return values[whole[1]]
    return _BLANK.sub(lambda found: str(values[found[1]]), part)
