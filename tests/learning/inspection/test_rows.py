from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.data import cleaning, findings, splitting
from src.data.prepared import Prepared
from src.learning.inspection import rows

Make = Callable[..., Any]
KINDS = {"age": "integer", "job": "category", "copy": "number"}


def calls(count: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    bought = rng.random(count) < 0.4
    return pd.DataFrame(
        {
            "age": rng.integers(20, 24, count).astype(str),
            "job": rng.choice(["clerk", "cook"], count),
            "copy": np.where(bought, "1.5", ""),
            "bought": np.where(bought, "yes", "no"),
        }
    )


def inspect(make: Make, raw: pd.DataFrame, **keys: Any) -> Prepared:
    kinds = keys.pop("kinds", KINDS)
    dataset = make(
        calls().head(0)[["bought"]].assign(**dict.fromkeys(kinds, 0.0)),
        "bought",
        kinds,
        task="binary",
        **keys,
    ).dataset
    cleaned = cleaning.clean(raw, dataset)
    parts = splitting.split(cleaned.rows, dataset, 1)
    origin = {"source": "data/calls.csv", **cleaned.quality()}
    return rows.inspected(dataset, Prepared(parts.train, parts.test, origin), cleaned, 1)


def found(ready: Prepared) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in ready.origin["findings"]}


def test_what_is_found_is_kept_with_the_origin_in_plain_values(make_table: Make) -> None:
    raw = calls().assign(age=[str(at) for at in range(400)])
    ready = inspect(make_table, raw)
    assert ready.origin["source"] == "data/calls.csv"
    assert list(found(ready)) == ["id", "exists_with_target"]
    assert json.loads(json.dumps(ready.origin)) == ready.origin
    again = inspect(make_table, raw)
    assert again.origin == ready.origin


def test_rows_that_are_dropped_are_told_once_they_are_the_most(make_table: Make) -> None:
    plain = {"age": "integer", "job": "category"}
    told = found(inspect(make_table, calls(), kinds=plain))["rows_dropped"]
    dropped = 400 - len(calls()[["age", "job", "bought"]].drop_duplicates())
    assert told["figures"] == {"rows": 400, "dropped": dropped}
    assert f"{dropped} of 400 rows ({dropped / 400:.1%}) are dropped" in told["says"]
    assert "duplicates: keep" in told["do"]
    assert "rows_dropped" not in found(inspect(make_table, calls(), kinds=plain, duplicates="keep"))
    half = calls(40).assign(age=[str(at) for at in range(40)])
    twice = pd.concat([half, half])
    assert "rows_dropped" not in found(inspect(make_table, twice, kinds=plain))
    key = {"duplicates": "first", "key": ["age"]}
    aged = calls().assign(age=[str(at % 50) for at in range(400)])
    ready = inspect(make_table, aged, kinds=plain, **key)
    assert "their key is that of an earlier row" in found(ready)["rows_dropped"]["says"]


def test_rows_that_are_kept_are_told_once_they_are_the_most(make_table: Make) -> None:
    plain = {"age": "integer", "job": "category"}
    raw = calls().assign(name=[f"n{at}" for at in range(400)])
    ready = inspect(make_table, raw, kinds=plain)
    alike = 400 - len(calls()[["age", "job", "bought"]].drop_duplicates())
    told = found(ready)["rows_alike"]
    assert len(ready.train) + len(ready.test) == 400
    assert told["figures"] == {"rows": 400, "alike": alike}
    assert told["says"].endswith("that the YAML names: each has a side of the split of its own")
    assert "rows_dropped" not in found(ready)
    copies = pd.concat([calls(40).assign(age=[str(at) for at in range(40)])] * 3)
    copies = copies.assign(row=[str(at) for at in range(120)])
    said = found(inspect(make_table, copies, kinds=plain))["rows_alike"]["says"]
    assert said.endswith("figures rest on 40 different rows")
    assert "rows_alike" not in found(inspect(make_table, copies, kinds=plain, duplicates="keep"))


def test_a_leak_is_told_once(make_table: Make) -> None:
    """What is missing wherever the target is, and told by it too, is one thing to do."""
    raw = calls(1000)
    raw["copy"] = raw["bought"]
    raw.loc[::20, ["bought", "copy"]] = ""
    kinds = {"age": "integer", "copy": "category"}
    ready = inspect(make_table, raw, kinds=kinds, duplicates="keep")
    assert [one["columns"] for one in ready.origin["findings"]] == [["copy"]]


@pytest.mark.parametrize("count", [0, 3, 29])
def test_of_few_rows_nothing_is_found(make_table: Make, count: int) -> None:
    cleaned = cleaning.clean(
        calls(40),
        make_table(
            calls().head(0)[["bought"]].assign(age=0.0),
            "bought",
            {"age": "integer"},
            task="binary",
            duplicates="keep",
        ).dataset,
    )
    few = cleaned.rows.head(count)
    keys = {"task": "binary", "duplicates": "keep"}
    dataset = make_table(few, "bought", {"age": "integer"}, **keys).dataset
    assert rows.find(dataset, Prepared(few, few, {}), cleaned, 1) == []


def test_every_rule_that_is_found_can_be_refused() -> None:
    assert list(findings.RULES) == ["leaks", "shift", "coverage", "gap", "groups", "duplicates"]
