from __future__ import annotations

from app.dashboard.charts.blanks import blank, filled

SPEC = {
    "data": {"values": blank("rows")},
    "encoding": {"x": {"title": blank("title"), "axis": {"tickCount": 5}}},
    "transform": [{"calculate": f"{blank('edges')}[datum.i] + {blank('step')}"}],
}


def test_a_blank_gets_its_value_whatever_it_is() -> None:
    rows = [{"a": 1}]
    found = filled(SPEC, rows=rows, title="weight", edges=[0, 2.5], step=1)
    assert found == {
        "data": {"values": rows},
        "encoding": {"x": {"title": "weight", "axis": {"tickCount": 5}}},
        "transform": [{"calculate": "[0, 2.5][datum.i] + 1"}],
    }


def test_the_description_with_the_blanks_stays_as_it_is() -> None:
    first = filled(SPEC, rows=[1], title="a", edges=[], step=0)
    first["encoding"]["x"]["axis"]["tickCount"] = 9
    second = filled(SPEC, rows=[2], title=blank("rows"), edges=[], step=0)
    assert second["data"]["values"] == [2]
    assert second["encoding"]["x"] == {"title": blank("rows"), "axis": {"tickCount": 5}}
