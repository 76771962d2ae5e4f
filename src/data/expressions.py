"""Arithmetic over columns, parsed by a small grammar and never evaluated as Python."""

from __future__ import annotations

import ast
import keyword
import operator
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from src.data.kinds import calendar_parts
from src.support.errors import UserError, unknown

Columns = Mapping[str, npt.NDArray[np.float64]]

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "max": np.maximum,
    "min": np.minimum,
    "sqrt": np.sqrt,
    **calendar_parts.MANY,
}
ARITY = {"min": 2, "max": 2}
# Python 3.11 may fail when two threads parse at once ("recursion depth mismatch").
PARSER = threading.Lock()
LONGEST = 500  # characters; keeps the recursion below shallow
QUOTED = re.compile(r"`([^`\n]+)`")
QUOTE = "put a column whose name has spaces or signs in backticks, as in `net price` * 2"
GRAMMAR = (
    "numbers",
    "columns",
    "`columns` of any name",
    "+ - * / **",
    "( )",
    *(f"{name}()" for name in FUNCTIONS),
)


class Expression:
    """Compute one column from others, the same way in training and in serving.

    A column whose name is no word stands in backticks.
    """

    def __init__(self, text: str) -> None:
        self.text = str(text)
        self._tree = _parse(self.text)
        nodes = list(ast.walk(self._tree))
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        names = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in called]
        self.names = sorted({node.id for node in names})

    def __call__(self, columns: Columns) -> npt.NDArray[np.float64]:
        """Return float64 of shape (rows,); what has no finite value (1/0, log(-1)) is NaN."""
        with np.errstate(all="ignore"):
            value = np.asarray(_value(self._tree, columns), dtype=np.float64)
        rows = len(next(iter(columns.values()))) if columns else 1
        value = np.broadcast_to(value, (rows,))
        return np.where(np.isfinite(value), value, np.nan)

    def __reduce__(self) -> tuple[type[Expression], tuple[str]]:
        return (Expression, (self.text,))  # the text is the whole state; it is parsed again


def _parse(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise UserError(f"An expression is longer than {LONGEST} characters.", given=text[:60])
    plain, names = _unquoted(text.strip())
    try:
        with PARSER:
            tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(
            "This is not an expression.", given=text, choices=GRAMMAR, fix=QUOTE
        ) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    _check(tree, text)
    return tree


def quoted(name: str) -> str:
    """Write a column's name as expressions take it."""
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"`{name}`"


def _unquoted(text: str) -> tuple[str, dict[str, str]]:
    """Put a word in place of each name in backticks; return the text, and the names by word."""
    word = "quoted"
    while word in text:  # it must be no column's own
        word += "_"
    names: dict[str, str] = {}

    def placed(match: re.Match[str]) -> str:
        names[f"{word}{len(names)}"] = match[1]
        return f" {word}{len(names) - 1} "

    return QUOTED.sub(placed, text).strip(), names


def _check(node: ast.expr, text: str) -> None:
    """Raise UserError for any node that is not arithmetic."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return
        case ast.Name():
            return
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            _check(operand, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _check(left, text)
            _check(right, text)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            if name not in FUNCTIONS:
                raise unknown("function", name, sorted(FUNCTIONS))
            if len(args) != ARITY.get(name, 1):
                raise UserError(
                    f"{name}() takes {ARITY.get(name, 1)} argument(s), not {len(args)}.", given=text
                )
            for argument in args:
                _check(argument, text)
        case _:
            raise UserError(
                f"'{_written(node)}' is not allowed in an expression.",
                given=text,
                choices=GRAMMAR,
                fix=QUOTE if isinstance(node, ast.Constant | ast.List) else None,
            )


def _written(node: ast.expr) -> str:
    """Write a part of an expression as a user would: names that are no words in backticks."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not inner.id.isidentifier():
            inner.id = f"`{inner.id}`"
    return ast.unparse(node)


def _float(value: int | float) -> np.float64:
    """Convert constants to floats, so that 9**9**9**9 is infinite and not a week of work."""
    try:
        return np.float64(float(value))
    except OverflowError:
        return np.float64(np.inf)


def _value(node: ast.expr, columns: Columns) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value):
            return _float(value)
        case ast.Name(id=name):
            return columns[name]
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand, columns))
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, columns), _value(right, columns))
        case ast.Call(func=ast.Name(id=name), args=args):
            return FUNCTIONS[name](*(_value(argument, columns) for argument in args))
    raise AssertionError(f"unchecked node {node!r}")
