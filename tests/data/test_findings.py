from __future__ import annotations

import json
from typing import Any

import pytest

from src.data import findings
from src.data.findings import Finding

LEAK = Finding("leaks", "id", "id names the row", "take it out", ["id"], {"rows": 40})
GAP = Finding("gap", "figures_apart", "mae is 3 and 2", "trust it", [], {"held_out": 3.0})


def test_findings_are_kept_as_plain_values_in_the_order_of_the_rules() -> None:
    values = findings.plain([GAP, LEAK])
    assert json.loads(json.dumps(values)) == values
    assert [one["rule"] for one in values] == ["leaks", "gap"]
    assert findings.read(values) == [LEAK, GAP]


@pytest.mark.parametrize("values", [None, "many", [3], [{"rule": "leaks"}], {"leaks": 1}])
def test_what_another_version_wrote_is_no_finding(values: Any) -> None:
    assert findings.read(values) == []


def test_keys_of_a_later_version_are_passed_over() -> None:
    (values,) = findings.plain([LEAK])
    assert findings.read([{**values, "more": 1}]) == [LEAK]


def test_a_manifest_has_those_of_the_rows_and_those_of_the_model() -> None:
    rows, model = findings.plain([LEAK]), findings.plain([GAP])
    assert findings.of({"data": {"findings": rows}, "findings": model}) == [LEAK, GAP]
    assert findings.of({"data": {"findings": []}, "findings": []}) == []


@pytest.mark.parametrize("manifest", [{}, {"data": {"md5": "x"}}, {"data": None}, {"findings": []}])
def test_of_an_old_manifest_nothing_is_known(manifest: dict[str, Any]) -> None:
    assert findings.of(manifest) is None


def test_what_several_models_share_is_one_line() -> None:
    rows, model = findings.plain([LEAK]), findings.plain([GAP])
    found = [("rows", rows), ("linear", model), ("ridge", model), ("ridge", model), ("old", None)]
    assert findings.table(found) == [
        ["rows", "leaks", LEAK.says, LEAK.do],
        ["linear, ridge", "gap", GAP.says, GAP.do],
    ]
