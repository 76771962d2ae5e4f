from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.profile import bins as profile_bins
from src.data.profile.bins import Bins


def cut(values: list[float] | np.ndarray, **words: bool | int) -> Bins:
    bins = profile_bins.cut(np.asarray(values, dtype=float), is_whole=False, **words)
    assert bins is not None
    return bins


def test_edges_are_round_and_hold_all() -> None:
    values = np.linspace(0.23, 2.31, 500)
    bins = cut(values)
    assert not bins.is_log
    assert [float(edge) for edge in bins.edges[:3]] == [0.2, 0.4, 0.6]
    assert len(np.unique(np.diff(bins.edges).round(9))) == 1
    counts, below, above = bins.count(values)
    assert (sum(counts), below, above) == (500, 0, 0)


def test_a_number_on_an_edge_belongs_to_the_bin_that_begins_there() -> None:
    bins = Bins(np.array([0.0, 0.1, 0.2, 0.3]), is_log=False)
    assert bins.place(np.array([-1, 0, 0.1, 0.2, 0.3, 0.31])).tolist() == [-1, 0, 1, 2, 2, 3]


def test_a_thin_tail_is_left_outside_and_counted() -> None:
    values = np.concatenate([np.linspace(3, 9, 20_000), [58.9, -40.0]])
    bins = cut(values)
    assert bins.edges[0] > 2
    assert bins.edges[-1] < 10
    counts, below, above = bins.count(values)
    assert sum(counts) + below + above == len(values)
    assert below >= 1
    assert above >= 1


def test_a_tail_that_squeezes_nothing_is_drawn() -> None:
    values = np.concatenate([np.linspace(0, 10, 20_000), [12.0]])
    assert cut(values).edges[-1] >= 12


def test_small_whole_numbers_stand_in_the_middle_of_their_bins() -> None:
    bins = profile_bins.cut(np.array([0.0, 1, 1, 2, 5]), is_whole=True)
    assert bins is not None
    assert bins.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert bins.count(np.array([0.0, 1, 1, 2, 5]))[0] == [1, 2, 1, 0, 0, 1]


def test_large_whole_numbers_have_bins_of_whole_width() -> None:
    bins = profile_bins.cut(np.arange(1000.0), is_whole=True)
    assert bins is not None
    assert (bins.edges % 1 == 0).all()
    assert len(bins.edges) <= profile_bins.MOST + 2


def test_numbers_that_are_nearly_all_whole_draw_no_comb() -> None:
    values = np.concatenate([np.repeat(np.arange(52.0, 64), 10_000), [55.5, 60.25]])
    assert (cut(values).edges * 2 % 1 == 0).all()
    assert (np.diff(cut(values).edges) >= 1).all()


def test_numbers_of_several_magnitudes_have_a_logarithmic_scale() -> None:
    bins = cut(np.geomspace(1, 10_000, 300))
    assert bins.is_log
    assert bins.scale == "log"
    assert np.diff(np.log(bins.edges)).std() < 1e-9
    assert cut(np.geomspace(1, 50, 300)).scale == "linear"
    assert cut(np.geomspace(1, 10_000, 300) - 1).scale == "linear", "zero has no logarithm"


def test_one_value_has_a_bin_of_its_own() -> None:
    assert cut([7.0, 7.0]).count(np.array([7.0, 7.0])) == ([2], 0, 0)


@pytest.mark.parametrize("values", [[], [-1e308, 1e308], [1e200, 2e200]])
def test_what_cannot_be_drawn_has_no_bins(values: list[float]) -> None:
    assert profile_bins.cut(np.array(values), is_whole=False) is None


@given(
    st.lists(st.floats(-1e12, 1e12, allow_subnormal=False), min_size=1, max_size=60),
    st.booleans(),
)
def test_every_number_is_counted_once_whatever_it_is(values: list[float], is_whole: bool) -> None:
    numbers = np.round(values) if is_whole else np.array(values)
    bins = profile_bins.cut(numbers, is_whole=is_whole)
    assert bins is not None
    assert (np.diff(bins.edges) > 0).all()
    assert len(bins.edges) <= 2 * profile_bins.MOST
    counts, below, above = bins.count(numbers)
    assert sum(counts) + below + above == len(values)
    assert below + above <= 0.01 * len(values), "of few rows, none is left out"
