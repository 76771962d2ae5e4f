from __future__ import annotations

import math
import pickle
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.expressions import FUNCTIONS, LONGEST, Expression, quoted
from src.support.errors import UserError

numbers = st.one_of(
    st.integers(0, 9).map(str), st.sampled_from(["0.5", "2.25", "1e1", "0.0", ".125", "10."])
)
operators = st.sampled_from([" + ", " - ", " * ", " / ", "*", "-"])
trees = st.recursive(
    numbers | st.sampled_from(["x", "y"]),
    lambda inner: st.one_of(
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("+ {}".format),
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", " / ", "*", "-"]), inner).map(
            "".join
        ),
    ),
    max_leaves=12,
)
values = st.floats(-1000, 1000)


def compute(text: str, **columns: float) -> float:
    return float(Expression(text)({name: np.array([value]) for name, value in columns.items()})[0])


@given(trees, values, values)
def test_it_agrees_with_pythons_own_arithmetic(text: str, x: float, y: float) -> None:
    try:
        expected = float(eval(text, {"__builtins__": {}}, {"x": x, "y": y}))
    except ZeroDivisionError:
        return
    found = compute(text, x=x, y=y)
    assert found == expected or (math.isnan(found) and not math.isfinite(expected))


@given(values, values)
@pytest.mark.parametrize(
    "text", ["-x ** 2", "(-x) ** 2", "2 ** -y ** 2", "x ** 2 ** 1 * 3", "9 - x ** 3"]
)
def test_powers_bind_as_in_python(text: str, x: float, y: float) -> None:
    expected = eval(text, {"__builtins__": {}}, {"x": x, "y": y})
    assert compute(text, x=x, y=y) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abs(x - 5)", 3.0),
        ("exp(x)", math.exp(2)),
        ("log(x)", math.log(2)),
        ("log1p(x)", math.log1p(2)),
        ("sqrt(x + 7)", 3.0),
        ("min(x, 1)", 1.0),
        ("max(x, 3 * x)", 6.0),
        ("max(min(x, 1), -x)", 1.0),
    ],
)
def test_functions_mean_what_they_are_called(text: str, expected: float) -> None:
    assert compute(text, x=2.0) == pytest.approx(expected, rel=1e-15)


def test_every_function_can_be_called() -> None:
    for name in FUNCTIONS:
        arguments = "x, x" if name in ("min", "max") else "x"
        assert math.isfinite(compute(f"{name}({arguments})", x=2.0))


def test_columns_are_computed_row_by_row() -> None:
    columns = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([10.0, 20.0, 30.0])}
    assert Expression("x * y")(columns).tolist() == [10, 40, 90]
    assert Expression("max(x * 8, y - 10)")(columns).tolist() == [8, 16, 24]


def test_a_constant_is_as_long_as_the_columns() -> None:
    found = Expression("2 * 3")({"x": np.zeros(4)})
    assert found.tolist() == [6, 6, 6, 6]
    assert found.dtype == np.float64
    assert Expression("2 * 3")({}).tolist() == [6]


def test_the_result_is_float_and_the_columns_are_left_alone() -> None:
    x = np.array([1.0, -1.0])
    found = Expression("x")({"x": x})
    found[:] = 7
    assert found.dtype == np.float64
    assert x.tolist() == [1, -1]


@pytest.mark.parametrize(
    "text",
    [
        *("1 / x", "x / x", "log(x)", "log(x - 1)", "sqrt(x - 1)", "log1p(x - 2)"),
        *("(x - 8) ** 0.5", "x ** -1", "exp(1000 + x)", "9 ** 9 ** 9 ** 9", "1e999", "x - 1e999"),
    ],
)
def test_what_has_no_finite_value_is_nan_without_a_warning(text: str) -> None:
    found = Expression(text)({"x": np.array([0.0, 0.0])})
    assert np.isnan(found).all()


def test_nan_stays_nan_in_its_row_only() -> None:
    found = Expression("x + 1")({"x": np.array([np.nan, 1.0])})
    assert np.isnan(found[0])
    assert found[1] == 2


def test_a_number_with_hundreds_of_digits_is_no_crash() -> None:
    assert math.isnan(compute("9" * 400, x=1.0))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x * y * x", ["x", "y"]),
        ("log(b) + a", ["a", "b"]),
        ("3", []),
        ("min(depth, min(table, 3))", ["depth", "table"]),
    ],
)
def test_names_are_the_columns_it_needs(text: str, names: list[str]) -> None:
    assert Expression(text).names == names


def test_a_function_without_a_call_is_not_taken_for_a_function() -> None:
    try:
        names = Expression("log + 1").names
    except UserError:
        return
    assert names == ["log"]


FORBIDDEN = {
    "attribute": "x.real",
    "attribute of a number": "(1).__class__",
    "subscript": "x[0]",
    "slice": "x[0:1]",
    "lambda": "lambda: 1",
    "list comprehension": "[x for x in y]",
    "generator": "abs(x for x in y)",
    "dict comprehension": "{x: 1 for x in y}",
    "string": "'x'",
    "bytes": "b'x'",
    "f-string": "f'{x}'",
    "walrus": "(x := 1)",
    "choice": "x if y else 1",
    "comparison": "x < y",
    "and": "x and y",
    "not": "not x",
    "inversion": "~x",
    "whole division": "x // 2",
    "remainder": "x % 2",
    "matrix product": "x @ y",
    "bits": "x | y",
    "shift": "1 << 9",
    "true": "True + x",
    "none": "None",
    "ellipsis": "...",
    "imaginary number": "1j * x",
    "tuple": "(x, y)",
    "list": "[x]",
    "set": "{x}",
    "await": "await x",
    "unpacking": "abs(*x)",
    "call of a call": "abs(x)(y)",
    "call of an attribute": "x.abs(y)",
    "keyword": "log(x, base=2)",
    "keywords": "log(x, **y)",
    "hidden in an argument": "abs(x.real)",
    "hidden on the left": "x.real + 1",
    "hidden on the right": "1 + x.real",
    "hidden behind a sign": "-x.real",
}


@pytest.mark.parametrize("text", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_is_not_arithmetic_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(UserError) as caught:
        Expression(text)
    message = str(caught.value)
    assert "is not allowed in an expression" in message
    assert f"given:   {text}" in message
    assert "+ - * / **" in message
    assert "sqrt()" in message


def test_the_refused_part_is_named() -> None:
    with pytest.raises(UserError, match=r"^'y\[0\]' is not allowed"):
        Expression("  x + y[0]")


@pytest.mark.parametrize(
    "text",
    ["", "  ", "x y", "x +", "(x", "x = 1", "import os", "x; y", "x\ny", "\0", "yield", "(" * 300],
)
def test_what_is_no_expression_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(UserError, match="not an expression") as caught:
        Expression(text)
    assert caught.value.given == text
    assert "log1p()" in (caught.value.choices or [])


@pytest.mark.parametrize("name", ["eval", "open", "__import__", "print", "logg", "x"])
def test_an_unknown_function_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UserError, match=f"Unknown function '{name}'") as caught:
        Expression(f"{name}(x)")
    assert caught.value.choices == sorted(FUNCTIONS)


def test_a_misspelt_function_brings_a_suggestion() -> None:
    with pytest.raises(UserError, match="did you mean 'sqrt'"):
        Expression("sqr(x)")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log()", r"log\(\) takes 1 argument\(s\), not 0"),
        ("log(x, 2)", r"log\(\) takes 1 argument\(s\), not 2"),
        ("min(x)", r"min\(\) takes 2 argument\(s\), not 1"),
        ("max(x, y, z)", r"max\(\) takes 2 argument\(s\), not 3"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        Expression(text)
    assert caught.value.given == text


def test_nothing_is_ever_executed(tmp_path: Path) -> None:
    canary = tmp_path / "sung"
    for text in (
        f"open('{canary}', 'w')",
        f"__import__('pathlib').Path('{canary}').touch()",
        f"[].__class__.__base__.__subclasses__()[0]('{canary}')",
        f"abs(open('{canary}', 'w'))",
        f"(lambda: open('{canary}', 'w'))()",
        f'f\'{{open("{canary}", "w")}}\'',
    ):
        with pytest.raises(UserError):
            Expression(text)
    assert not canary.exists()


def test_an_expression_has_a_longest_length() -> None:
    assert compute("x" + " " * (LONGEST - 1), x=3.0) == 3
    with pytest.raises(UserError, match=f"longer than {LONGEST} characters"):
        Expression("x" + " " * LONGEST)


@pytest.mark.parametrize(
    "text", ["-" * (LONGEST - 1) + "x", "x" + "+x" * 249, "abs(" * 99 + "x" + ")" * 99]
)
def test_the_deepest_nesting_is_computed(text: str) -> None:
    assert abs(compute(text, x=1.0)) in (1, 250)


@given(st.text(string.ascii_lowercase + string.digits + "+-*/(). ,'[]{}:=_\n", max_size=30))
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    try:
        expression = Expression(text)
    except UserError:
        return
    columns = {name: np.array([1.0, -2.0]) for name in [*expression.names, *FUNCTIONS]}
    found = expression(columns)
    assert found.shape == (2,)
    assert not np.isinf(found).any()


@given(trees, values, values)
def test_a_pickled_expression_computes_the_same(text: str, x: float, y: float) -> None:
    expression = Expression(text)
    again = pickle.loads(pickle.dumps(expression))
    columns = {"x": np.array([x]), "y": np.array([y])}
    assert again.text == expression.text
    assert again.names == expression.names
    np.testing.assert_array_equal(again(columns), expression(columns))


def test_a_pickle_is_parsed_again_and_so_checked_again() -> None:
    forged = pickle.dumps(Expression("x * 1111")).replace(b"x * 1111", b"x.__dir_")
    with pytest.raises(UserError):
        pickle.loads(forged)


@pytest.mark.parametrize("name", ["1st Flr SF", "a[0]", "x-y", "für", "😀", "log", "class", "b<5"])
def test_backticks_name_any_column(name: str) -> None:
    expression = Expression(f"`{name}` + x * `{name}`")
    assert expression.names == sorted([name, "x"])
    found = expression({name: np.array([2.0]), "x": np.array([10.0])})
    assert found.tolist() == [22]
    assert pickle.loads(pickle.dumps(expression)).names == expression.names


def test_a_quoted_name_is_not_mixed_up_with_a_name_of_the_text() -> None:
    columns = {"a": np.array([1.0]), "b": np.array([20.0]), "_0_": np.array([300.0])}
    expression = Expression("`a` + `b` + _0_ + `a`")
    assert expression.names == ["_0_", "a", "b"]
    assert expression(columns).tolist() == [322]


def test_a_refusal_beside_a_quoted_name_shows_the_text_as_it_was_written() -> None:
    with pytest.raises(UserError, match=r"'`für x`\[0\]' is not allowed") as caught:
        Expression("1 + `für x`[0]")
    assert caught.value.given == "1 + `für x`[0]"


def test_a_name_with_spaces_is_shown_how_to_be_written() -> None:
    with pytest.raises(UserError) as caught:
        Expression("1st Flr SF + 2nd Flr SF")
    assert "backticks" in str(caught.value.fix)


@pytest.mark.parametrize("name", ["price", "1st", "class", "a b"])
def test_a_quoted_name_is_read_back(name: str) -> None:
    assert Expression(quoted(name)).names == [name]
