from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from src.card import effects
from src.card.asked import Asked

ROWS = 4000


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Draw a number, another that nearly follows from it, and categories."""
    random = np.random.default_rng(0)
    one = random.uniform(0, 1, ROWS)
    cuts = np.array(["low", "middle", "high"], dtype=object)
    return pd.DataFrame(
        {
            "one": one,
            "other": one + random.normal(scale=0.05, size=ROWS),
            "cut": cuts[random.choice(3, ROWS, p=[0.5, 0.3, 0.2])],
            "place": np.array(["a", "b"], dtype=object)[random.choice(2, ROWS, p=[0.75, 0.25])],
        }
    )


def slopes(effect: effects.Effect) -> np.ndarray:
    return np.diff(effect.effects[:, 0]) / np.diff(effect.values)


def test_a_line_has_its_slope_everywhere(frame: pd.DataFrame) -> None:
    effect = effects.of_number(Asked(lambda rows: (3 * rows["one"] + 7).to_numpy(), frame), "one")
    assert effect is not None
    assert slopes(effect) == pytest.approx(np.full(20, 3.0))
    assert effect.rows.sum() == ROWS
    assert effect.values[0] == frame["one"].min()
    assert effect.values[-1] == frame["one"].max()


def test_what_a_correlated_feature_does_is_not_its_own(frame: pd.DataFrame) -> None:
    def output(rows: pd.DataFrame) -> np.ndarray:
        return (5 * rows["other"] ** 2).to_numpy()

    other = effects.of_number(Asked(output, frame), "other")
    one = effects.of_number(Asked(output, frame), "one")
    assert other is not None
    assert one is not None
    assert one.effects == pytest.approx(0)
    middles = (np.array(other.values[1:]) + np.array(other.values[:-1])) / 2
    assert slopes(other) == pytest.approx(10 * middles, abs=1e-9)


def test_it_is_the_papers_formula_for_a_product(frame: pd.DataFrame) -> None:
    """Of x1 * x2 the local effect of x1 is the mean of x2 among the rows near x1."""
    effect = effects.of_number(
        Asked(lambda rows: (rows["one"] * rows["other"]).to_numpy(), frame), "one"
    )
    assert effect is not None
    edges = np.array(effect.values)
    at = np.clip(np.digitize(frame["one"], edges, right=True), 1, 20) - 1
    near = np.array([frame["other"][at == place].mean() for place in range(20)])
    assert slopes(effect) == pytest.approx(near)
    assert effect.rows.tolist() == np.bincount(at).tolist()


def test_it_is_around_the_mean(frame: pd.DataFrame) -> None:
    effect = effects.of_number(Asked(lambda rows: np.exp(rows["one"]).to_numpy(), frame), "one")
    assert effect is not None
    middles = (effect.effects[1:, 0] + effect.effects[:-1, 0]) / 2
    assert np.average(middles, weights=effect.rows) == pytest.approx(0, abs=1e-12)
    assert np.exp(frame["one"]).mean() + effect.effects[0, 0] == pytest.approx(1.0, abs=0.01)


def test_whole_numbers_are_moved_to_whole_numbers() -> None:
    frame = pd.DataFrame({"n": [0.0, 0, 0, 1, 1, 2, 5, 5, 5, 9]})
    asked: set[float] = set()

    def output(rows: pd.DataFrame) -> np.ndarray:
        asked.update(rows["n"])
        return rows["n"].to_numpy() * 2.0

    effect = effects.of_number(Asked(output, frame), "n")
    assert effect is not None
    assert asked <= set(frame["n"])
    assert slopes(effect) == pytest.approx(np.full(len(effect.values) - 1, 2.0))


def test_rows_without_the_number_have_no_part(frame: pd.DataFrame) -> None:
    gaps = frame.assign(one=frame["one"].where(frame.index % 2 == 0))
    effect = effects.of_number(Asked(lambda rows: (4 * rows["one"]).to_numpy(), gaps), "one")
    assert effect is not None
    assert effect.rows.sum() == ROWS / 2
    assert slopes(effect) == pytest.approx(np.full(20, 4.0))


@pytest.mark.parametrize("cells", [[1.0, 1.0, np.nan], [np.nan, np.nan, np.nan]])
def test_what_does_not_vary_has_no_effect(cells: list[float]) -> None:
    frame = pd.DataFrame({"n": cells})
    assert effects.of_number(Asked(lambda rows: np.zeros(len(rows)), frame), "n") is None


def test_ordered_values_accumulate_their_steps(frame: pd.DataFrame) -> None:
    worth = {"low": 1.0, "middle": 4.0, "high": 5.0, "never": 9.0}

    def output(rows: pd.DataFrame) -> np.ndarray:
        return (rows["cut"].map(worth) * (1 + rows["one"])).to_numpy()

    effect = effects.of_order(Asked(output, frame), "cut", list(worth))
    assert effect is not None
    assert effect.values == ["low", "middle", "high"], "none is asked for that never was"
    near = frame["cut"].isin(["low", "middle"])
    assert effect.effects[1, 0] - effect.effects[0, 0] == pytest.approx(
        3 * (1 + frame["one"][near].mean())
    )
    near = frame["cut"].isin(["middle", "high"])
    assert effect.effects[2, 0] - effect.effects[1, 0] == pytest.approx(
        1 + frame["one"][near].mean()
    )
    assert effect.rows.tolist() == [(frame["cut"] == value).sum() for value in effect.values]
    assert np.average(effect.effects[:, 0], weights=effect.rows) == pytest.approx(0, abs=1e-12)


def test_values_without_an_order_have_their_mean(frame: pd.DataFrame) -> None:
    def output(rows: pd.DataFrame) -> np.ndarray:
        return (rows["one"] + 2 * (rows["place"] == "b")).to_numpy()

    effect = effects.of_values(Asked(output, frame), "place", ["a", "b", "never"])
    assert effect is not None
    assert effect.values == ["a", "b"]
    share = (frame["place"] == "b").mean()
    assert effect.effects[:, 0] == pytest.approx([-2 * share, 2 - 2 * share])
    assert effects.of_values(Asked(output, frame), "place", ["a"]) is None


def test_probabilities_have_an_effect_of_each_class(frame: pd.DataFrame) -> None:
    def two(rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack([1 - rows["one"], rows["one"]])

    def three(rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack([rows["one"], 1 - rows["one"], 0 * rows["one"]])

    effect = effects.of_number(Asked(two, frame), "one")
    assert effect is not None
    assert effect.effects.shape == (21, 1)
    assert slopes(effect) == pytest.approx(np.ones(20))
    effect = effects.of_number(Asked(three, frame), "one")
    assert effect is not None
    assert np.diff(effect.effects, axis=0).sum(axis=0) == pytest.approx(
        np.array([1, -1, 0]) * np.ptp(frame["one"])
    )
