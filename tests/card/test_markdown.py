from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from src.card import markdown
from src.card.schema import Card, CardDecision
from src.data.findings import Finding

TASKS = ("regression", "binary", "multiclass")


def tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]


@pytest.mark.parametrize("task", TASKS)
def test_it_is_markdown_of_every_part(cards: dict[str, Card], task: str) -> None:
    text = markdown.write(cards[task])
    assert text.startswith("# Model card: stones, mine\n")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert [name for name in headings if name not in ("Calibration", "Telling classes apart")] == [
        *("Data", "Metrics", "Importance", "Effects", "Coverage", "Where it is worst"),
        *("What was looked for, and found", "Limits", "Reproduce"),
    ]
    assert ("Calibration" in headings) == (task != "regression")
    assert text.endswith("|\n")
    assert not re.search(r"\bNone\b(?! of)", text)
    for lines in tables(text):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1, lines


def test_it_has_the_figures_of_the_card(cards: dict[str, Card]) -> None:
    card = cards["regression"]
    text = markdown.write(card)
    mae = card.metrics[0]
    assert f"| **mae** | {mae.value} | {mae.low} to {mae.high} |" in text
    assert "| **carat with width** |" in text
    assert "It predicts price (what it costs) in USD of a stone. It is judged by mae." in text
    assert "| rejected | 30 (duplicate 20, missing 10) |" in text
    assert "USD wide in the mean" in text
    assert card.reproduction.command in text
    assert "classes in the mean" in markdown.write(cards["binary"])


def test_rows_without_a_target_are_told_where_there_are_some(cards: dict[str, Card]) -> None:
    card = cards["regression"]
    some = replace(card, data=replace(card.data, unlabelled=7))
    assert "| without a target, skipped | 7 |" in markdown.write(some)
    assert "without a target" not in markdown.write(card)


def test_what_a_name_has_of_markdown_stays_text(cards: dict[str, Card]) -> None:
    card = cards["binary"]
    evil = "<script>|`*x*`"
    effect = replace(card.effects[0], feature=evil)
    finding = Finding("leaks", "x", f"{evil} leaks", "leave it out")
    decision = CardDecision(evil, 0.25, "f1", [f"few {evil}"], [0.2, 0.3])
    cause = card.importance.causes[0]
    cause = replace(cause, name=evil, parts=[replace(part, name=evil) for part in cause.parts])
    important = replace(card.importance, causes=[cause])
    changed = replace(
        card,
        dataset=evil,
        importance=important,
        effects=[effect],
        findings=[finding],
        decision=decision,
    )
    text = markdown.write(changed)
    assert "<script>" not in text.replace(r"\<script>", "")
    assert text.count(r"\<script>\|\`\*x\*\`") >= 8
    assert "Between 0.2 and 0.3 a person is to be asked." in text
    assert "| leaks | a feature that gives the target away, or names the row | **found** |" in text
