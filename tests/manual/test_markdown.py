"""Tables and the names of headings."""

from __future__ import annotations

import pytest

from manual import markdown


def test_a_cell_may_hold_a_bar_and_lines() -> None:
    told = markdown.table(["a", ""], [("x|y", "one\n two"), ("", "z\\|w")])
    assert told.splitlines() == [
        "| a | |",
        "| --- | --- |",
        "| x\\|y | one two |",
        "| | z\\|w |",
    ]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("GET /v1/{dataset}/models", "get-v1datasetmodels"),
        ("conf/model/\\<name>.yaml", "confmodelnameyaml"),
        ("1. Install: three minutes", "1-install-three-minutes"),
    ],
)
def test_a_heading_is_named_as_a_forge_names_it(heading: str, name: str) -> None:
    assert markdown.anchor(heading) == name
