from __future__ import annotations

from collections.abc import Sequence

import pytest

from src.description import roles, types
from src.description.roles import Role
from src.support.errors import UserError
from tests.description import tables


def target(cells: Sequence[object], task: str | None = None) -> Role:
    return roles.target("target", tables.of(cells), task)


def test_numbers_of_many_values_are_regressed() -> None:
    role = target([f"{at}.5" for at in range(50)])
    assert (role.task, role.metric) == ("regression", "mae")


def test_few_whole_numbers_are_classes_and_it_is_said() -> None:
    role = target([at % 4 for at in range(80)])
    assert role.task == "multiclass"
    assert "task=regression" in role.unsure[0]


def test_the_task_may_be_asked_for() -> None:
    assert target([at % 4 for at in range(80)], "regression").task == "regression"


@pytest.mark.parametrize(
    ("cells", "positive"),
    [
        (["no"] * 30 + ["yes"] * 60, "yes"),
        ([0] * 60 + [1] * 30, "1"),
        (["good"] * 20 + ["bad"] * 60, "bad"),
        (["blue"] * 60 + ["red"] * 20, "red"),
    ],
)
def test_the_positive_class_says_so_or_is_the_rarer(cells: list[object], positive: str) -> None:
    assert target(cells).positive == positive


def test_a_positive_class_that_is_only_rarer_is_unsure() -> None:
    assert target(["blue"] * 60 + ["red"] * 20).unsure
    assert not target(["no"] * 30 + ["yes"] * 60).unsure


def test_rows_without_a_target_are_counted() -> None:
    assert target([*range(50), "", "NA"]).without == 2


def test_classes_of_few_rows_are_rare() -> None:
    role = target(["a"] * 40 + ["b"] * 40 + ["c"] * 40 + ["d"])
    assert role.rare == {"d": 1}
    assert role.classes == ["a", "b", "c", "d"]


def test_several_labels_in_a_cell_are_refused_with_what_to_do() -> None:
    with pytest.raises(UserError, match="several labels") as caught:
        target(["art|sport", "art", "sport", "money|art", "money"] * 20)
    assert "a dataset per label" in str(caught.value)


def test_a_class_with_a_comma_in_its_name_is_no_list() -> None:
    assert target(["Paris, France", "Rome, Italy", "Oslo"] * 20).task == "multiclass"


@pytest.mark.parametrize("cells", [["same"] * 30, [""] * 30, [f"x{at}" for at in range(900)]])
def test_what_cannot_be_learnt_is_refused(cells: list[object]) -> None:
    with pytest.raises(UserError):
        target(cells)


def test_rows_of_one_person_are_a_group() -> None:
    every = {
        "patient": tables.of([at // 5 for at in range(100)]),
        "age": tables.of([at % 30 for at in range(100)]),
    }
    columns = {name: types.of(name, cells) for name, cells in every.items()}
    assert roles.group(columns, every) == "patient"
    assert roles.group({"age": columns["age"]}, every) == ""


def test_a_person_with_one_row_is_no_group() -> None:
    every = {"patient": tables.of(range(100))}
    columns = {name: types.of(name, cells) for name, cells in every.items()}
    assert roles.group(columns, every) == ""


@pytest.mark.parametrize(
    ("cells", "says", "do"),
    [
        (["x", "", "", "x"], "'x' in 2 rows, and 2 empty cells", "such as no"),
        (["x", "x"], "'x' in 2 rows", "target=<column>"),
        (["", ""], "2 empty cells", "target=<column>"),
    ],
)
def test_a_target_of_one_value_says_what_to_do(cells: list[str], says: str, do: str) -> None:
    with pytest.raises(UserError, match="The target 'bought' has") as caught:
        roles.target("bought", tables.of(cells), None)
    assert caught.value.given == says
    assert do in str(caught.value.fix)
