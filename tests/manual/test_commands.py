"""What a command says of itself is found without running it."""

from __future__ import annotations

from pathlib import Path

from app.__main__ import NOUNS
from manual import commands

ROOT = Path(__file__).parents[2]


def test_every_command_and_target_is_there() -> None:
    page = commands.page(ROOT)
    for package in ("src", "benchmarks"):
        for path in (ROOT / package).glob("*.py"):
            if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
                assert f"## python -m {package}.{path.stem}\n" in page
    assert "| `make run` |" in page
    assert "| `--limit` | 50 | rows of the table; 0 is all |" in page
    for noun in NOUNS:
        assert f"## python -m app {noun}\n" in page
    assert (
        "| `revoke` | |  | End a key within a second. |\n| | `--name` | | whose key it is |" in page
    )
    assert "| | `--scopes` | predict | " in page
    assert "\npython -m app models list churn\n" in page


def test_nothing_of_this_machine_stands_there() -> None:
    assert str(ROOT) not in commands.page(ROOT)
