from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDRegressor
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import SVC, LinearSVC

from src.learning import scores
from src.learning.recipe import Fitted

RNG = np.random.default_rng(0)
MATRIX = np.abs(RNG.normal(size=(90, 4)))
VALUES = MATRIX @ [1.0, 2.0, -3.0, 0.5] + 7
PLACES = np.argsort(np.argsort(VALUES))
HALVES, THIRDS = PLACES // 45, PLACES // 30
NAMES = ["one", "two", "three"]


def read(members: list[Any], target: np.ndarray, *, log: bool = False) -> scores.Scores | None:
    fitted = [member.fit(MATRIX, target) for member in members]
    is_value = target is VALUES
    classes = None if is_value else NAMES[: int(target.max()) + 1]
    return scores.read(Fitted(None, fitted, log, classes))  # type: ignore[arg-type]


def test_values_of_members_are_averaged_into_one() -> None:
    made = read([Ridge(alpha=1), Ridge(alpha=50)], VALUES)
    assert made is not None
    assert made.spec == {"kind": "linear", "link": "identity", "members": 1}
    members = [Ridge(alpha=alpha).fit(MATRIX, VALUES) for alpha in (1, 50)]
    expected = np.mean([member.predict(MATRIX) for member in members], axis=0)
    assert np.allclose((MATRIX @ made.arrays["weights"] + made.arrays["bias"])[:, 0], expected)


def test_a_logarithm_is_undone_by_the_link() -> None:
    made = read([LinearRegression()], VALUES, log=True)
    assert made is not None
    assert made.spec["link"] == "exp"


def test_members_of_classes_keep_their_own_scores() -> None:
    made = read([LogisticRegression(C=1), LogisticRegression(C=9)], THIRDS)
    assert made is not None
    assert made.spec == {"kind": "linear", "link": "softmax", "members": 2}
    assert made.arrays["weights"].shape == (4, 6)


@pytest.mark.parametrize("target", [HALVES, THIRDS])
def test_a_calibrated_machine_has_its_sigmoid_folded_in(target: np.ndarray) -> None:
    member = CalibratedClassifierCV(LinearSVC(), ensemble=False, cv=3).fit(MATRIX, target)
    made = scores.read(Fitted(None, [member], False, NAMES[: target.max() + 1]))  # type: ignore[arg-type]
    assert made is not None
    raw = MATRIX @ made.arrays["weights"] + made.arrays["bias"]
    each = 1 / (1 + np.exp(-raw))
    expected = member.predict_proba(MATRIX)
    found = each if target is HALVES else each / each.sum(axis=1, keepdims=True)
    assert np.allclose(found, expected[:, 1:] if target is HALVES else expected)


@pytest.mark.parametrize(
    "member",
    [
        RandomForestClassifier(n_estimators=2),
        SVC(),
        CalibratedClassifierCV(LinearSVC(), ensemble=True, cv=3),
        CalibratedClassifierCV(LinearSVC(), ensemble=False, cv=3, method="isotonic"),
        CalibratedClassifierCV(LogisticRegression(), ensemble=False, cv=3),
        DummyClassifier(strategy="stratified"),
    ],
)
def test_an_estimator_that_is_not_known_is_not_read(member: Any) -> None:
    assert read([member], HALVES) is None


@pytest.mark.parametrize(
    ("member", "is_constant"),
    [
        (DummyClassifier(strategy="prior"), True),
        (DummyClassifier(strategy="stratified"), False),  # it draws lots
        (LogisticRegression(), False),
    ],
)
def test_a_model_that_answers_all_alike_is_told(member: Any, is_constant: bool) -> None:
    fitted = Fitted(None, [member.fit(MATRIX, HALVES)], False, NAMES[:2])  # type: ignore[arg-type]
    assert scores.is_constant(fitted) == is_constant


def test_a_relative_of_a_known_one_is_not_read() -> None:
    class Mine(Ridge):
        """It may answer otherwise."""

    assert read([SGDRegressor()], VALUES) is None
    assert read([Mine()], VALUES) is None
    assert read([Ridge(), LinearRegression()], VALUES) is None


def test_a_class_that_was_not_trained_has_no_score() -> None:
    member = MultinomialNB().fit(MATRIX, HALVES)
    assert scores.read(Fitted(None, [member], False, NAMES)) is None  # type: ignore[arg-type]


class TestTrees:
    @pytest.fixture(autouse=True)
    def xgboost(self) -> Any:
        self.xgb = pytest.importorskip("xgboost")

    def test_are_joined_over_members(self) -> None:
        made = read(
            [self.xgb.XGBRegressor(n_estimators=3, random_state=at) for at in (1, 2)], VALUES
        )
        assert made is not None
        arrays = made.arrays
        assert list(made.boosters) == ["member0.ubj", "member1.ubj"] == made.spec["boosters"]
        assert len(arrays["roots"]) == 6
        inner = arrays["left"] >= 0
        assert (arrays["left"][inner] > np.flatnonzero(inner)).all()
        children = np.concatenate([arrays["left"][inner], arrays["right"][inner]])
        assert sorted([*children, *arrays["roots"]]) == list(range(len(inner)))

    def test_of_classes_know_their_score(self) -> None:
        made = read([self.xgb.XGBClassifier(n_estimators=2) for _ in range(2)], THIRDS)
        assert made is not None
        assert (made.spec["link"], made.spec["members"]) == ("softmax", 2)
        assert made.arrays["score"].tolist() == [0, 1, 2] * 2 + [3, 4, 5] * 2
        assert made.arrays["base"].shape == (6,)

    def test_for_two_classes_start_from_the_logarithm_of_odds(self) -> None:
        made = read([self.xgb.XGBClassifier(n_estimators=1, base_score=0.25)], HALVES)
        assert made is not None
        assert made.arrays["base"] == pytest.approx([np.log(0.25 / 0.75)])

    @pytest.mark.parametrize(
        "params",
        [{"booster": "dart"}, {"booster": "gblinear"}, {"objective": "reg:absoluteerror"}],
    )
    def test_of_another_sort_are_not_read(self, params: dict[str, str]) -> None:
        assert read([self.xgb.XGBRegressor(n_estimators=2, **params)], VALUES) is None

    def test_whose_leaves_hold_many_values_are_not_read(self) -> None:
        member = self.xgb.XGBClassifier(n_estimators=2, multi_strategy="multi_output_tree")
        assert read([member], THIRDS) is None

    def test_that_stopped_early_are_not_read(self) -> None:
        member = self.xgb.XGBRegressor(n_estimators=50, early_stopping_rounds=1)
        member.fit(MATRIX[:60], VALUES[:60], eval_set=[(MATRIX[60:], -VALUES[60:])], verbose=False)
        assert scores.read(Fitted(None, [member], False, None)) is None  # type: ignore[arg-type]
