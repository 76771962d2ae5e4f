"""What drives a browser, where it is installed: tests that need it are skipped where it is not.

All else of the pages is tested there, too; but in CI nothing is skipped.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

IS_CI = bool(os.environ.get("CI"))
MISSING = ""  # what to install

try:
    import axe_playwright_python
    from playwright.sync_api import (
        Browser,
        Dialog,
        FilePayload,
        Locator,
        Page,
        expect,
        sync_playwright,
    )
except ImportError as error:
    if IS_CI:
        raise
    package = (error.name or "playwright").partition(".")[0]
    MISSING = f"{package} is not installed: make test installs it"
    Browser = Dialog = FilePayload = Locator = Page = expect = sync_playwright = Any


def chromium() -> str:
    """Return where Debian's Chromium is; skip the test where it, or what drives it, is missing."""
    if MISSING:
        pytest.skip(MISSING)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if IS_CI:
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed: apt-get install chromium")
    return path


def axe() -> str:
    """Return the script that finds what keeps people out."""
    folder = Path(axe_playwright_python.__file__).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")


__all__ = [
    "Browser",
    "Dialog",
    "FilePayload",
    "Locator",
    "Page",
    "axe",
    "chromium",
    "expect",
    "sync_playwright",
]
