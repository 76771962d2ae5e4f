"""Verdicts that hang on the word of one key, and those that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.trainings.judging import dependence
from app.trainings.result import Contest
from app.trainings.rows import authors
from app.trainings.rows.training_rows import TrainingRows
from src.data.prepared import Prepared
from src.data.schema import Dataset
from src.evaluation.bootstrap import Comparison
from src.runs.comparison import Paired

FILE = authors.FILE
BETTER = Comparison(1.0, 2.0, 1.0, 0.9, 1.1, True)


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset(metric="mae")


def find(
    dataset: Dataset, learnt: dict[str, int], judged: dict[str, tuple[int, float]]
) -> list[dependence.Dependence]:
    """Look at so many rows of each key; of those that judge each is better by so much."""
    keys = [key for key, count in learnt.items() for _ in range(count)]
    at = len(keys)
    keys += [key for key, (count, _) in judged.items() for _ in range(count)]
    gain = np.array([gain for count, gain in judged.values() for _ in range(count)])
    noise = np.random.default_rng(0).normal(0, 0.1, len(gain))
    index = np.arange(at, len(keys))
    truth, champion = np.zeros(len(gain)), np.full(len(gain), 10.0)
    paired = Paired(index, truth, champion - gain + noise, champion, (None, None))  # type: ignore[arg-type]
    contest = Contest(len(gain), 0, "mae", BETTER, paired=paired, champion=3)
    frame = pd.DataFrame({"x": np.zeros(len(keys))})
    trusted = frozenset({FILE, "bank"})
    gathered = TrainingRows(frame, "", None, np.array(keys, dtype=object), trusted)
    ready = Prepared(frame.iloc[:at], frame.iloc[at:], {})
    return dependence.find(contest, gathered, ready, dataset, 7)


def words(*arguments: Any) -> str:
    return dependence.objection(find(*arguments))


def test_one_key_against_the_file_is_not_enough(dataset: Dataset) -> None:
    said = words(dataset, {FILE: 400, "shop": 100}, {FILE: (100, -1.0), "shop": (60, 8.0)})
    assert said.startswith("without the labels of the key 'shop' it is worse by more than noise: ")
    assert "of version 3 on the 100 rows that are not that key's" in said


def test_one_key_that_the_file_does_not_contradict_is_heard(dataset: Dataset) -> None:
    found = find(dataset, {FILE: 400, "shop": 100}, {FILE: (100, 0.0), "shop": (60, 8.0)})
    assert dependence.objection(found) == ""
    (one,) = found
    assert (one.without.key, one.without.rows) == ("shop", 100)
    assert isinstance(one.without.high, float)
    assert isinstance(one.without.low, float)
    assert one.without.low < 0 < one.without.high


def test_many_keys_that_agree_are_heard_against_the_file(dataset: Dataset) -> None:
    shops = {f"shop {at}": (40, 8.0) for at in range(5)}
    learnt = {FILE: 400, **dict.fromkeys(shops, 160)}
    found = find(dataset, learnt, {FILE: (100, -1.0), **shops})
    assert dependence.objection(found) == ""
    assert [one.without.rows for one in found] == [260] * 5


def test_a_key_that_is_trusted_is_not_asked_about(dataset: Dataset) -> None:
    assert find(dataset, {FILE: 100, "bank": 400}, {FILE: (100, -1.0), "bank": (90, 8.0)}) == []


def test_what_was_mostly_learnt_from_one_key_must_be_better_elsewhere(dataset: Dataset) -> None:
    said = words(dataset, {FILE: 100, "shop": 101}, {FILE: (100, 0.0), "shop": (60, 8.0)})
    assert "'shop', which are most of what it learnt from, it is not better: mae 10" in said
    assert words(dataset, {"shop": 101}, {FILE: (100, 1.0), "shop": (60, 8.0)}) == ""


@pytest.mark.parametrize("rows", [0, 29])
def test_too_few_rows_of_others_judge_nothing(dataset: Dataset, rows: int) -> None:
    said = words(dataset, {FILE: 400, "shop": 10}, {FILE: (rows, 9.0), "shop": (60, 8.0)})
    assert said == (
        f"without the labels of the key 'shop' it cannot be judged: only {rows} of the rows that "
        "judge are not its own, and 30 are needed"
    )


def test_where_a_key_is_all_there_is_it_decides(dataset: Dataset) -> None:
    assert find(dataset, {"shop": 400}, {"shop": (100, 8.0)}) == []
