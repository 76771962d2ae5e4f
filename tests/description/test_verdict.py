"""What is said of the models of a first look."""

from __future__ import annotations

from typing import Any

from src.description import verdict
from src.description.verdict import Candidate

PLAIN = Candidate("plain", 0, [0.5, 0.5, 0.5, 0.5, 0.5], 0.5)


def candidate(model: str, *scores: float, tested: float = 0.8, **ends: Any) -> Candidate:
    return Candidate(model, {"straight": 2, "trees": 5}[model], list(scores), tested, **ends)


def said(*candidates: Candidate, metric: str = "roc_auc") -> list[str]:
    return verdict.sentences(metric, candidates, "left", 1200)


STRAIGHT = candidate("straight", 0.80, 0.81, 0.79, 0.80, 0.82, low=0.75, high=0.85)
TREES = candidate("trees", 0.90, 0.91, 0.88, 0.90, 0.92, low=0.85, high=0.95)


def test_a_clear_winner_has_one_sentence() -> None:
    assert said(PLAIN, STRAIGHT, TREES) == [
        "The best is trees: roc_auc 0.8 on 1,200 test rows; chance moves it between 0.85 and 0.95."
    ]


def test_a_figure_without_an_interval_says_none() -> None:
    assert said(candidate("trees", 0.9, 0.9)) == [
        "The best is trees: roc_auc 0.8 on 1,200 test rows."
    ]


def test_models_that_chance_may_have_ordered_are_named() -> None:
    other = candidate("straight", 0.91, 0.89, 0.90, 0.89, 0.91)
    _, told = said(PLAIN, other, TREES)
    assert told.startswith("Cross-validation cannot tell straight from it")
    assert told.endswith("The simplest of them is straight.")


def test_none_is_better_than_always_the_same() -> None:
    worse = candidate("trees", 0.4, 0.5, 0.45, 0.5, 0.4)
    _, told = said(PLAIN, worse)
    assert told.startswith("No model is better than plain, which always answers the same")
    assert "say nothing of left" in told


def test_one_is_better_than_always_the_same_by_chance() -> None:
    _, told = said(PLAIN, candidate("trees", 0.4, 0.7, 0.45, 0.6, 0.5, low=0.6, high=0.9))
    assert told.startswith("It is not surely better than plain")
    assert "roc_auc 0.53 and 0.5" in told


def test_test_rows_that_are_too_few_to_show_it() -> None:
    few = candidate("trees", 0.8, 0.8, 0.79, 0.81, 0.8, tested=0.55, low=0.4, high=0.7)
    _, told = said(PLAIN, few)
    assert "the test rows are too few to show it (plain has 0.5)" in told


def test_less_of_an_error_is_better() -> None:
    plain = Candidate("plain", 0, [9.0, 9.1, 9.0], 9.0)
    assert len(said(plain, candidate("trees", 2, 2.1, 2, low=1.5, high=3), metric="mae")) == 1
    assert len(said(plain, candidate("trees", 2, 2.1, 2, low=1.5, high=9.5), metric="mae")) == 2


def test_a_model_whose_metric_is_not_defined_is_no_best() -> None:
    assert verdict.best("roc_auc", [candidate("straight", float("nan"), 0.9), TREES]) is TREES


def test_a_blend_is_the_best_only_where_it_is_surely_better_than_its_members() -> None:
    def blend(*scores: float) -> Candidate:
        members = {"trees": TREES.scores, "straight": STRAIGHT.scores}
        return Candidate("both", 6, list(scores), 0.9, members=members)

    surely, hardly = blend(0.92, 0.93, 0.90, 0.921, 0.94), blend(0.92, 0.89, 0.91, 0.90, 0.94)
    assert hardly.mean > TREES.mean
    assert verdict.best("roc_auc", [TREES, STRAIGHT, hardly]) is TREES
    assert verdict.best("roc_auc", [TREES, STRAIGHT, surely]) is surely
    assert verdict.best("roc_auc", [STRAIGHT, hardly]) is hardly
