from __future__ import annotations

from collections.abc import Callable

from src.data.schema import Dataset
from src.evaluation.decision import Decision
from src.inference.answer_cells import AnswerCells, header


def test_numbers_are_written_as_the_column_of_the_target_is(
    make_dataset: Callable[..., Dataset],
) -> None:
    target = {"name": "price", "prefix": "$", "decimal": ","}
    cells = AnswerCells(make_dataset(target=target), Decision())
    assert cells.names == ["predicted_price", "low", "high"]
    assert (cells.value(12.5), cells.value(3.0), cells.chance(0.25)) == ("$12,5", "$3", "0.25")


def test_a_decision_has_columns_where_it_says_something(
    make_dataset: Callable[..., Dataset],
) -> None:
    dataset = make_dataset(task="binary", target={"name": "late"}, metric="accuracy")
    plain, decided = (
        AnswerCells(dataset, Decision()),
        AnswerCells(dataset, Decision(0.3, (0.2, 0.4))),
    )
    assert plain.names == ["predicted_late", "probability", "likely"]
    assert decided.names == [*plain.names, "threshold", "abstains"]
    assert (decided.flag(True), decided.likely([0, 1])) == ("true", "0 | 1")
    assert decided.warnings([{"code": "unsure"}, {"code": "abstained"}]) == "unsure;abstained"


def test_a_name_that_is_taken_is_made_another() -> None:
    came = ["id", "low", "predicted_low"]
    assert header(came, ["low", "high"]) == [*came, "predicted_predicted_low", "high"]
