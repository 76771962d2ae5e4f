"""What a command says of itself is found without running it."""

from __future__ import annotations

from pathlib import Path

from manual import commands

ROOT = Path(__file__).parents[2]


def test_every_command_and_target_is_there() -> None:
    page = commands.page(ROOT)
    for package in ("src", "app", "benchmarks"):
        for path in (ROOT / package).glob("*.py"):
            if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
                assert f"## python -m {package}.{path.stem}\n" in page
    assert "| `make run` |" in page
    assert "| `--limit` | 50 | rows of the table; 0 is all |" in page
    assert "| `revoke` | `name=<name>` | Which key ends. |" in page
    assert "| `list` | `dataset=<dataset>` | Which versions to list. |" in page


def test_nothing_of_this_machine_stands_there() -> None:
    assert str(ROOT) not in commands.page(ROOT)
