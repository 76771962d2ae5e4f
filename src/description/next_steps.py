"""What to type next, as a shell and Hydra take it."""

from __future__ import annotations

import re
import shlex


def override(key: str, value: str) -> str:
    """Write key=value as it is typed: what Hydra would read otherwise is quoted for it, too."""
    if re.fullmatch(r"[\w./:-]+", value):
        return f"{key}={value}"
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return shlex.quote(f'{key}="{quoted}"')


def show(*lines: str) -> None:
    """Print lines to type."""
    print("Next:")
    for line in lines:
        print(f"  {line}")
