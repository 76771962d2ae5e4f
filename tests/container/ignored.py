"""Read a .dockerignore: which files of the folder a build may see."""

from __future__ import annotations

import re
from pathlib import Path


class Ignored:
    """The patterns of a .dockerignore, of which the last that fits decides."""

    def __init__(self, text: str) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (_pattern(line.removeprefix("!")), not line.startswith("!"))
            for line in lines
            if line and not line.startswith("#")
        ]

    def __contains__(self, path: Path) -> bool:
        """Tell whether a file is left out; what fits a folder fits all within it."""
        is_ignored = False
        prefixes = ["/".join(path.parts[: at + 1]) for at in range(len(path.parts))]
        for pattern, ignores in self._rules:
            if any(pattern.fullmatch(prefix) for prefix in prefixes):
                is_ignored = ignores
        return is_ignored


def _pattern(line: str) -> re.Pattern[str]:
    """Translate: `**/` is any number of folders, `*` anything and `?` a character within a name."""
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", line.strip("/"))
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))
