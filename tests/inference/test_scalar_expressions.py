from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.expressions import FUNCTIONS, Expression
from src.inference.scalar_expressions import compiled

NAMES = ("a", "b")
GETTERS = {"a": lambda record: record[0], "b": lambda record: record[1]}
NUMBERS = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.5, 1e308, -1e308, 1e-308, 745.0, math.nan]
)


def texts() -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["a", "b", "0", "1", "2.5", "1e400"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        two = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner)
        called = st.tuples(st.sampled_from(sorted(set(FUNCTIONS) - {"min", "max"})), inner)
        pairs = st.tuples(st.sampled_from(["min", "max"]), inner, inner)
        return st.one_of(
            two.map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            called.map(lambda p: f"{p[0]}({p[1]})"),
            pairs.map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
            inner.map(lambda p: f"(-{p})"),
        )

    return st.recursive(leaves, grown, max_leaves=6)


@given(texts(), NUMBERS, NUMBERS)
def test_one_record_gives_what_numpy_gives(text: str, a: float, b: float) -> None:
    expression = Expression(text)
    columns = {name: np.array([value]) for name, value in zip(NAMES, (a, b), strict=True)}
    expected = expression({name: columns[name] for name in expression.names})[0]
    found = compiled(expression, GETTERS)((a, b))
    assert isinstance(found, float | int)
    assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / (1 / a)", 0.0),  # through an infinity and back
        ("min(1 / a, 5)", 5.0),
        ("exp(-exp(1000 + a))", 0.0),
        ("log(a - 1)", math.nan),
        ("(a - 8) ** (1 / 3)", math.nan),  # Python's own power would be complex
        ("1 / a", math.nan),
        ("min(b, 1)", math.nan),
        ("min(1, b)", math.nan),
        ("max(b, 1)", math.nan),
        ("max(1, b)", math.nan),
        ("b ** 0", 1.0),
    ],
)
def test_what_python_refuses_is_what_numpy_makes_of_it(text: str, expected: float) -> None:
    found = compiled(Expression(text), GETTERS)((0.0, math.nan))
    assert found == pytest.approx(expected, nan_ok=True)


def test_a_column_of_any_name_stands_in_backticks() -> None:
    expression = Expression("`1st floor` / `2nd floor` + a")
    getters = {**GETTERS, "1st floor": lambda record: record[1], "2nd floor": lambda record: 4.0}
    assert compiled(expression, getters)((1.0, 2.0)) == 1.5
