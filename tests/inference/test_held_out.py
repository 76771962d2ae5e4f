from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.inference import held_out
from src.support.errors import UserError

NAMES = ["carat", "cut"]


def records(count: int, text: str = "Ideal") -> list[tuple[Any, ...]]:
    return [(float(at), None if at == 0 else text) for at in range(count)]


def built(count: int, output: np.ndarray, truth: list[Any], **words: Any) -> dict[str, Any]:
    made = records(count, **words)
    classes = None if output.ndim == 1 else ["no", "yes"]
    found: dict[str, Any] = json.loads(held_out.build(made, NAMES, truth, output, classes))
    return found


def test_a_sample_shows_all_rows_and_the_worst_are_those_that_miss_most() -> None:
    truth = np.random.default_rng(1).permutation(2000).astype(float)
    missed = np.zeros(2000)
    missed[[7, 70, 700]] = 30, -90, 60
    told = built(2000, truth + missed, truth.tolist())
    assert told["total"] == 2000
    values = [row["actual"] for row in told["sample"]]
    assert len(values) == held_out.MOST
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, 1999)
    assert max(np.diff(values)) <= 5, "evenly"
    assert [row["record"]["carat"] for row in told["worst"]] == [70, 700, 7], "and no right ones"
    assert told["worst"][0] == {
        "record": {"carat": 70.0, "cut": "Ideal"},
        "actual": truth[70],
        "predicted": truth[70] - 90,
        "cost": 90.0,
    }


def test_of_classes_the_worst_are_those_that_were_sure_and_wrong() -> None:
    chances = [0.9, 0.2, 0.6, 0.49]  # of yes
    output = np.array([[1 - one, one] for one in chances])
    told = built(4, output, ["yes", "yes", "no", "yes"])
    worst = told["worst"]
    assert [row["record"]["carat"] for row in worst] == [1, 2, 3], "the first one is right"
    first = worst[0]
    assert (first["actual"], first["predicted"]) == ("yes", "no")
    assert (first["probability"], first["truth"], first["cost"]) == (0.8, 0.2, 0.8)
    assert told["sample"][-1]["cost"] in (0, 0.8, 0.51)
    assert len(told["sample"]) == 4


def test_long_texts_are_fewer() -> None:
    truth = [float(at) for at in range(600)]
    told = built(600, np.array(truth), truth, text="x" * 10_000)
    assert 80 <= len(told["sample"]) < 110
    assert told["sample"][-1]["actual"] == 599


def test_a_bundle_without_the_file_has_none_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    assert held_out.read(tmp_path, {"files": {}}) is None
    (tmp_path / held_out.NAME).write_text("{}")
    with pytest.raises(UserError, match="damaged"):
        held_out.read(tmp_path, {"files": {held_out.NAME: "0" * 64}})
