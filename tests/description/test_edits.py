from __future__ import annotations

import pytest
import yaml

from src.description.edits import Edits
from src.support.errors import UserError

TEXT = """\
# by hand
name: x   # the name
features:
  # first
  a: {type: number, above: 0, max: 20}  # weight

  b:
    type: category
    values:
      - one
      - two  # the second
    # after
  c:
    type: integer
    about: >-
      long
  d: {type: integer}
  # left out
missing: ["", NA]
"""


def edited(edits: Edits) -> str:
    yaml.safe_load(edits.text)
    return edits.text


def test_without_an_edit_the_text_is_the_same() -> None:
    assert edited(Edits(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (["features", "a", "max"], 40, "max: 20}", "max: 40}"),
        (["features", "a", "optional"], True, "max: 20}", "max: 20, optional: true}"),
        (["name"], "no", "name: x   #", "name: 'no'   #"),
        (["separator"], ";", "NA]\n", "NA]\nseparator: ;\n"),
        (
            ["features", "b", "optional"],
            True,
            "# the second\n",
            "# the second\n    optional: true\n",
        ),
    ],
)
def test_a_value_is_put_in_its_place_or_added(
    path: list[str], value: object, before: str, after: str
) -> None:
    edits = Edits(TEXT)
    edits.put(path, value)
    assert edited(edits) == TEXT.replace(before, after)


def test_a_key_gives_its_place_to_another() -> None:
    edits = Edits(TEXT)
    edits.rename(["features", "a", "above"], "min", -5)
    assert edited(edits) == TEXT.replace("above: 0", "min: -5")


def test_lists_grow_as_they_are_written() -> None:
    edits = Edits(TEXT)
    edits.extend(["features", "b", "values"], ["three", "no"])
    edits.append(["missing"], ["?"], ["", "never"])
    edits.append(["features", "d", "missing"], ["?"], ["-"])
    edits.put(["features", "c", "optional"], True)
    assert edited(edits) == (
        TEXT.replace("# the second\n", "# the second\n      - three\n      - 'no'\n")
        .replace("NA]", "NA, '?']")
        .replace("d: {type: integer", "d: {type: integer, missing: ['-', '?']")
        .replace("      long\n", "      long\n    optional: true\n")
    )


def test_a_key_becomes_a_comment_with_all_its_lines() -> None:
    edits = Edits(TEXT)
    edits.comment_out(["features", "b"], "gone")
    text = edited(edits)
    assert "  # b:  # gone\n  #   type: category\n" in text
    assert "  #     - two  # the second\n    # after\n" in text
    assert list(yaml.safe_load(text)["features"]) == ["a", "c", "d"]


def test_another_type_takes_what_it_does_not_have_out() -> None:
    edits = Edits(TEXT)
    edits.recast(["features", "a"], {"about": "mine"}, {"type": "text"})
    edits.recast(["features", "b"], {}, {"type": "text", "optional": True})
    text = edited(edits)
    assert yaml.safe_load(text)["features"]["a"] == {"type": "text", "about": "mine"}
    assert yaml.safe_load(text)["features"]["b"] == {"type": "text", "optional": True}
    assert "# values:" in text


def test_a_value_that_stands_elsewhere_is_not_there() -> None:
    text = "base: &base {type: number}\nfeatures: {a: *base, b: {type: text}}\n"
    edits = Edits(text)
    assert not edits.has(["features", "a"])
    assert edits.has(["features", "b"])
    with pytest.raises(UserError, match="no such key"):
        edits.put(["features", "a", "max"], 1)


def test_a_text_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(UserError, match="no keys"):
        Edits("- a\n")
