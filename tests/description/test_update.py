from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from src.data.schema import Dataset
from src.description import update
from src.description.update import Proposal
from src.support.errors import UserError
from src.support.structs import convert
from tests.description import tables

TEXT = """\
# by hand
name: things
task: binary
source: things.csv
target: {name: back, values: ["no", "yes"], positive: "yes"}  # what comes back
features:
  weight (kg): {type: number, above: 0, max: 60, unit: kg}  # heavy

  size: {type: category, order: [S, M, L]}
  shop:
    type: category
    values:
      - north
      - south  # of the river
      - web
  # rownames: {type: id}
metric: roc_auc
"""


def proposed(folder: Path, frame: pd.DataFrame, text: str = TEXT, **how: Any) -> Proposal:
    dataset = convert(yaml.safe_load(text), Dataset, "dataset")
    path = folder / "things.csv"
    frame.to_csv(path, index=False, **how)
    return update.proposed(text, dataset, *update.read(str(path), dataset))


def said(proposal: Proposal, *, is_unsure: bool) -> str:
    return "\n".join(note.says for note in proposal.notes if note.is_unsure == is_unsure)


def test_a_file_that_holds_changes_nothing(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, tables.things())
    assert proposal == Proposal(TEXT)


def words(name: str, rows: slice, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        cells = frame[name].astype(object)
        cells.loc[rows] = value
        return frame.assign(**{name: cells})

    return changed


def days(style: str) -> list[str]:
    moments = pd.date_range("2024-01-01", periods=tables.ROWS)
    return list(moments.strftime(style))


@pytest.mark.parametrize(
    ("change", "before", "after", "why"),
    [
        (words("size", slice(3, 20), "XL"), "M, L]", "M, L, XL]", "other values: 'XL' (18)"),
        (
            words("shop", slice(3, 20), "no one"),
            "- web\n",
            "- web\n      - no one\n",
            "not listed: 'no one' (18)",
        ),
        (words("shop", slice(3, 9), None), "- web\n", "- web\n    optional: true\n", "missing in"),
        (
            words("weight (kg)", slice(3, 60), None),
            "unit: kg}",
            "unit: kg, optional: true}",
            "missing in",
        ),
    ],
)
def test_what_is_sure_is_proposed(
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    before: str,
    after: str,
    why: str,
) -> None:
    proposal = proposed(tmp_path, change(tables.things()))
    assert proposal.text == TEXT.replace(before, after)
    assert why in said(proposal, is_unsure=False)
    assert not said(proposal, is_unsure=True)
    assert proposal.is_as_before


@pytest.mark.parametrize(
    ("change", "before", "after", "doubt"),
    [
        (words("weight (kg)", slice(3, 3), 130), "max: 60", "max: 200", "1 cell not at most 60"),
        (words("weight (kg)", slice(3, 4), -3), "above: 0", "min: -5", "2 cells not above 0"),
        (words("weight (kg)", slice(3, 3), 0), "above: 0", "min: 0", "1 cell not above 0"),
        (words("size", slice(3, 3), "P"), "M, L]", "M, L, P]", "place in the order"),
        (
            words("weight (kg)", slice(3, 20), "unknown"),
            "unit: kg}",
            "unit: kg, missing: [unknown]}",
            "'unknown' in weight (kg) counts as missing",
        ),
    ],
)
def test_what_a_person_has_to_decide_is_proposed_and_said(
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    before: str,
    after: str,
    doubt: str,
) -> None:
    proposal = proposed(tmp_path, change(tables.things()))
    assert proposal.text.replace(", optional: true", "") == TEXT.replace(before, after)
    assert doubt in said(proposal, is_unsure=True)


def test_bounds_are_never_narrowed(tmp_path: Path) -> None:
    frame = tables.things()
    frame["weight (kg)"] = frame["weight (kg)"].clip(1, 2)
    assert proposed(tmp_path, frame).text == TEXT


@pytest.mark.parametrize(
    ("name", "value", "doubt"),
    [
        ("shop", "North", "is 'north' spelt otherwise?"),
        ("weight (kg)", "heavy", "is no number: its row is rejected"),
        ("back", "maybe", "of back not as the YAML has it"),
    ],
)
def test_what_may_be_a_mistake_is_told_and_not_written(
    tmp_path: Path, name: str, value: str, doubt: str
) -> None:
    proposal = proposed(tmp_path, words(name, slice(3, 3), value)(tables.things()))
    assert proposal.text == TEXT
    assert doubt in said(proposal, is_unsure=True)


def test_a_type_that_no_longer_holds_is_another_one(tmp_path: Path) -> None:
    grades = np.resize(["light", "heavy", "light", "fair"], tables.ROWS)
    frame = tables.things().assign(**{"weight (kg)": grades})
    proposal = proposed(tmp_path, frame)
    assert "  weight (kg): {type: category}  # heavy\n" in proposal.text
    whole = TEXT.replace("type: number", "type: integer")
    assert proposed(tmp_path, tables.things(), whole).text == TEXT


def test_new_columns_stand_below_the_features_and_leaks_are_comments(tmp_path: Path) -> None:
    frame = tables.things()
    draw = np.random.default_rng(1)
    more = frame.assign(
        height=draw.normal(5, 1, tables.ROWS).round(2),
        returned=np.where(frame["back"] == "yes", "r", "k"),
        nothing="",
    )
    proposal = proposed(tmp_path, more)
    assert "      - web\n  height: {type: number, min: 0, max: 15}\n" in proposal.text
    assert "  # returned: {type: category}  # LEAK: " in proposal.text
    assert "  # nothing: all 240 cells are empty\n" in proposal.text
    assert proposal.new == ["height"]
    assert not proposal.is_as_before
    again = proposed(tmp_path, more, proposal.text)
    assert again.text == proposal.text


def test_columns_that_are_gone_become_comments(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, tables.things().drop(columns=["size"]))
    gone = "  # size: {type: category, order: [S, M, L]}  # the source has no such column any more"
    assert f"\n{gone}\n" in proposal.text
    assert not proposal.fault
    derived = f"{TEXT}derived: {{heavy: weight (kg) * 2}}\n".replace("weight (kg)", "weight")
    frame = tables.things().rename(columns={"weight (kg)": "mass"})
    assert "weight" in proposed(tmp_path, frame, derived).fault


def test_a_column_by_another_spelling_keeps_its_name(tmp_path: Path) -> None:
    frame = tables.things().rename(columns={"size": "Size", "back": "BACK"})
    proposal = proposed(tmp_path, frame)
    assert "size: {type: category, order: [S, M, L], column: Size}" in proposal.text
    assert 'positive: "yes", column: BACK}' in proposal.text
    assert not proposal.is_as_before


def test_without_a_target_there_is_nothing_to_propose(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Unknown column 'back'"):
        proposed(tmp_path, tables.things().drop(columns=["back"]))


@pytest.mark.parametrize(
    ("how", "line"), [({"sep": ";"}, "separator: ;"), ({"encoding": "utf-16"}, "encoding: utf-16")]
)
def test_another_dialect_is_told(tmp_path: Path, how: dict[str, Any], line: str) -> None:
    proposal = proposed(tmp_path, tables.things(), **how)
    assert proposal.text == f"{TEXT}{line}\n"
    assert "the file is written otherwise" in said(proposal, is_unsure=True)
    assert proposed(tmp_path, tables.things(), proposal.text, **how).text == proposal.text


def test_an_encoding_that_makes_other_letters_is_another_dialect(tmp_path: Path) -> None:
    text = TEXT.replace("things.csv\n", "things.csv\nencoding: latin-1\n").replace("web", "süd")
    frame = tables.things().replace("web", "süd")
    assert proposed(tmp_path, frame, text, encoding="latin-1").text == text
    assert proposed(tmp_path, frame, text).text == text.replace("latin-1", "utf-8")


def test_decimals_of_all_columns_are_the_datasets(tmp_path: Path) -> None:
    text = TEXT.replace("  size:", "  price: {type: number}\n  size:")
    frame = tables.things()
    frame["price"] = (frame["weight (kg)"] * 3).round(2)
    proposal = proposed(tmp_path, frame, text, sep=";", decimal=",")
    assert proposal.text == f"{text}separator: ;\ndecimal: ','\n"


def test_dates_in_another_format(tmp_path: Path) -> None:
    text = TEXT.replace("  size:", "  day: {type: date, max: '2024-05-31'}\n  size:")
    frame = tables.things(day=days("%d.%m.%Y"))
    proposal = proposed(tmp_path, frame, text)
    assert "format: '%d.%m.%Y'" in proposal.text
    again = proposed(tmp_path, frame, proposal.text)
    assert "max: '2024-08-27'" in again.text


def test_a_sign_of_several_columns_is_the_datasets(tmp_path: Path) -> None:
    frame = words("size", slice(3, 9), "?")(tables.things())
    proposal = proposed(tmp_path, words("shop", slice(9, 15), "?")(frame))
    assert "'null', 'NULL', None, '?']\n" in proposal.text
    again = proposed(tmp_path, frame, proposal.text)
    assert again.text.count("optional: true") == 1
