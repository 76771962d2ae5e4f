from __future__ import annotations

from src.support.markdown import Markdown, bold, cell, table


def test_a_table_has_its_cells_escaped() -> None:
    assert table(["a|b", "c"], [[1234, None], ["<b>", bold("x*")]]) == (
        "| a\\|b | c |\n| --- | --- |\n| 1,234 | - |\n| \\<b> | **x\\*** |"
    )


def test_a_cell_is_one_line() -> None:
    assert cell("a\n b") == "a b"
    assert cell(Markdown("`a`")) == "`a`"
