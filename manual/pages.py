"""Which pages there are, and what makes each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from manual import api, commands, keys, problems

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"


def _renewed(name: str) -> Callable[[], str]:
    return lambda: keys.renewed((REFERENCE / name).read_text(encoding="utf-8"))


PAGES: dict[Path, Callable[[], str]] = {
    REFERENCE / "commands.md": lambda: commands.page(ROOT),
    REFERENCE / "api.md": lambda: api.page(ROOT),
    REFERENCE / "problems.md": problems.page,
    REFERENCE / "settings.md": _renewed("settings.md"),
    REFERENCE / "configuration.md": _renewed("configuration.md"),
}
