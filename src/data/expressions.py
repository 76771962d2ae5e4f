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
QUOTED = re.compile(r"`([^`\n]+)`")  # a column with spaces or signs in its name
GRAMMAR = (
    "numbers",
    "columns",
    "`any column`",
    "+ - * / **",
    "( )",
    *(f"{name}()" for name in FUNCTIONS),
)


class Expression:
    """Compute one column from others, the same way in training and in serving."""

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
    names: dict[str, str] = {}
    plain = QUOTED.sub(lambda match: _stand_in(match[0], names, text), text)
    try:
        with PARSER:
            tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(
            "This is not an expression.",
            given=text,
            choices=GRAMMAR,
            fix="a name with spaces or signs stands in backticks: `1st floor` + `2nd floor`",
        ) from None
    _check(tree, text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return tree


def quoted(name: str) -> str:
    """Write a column's name as expressions take it."""
    return name if name.isidentifier() and not keyword.iskeyword(name) else f"`{name}`"


def _stand_in(quoted: str, names: dict[str, str], text: str) -> str:
    """Return an identifier for a quoted name, and note what it stands for.

    It has as many bytes, so that places in the text stay what they are.
    """
    width = len(quoted.encode()) - 1
    numbers = (f"_{number:x}".ljust(width + 1, "_") for number in range(16**width))
    identifier = next(one for one in numbers if one not in names and one not in text)
    names[identifier] = quoted[1:-1]
    return identifier


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
            part = ast.get_source_segment(text.strip(), node) or text
            raise UserError(
                f"'{part}' is not allowed in an expression.", given=text, choices=GRAMMAR
            )


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
