"""The page of errors names none that the program does not know."""

from __future__ import annotations

import re
from pathlib import Path

from app.http import problems

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/how-to/troubleshoot.md").read_text(encoding="utf-8")
SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("app", "src")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
# Of other programs, and of messages with names of their own in them.
OTHERS = ("Connection in use", "The setting LAPIDARY_... is not valid", "Unknown setting")


def test_every_code_exists_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) ([^|]*)\|", PAGE, re.MULTILINE)
    codes = [(int(status), code) for status, cell in rows for code in re.findall(r"`(\w+)`", cell)]
    assert len(codes) > 15
    for status, code in codes:
        assert problems.KINDS[code].status == status, code


def test_every_message_is_one_of_the_programs() -> None:
    messages = re.findall(r"^\| `([A-Z][^`]*)`", PAGE, re.MULTILINE)
    source = re.sub(r"\"\s*\n\s*f?\"", "", SOURCE)  # a sentence over several lines
    assert len(messages) > 8
    for message in messages:
        assert message in OTHERS or message in source, message
