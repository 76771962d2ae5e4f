from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import model_selection

from src.data.schema import Dataset
from src.learning.sampling import Fold, Sampling
from src.support.errors import UserError

Make = Callable[..., Dataset]
TASKS = ["regression", "binary", "multiclass"]
PERSONS = np.repeat(np.arange(30), np.arange(30) % 5 + 1)  # of one row to five


def target_of(task: str, groups: np.ndarray) -> np.ndarray:
    rows = np.arange(len(groups))
    return rows * 1.0 if task == "regression" else rows % (2 if task == "binary" else 3)


def is_apart(parts: list[Fold], groups: np.ndarray) -> bool:
    return not any(np.isin(groups[judge], groups[fit]).any() for fit, judge in parts)


@pytest.mark.parametrize("task", TASKS)
def test_rows_of_one_group_are_never_on_both_sides(task: str) -> None:
    target = target_of(task, PERSONS)
    for name in ("folds", "partition"):
        parts = getattr(Sampling(groups=PERSONS), name)(task, target, 4, seed=1)
        assert is_apart(parts, PERSONS)
        assert len(parts) == 4
        assert sorted(np.concatenate([judge for _, judge in parts])) == list(range(len(PERSONS)))
        for fit, judge in parts:
            assert sorted([*fit, *judge]) == list(range(len(PERSONS)))
            assert 6 <= len(np.unique(PERSONS[judge])) <= 9


def test_groups_are_shuffled_by_the_seed() -> None:
    def judged(seed: int) -> list[int]:
        target = target_of("regression", PERSONS)
        parts = Sampling(groups=PERSONS).folds("regression", target, 4, seed)
        return [int(PERSONS[judge].sum()) for _, judge in parts]

    assert judged(1) == judged(1)
    assert judged(1) != judged(2)


def test_each_fold_has_its_share_of_the_groups_with_a_rare_class() -> None:
    groups = np.repeat(np.arange(40), 10)
    target = np.zeros(400, dtype=int)
    target[:80:10] = 1  # one row of ten, in eight groups
    for _, judge in Sampling(groups=groups).folds("binary", target, 4, seed=3):
        assert target[judge].sum() == 2


def test_a_class_of_fewer_groups_than_folds_is_no_obstacle() -> None:
    groups = np.repeat(np.arange(20), 5)
    target = np.zeros(100, dtype=int)
    target[[0, 99]] = 1
    parts = Sampling(groups=groups).partition("binary", target, 5, seed=0)
    assert is_apart(parts, groups) or all(len(np.unique(target[fit])) == 2 for fit, _ in parts)


def test_fewer_groups_than_folds_are_refused_with_both_numbers() -> None:
    groups = np.repeat([0, 1, 2], 10)
    with pytest.raises(UserError, match="fewer groups of rows than folds") as caught:
        Sampling(groups=groups).folds("regression", target_of("regression", groups), 5, seed=1)
    assert caught.value.given == "3 groups, 5 folds"


def test_a_class_that_one_group_has_alone_cannot_be_judged() -> None:
    groups = np.repeat(np.arange(6), 5)
    target = (groups == 0).astype(int)
    with pytest.raises(UserError, match="too little to learn from"):
        Sampling(groups=groups).folds("binary", target, 3, seed=1)


@pytest.mark.parametrize("task", TASKS)
def test_a_part_of_a_fit_may_have_fewer_groups_than_asked_for(task: str) -> None:
    groups = np.repeat([0, 1, 2], 12)
    parts = Sampling(groups=groups).partition(task, target_of(task, groups), 5, seed=1)
    assert is_apart(parts, groups)
    assert len(parts) == 3


def test_a_single_group_is_split_by_rows() -> None:
    groups = np.zeros(12, dtype=int)
    parts = Sampling(groups=groups).partition("regression", np.arange(12.0), 3, seed=1)
    assert sorted(np.concatenate([judge for _, judge in parts])) == list(range(12))


@settings(max_examples=60, deadline=None)
@given(
    when=st.lists(st.integers(0, 30), min_size=20, max_size=120),
    count=st.integers(2, 5),
    gap=st.integers(0, 3),
)
def test_rows_are_judged_by_earlier_ones_alone(when: list[int], count: int, gap: int) -> None:
    moments = np.array(when, dtype=np.float64)
    every = np.unique(moments)
    assume(len(every) > count)
    try:
        parts = Sampling(moments=moments, gap=gap).folds("regression", moments, count, seed=1)
    except UserError:  # the gap takes all that is older than the first rows to judge
        assume(gap == 0)
        raise
    assert len(parts) == count
    for before, (fit, judge) in zip([None, *parts], parts, strict=False):
        first = moments[judge].min()
        assert moments[fit].max() < first
        assert np.isin(every[every < first][-gap:], moments[fit]).sum() == 0 or gap == 0
        assert before is None or moments[before[1]].max() < first
    judged = np.concatenate([judge for _, judge in parts])
    assert len(judged) == len(set(judged.tolist()))
    assert moments.max() in moments[parts[-1][1]]


def test_blocks_of_time_have_about_as_many_rows() -> None:
    moments = np.repeat(np.arange(60.0), 3)
    parts = Sampling(moments=moments).folds("regression", moments, 5, seed=1)
    assert [len(judge) for _, judge in parts] == [30] * 5
    assert [len(fit) for fit, _ in parts] == [30, 60, 90, 120, 150]


def test_a_partition_in_time_judges_each_row_once() -> None:
    moments = np.repeat(np.arange(20.0), 2)[::-1]
    parts = Sampling(moments=moments).partition("regression", moments, 5, seed=1)
    assert sorted(np.concatenate([judge for _, judge in parts])) == list(range(40))
    for fit, judge in parts[1:]:
        assert moments[fit].max() < moments[judge].min()


def test_too_few_moments_are_refused_with_how_many_are_needed() -> None:
    moments = np.repeat([1.0, 2.0, 3.0], 10)
    with pytest.raises(UserError, match="too few different moments") as caught:
        Sampling(moments=moments).folds("regression", moments, 3, seed=1)
    assert caught.value.choices == ["at least 4, one more than there are folds"]


def test_a_group_is_not_learnt_from_where_it_is_judged_later() -> None:
    moments = np.arange(40.0)
    groups = np.arange(40) % 8
    groups[:10] += 100  # who was there at the beginning does not come again
    parts = Sampling(groups=groups, moments=moments).folds("regression", moments, 3, seed=1)
    assert is_apart(parts, groups)


def test_a_fold_that_lacks_a_class_to_learn_is_refused() -> None:
    moments = np.arange(40.0)
    target = (moments > 35).astype(int)
    with pytest.raises(UserError, match="too little to learn from") as caught:
        Sampling(moments=moments).folds("binary", target, 3, seed=1)
    assert "of 1 classes" in str(caught.value.given)


def test_it_is_read_from_the_columns_that_the_dataset_names(make_dataset: Make) -> None:
    rows = pd.DataFrame(
        {"person": ["a", "b", "a"], "day": ["2", "1", "3"], "counts": [1.0, 2.0, 0.5]}
    )
    dataset = make_dataset(
        group="person", weight="counts", split={"method": "time", "column": "day", "gap": 2}
    )
    found = Sampling.of(rows, dataset).take(np.array([2, 1]))
    assert found.groups is not None
    assert found.moments is not None
    assert found.weights is not None
    assert found.groups.tolist() == [0, 1]
    assert found.moments.tolist() == [3, 1]
    assert found.weights.tolist() == [0.5, 2]
    assert found.gap == 2
    assert Sampling.of(rows, make_dataset(duplicates="drop")) == Sampling()


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", [0, 7])
def test_plain_folds_are_those_of_scikit_learn(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    for rows in (5, 6, 23, 100):
        target = random.integers(0, 3, rows)
        target[:count] = target[0]  # the first class has a row for each fold
        plain = model_selection.KFold(count, shuffle=True, random_state=seed)
        by_class = model_selection.StratifiedKFold(count, shuffle=True, random_state=seed)
        with warnings.catch_warnings():  # of a class with fewer rows than folds
            warnings.simplefilter("ignore")
            expected = {"regression": [*plain.split(target)]}
            expected["multiclass"] = [*by_class.split(target, target)]
        for task, folds in expected.items():
            found = Sampling().folds(task, target, count, seed)
            assert [[side.tolist() for side in fold] for fold in found] == [
                [side.tolist() for side in fold] for fold in folds
            ]


@pytest.mark.parametrize("count", [1, 5])
def test_more_folds_than_rows_are_none(count: int) -> None:
    with pytest.raises(ValueError, match="4 rows cannot be split"):
        Sampling().folds("regression", np.zeros(4), count, seed=1)


def test_rows_are_looked_at_without_importing_scikit_learn() -> None:
    code = "import sys, src.learning.inspection.rows; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
