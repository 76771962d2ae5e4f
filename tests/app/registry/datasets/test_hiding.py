from __future__ import annotations

from typing import Any

from app.registry.datasets import hiding
from app.store.redaction import HIDDEN, NOTHING_HIDDEN, Redaction
from src.data.findings import Finding

OWNER = Redaction(["Owner"])
LATE = Redaction(["late"])
ROW = {"record": {"amount": 1.0, "owner": "north"}, "actual": "1", "cost": 0.5}
NUMBERS = {"mean": 1.0}


def column(name: str, **more: Any) -> dict[str, Any]:
    told = {"role": "feature", "optional": False, "rows": 3, "missing": 0, "distinct": 3}
    return {"name": name, **told, **more}


PROFILE: dict[str, Any] = {
    "target": "late",
    "sample": [["1", 250.0, "north", "a text"]],
    "columns": [
        column("late", type="class", values=[{"value": "1", "rows": 3}], others={"values": 0}),
        column("amount", type="number", numbers=NUMBERS, bins={}, against_target={"kind": "boxes"}),
        column(
            "owner",
            type="category",
            ordered=False,
            values=[{"value": "north", "rows": 3}],
            others={"values": 1, "rows": 1},
            against_target={"kind": "shares"},
        ),
        column("text", type="text", lengths={"words": NUMBERS}, telling=[{"group": "1"}]),
    ],
    "correlations": {
        "method": "rank",
        "columns": ["late", "amount", "owner"],
        "values": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    },
    "findings": [],
}
CARD: dict[str, Any] = {
    "purpose": {"target": "late"},
    "effects": [{"feature": "owner"}, {"feature": "amount"}],
    "coverage": {"measured": 0.9, "groups": [{"feature": "owner"}, {"feature": "late"}]},
    "points": [[1, 1]],
    "segments": [{"by": ["owner", "amount"]}, {"by": ["amount"]}],
    "findings": [],
    "limits": {
        "says": ["of owner north ranges hold less", "amount is learnt from 1 to 9"],
        "ranges": [{"feature": "amount"}],
        "values": [{"feature": "owner"}],
    },
}


def test_a_row_has_neither_a_hidden_field_nor_a_hidden_truth() -> None:
    (row,) = hiding.rows([ROW], "late", OWNER)
    assert row == {**ROW, "record": {"amount": 1.0, "owner": HIDDEN}}
    assert hiding.rows([ROW], "late", LATE) == [], "its error tells its truth"
    assert hiding.points([[1, 2]], "late", LATE) == []
    assert hiding.points([[1, 2]], "late", OWNER) == [[1, 2]]


def test_a_profile_counts_the_rows_of_a_hidden_column_and_no_more() -> None:
    found = hiding.profile(PROFILE, OWNER)
    assert found["sample"] == [["1", 250.0, HIDDEN, "a text"]]
    by_name = {one["name"]: one for one in found["columns"]}
    for name in ("late", "amount", "text"):
        assert by_name[name] in PROFILE["columns"]
    owner = by_name["owner"]
    assert (owner["values"], owner["others"]) == ([], {"values": 0, "rows": 0})
    assert owner["against_target"] is None
    assert owner["distinct"] == 3
    assert found["correlations"]["columns"] == ["late", "amount"]
    assert found["correlations"]["values"] == [[1, 2], [4, 5]]
    assert hiding.profile(PROFILE, NOTHING_HIDDEN) == PROFILE
    plain = {**PROFILE, "correlations": None}
    assert hiding.profile(plain, OWNER)["correlations"] is None


def test_of_numbers_and_texts_there_is_nothing_to_draw() -> None:
    found = hiding.profile(PROFILE, Redaction(["amount", "text"]))
    by_name = {one["name"]: one for one in found["columns"]}
    assert by_name["amount"]["numbers"] is by_name["amount"]["bins"] is None
    assert by_name["text"]["lengths"]["words"] == {"numbers": None, "bins": None}
    assert by_name["text"]["telling"] == []


def test_where_the_target_is_hidden_nothing_stands_against_it() -> None:
    columns = hiding.profile(PROFILE, LATE)["columns"]
    assert not any(one.get("against_target") or one.get("telling") for one in columns)
    assert columns[1]["numbers"] == NUMBERS


def test_a_card_tells_nothing_of_a_hidden_field() -> None:
    found = hiding.card(CARD, OWNER)
    assert found["effects"] == [{"feature": "amount"}]
    assert found["coverage"] == {"measured": 0.9, "groups": [{"feature": "late"}]}
    assert found["segments"] == [{"by": ["amount"]}]
    assert found["limits"]["says"] == ["amount is learnt from 1 to 9"]
    assert (found["limits"]["ranges"], found["limits"]["values"]) == ([{"feature": "amount"}], [])
    assert found["points"] == [[1, 1]]
    assert hiding.card(CARD, LATE)["points"] == []
    assert hiding.card(CARD, NOTHING_HIDDEN) == CARD


def test_a_finding_of_a_hidden_field_says_that_there_is_one() -> None:
    one = Finding("leaks", "tells_target", "owner is north in 9 rows", "take it out", ["owner"])
    other = Finding("gap", "apart", "mae is 3 and 9", "look", [])
    first, second = hiding.findings([one, other], OWNER) or []
    assert first.says == f"owner: {HIDDEN}"
    assert (first.do, first.code) == (one.do, one.code)
    assert second == other
    assert hiding.findings(None, OWNER) is None
