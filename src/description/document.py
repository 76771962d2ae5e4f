"""The YAML of a draft, in the style of conf/dataset/, with its reasons as comments."""

from __future__ import annotations

import math
from typing import Any

import yaml

from src.config import paths
from src.description.draft import Draft, LeftOut
from src.description.numbers import PLAIN
from src.description.types import Column
from src.description.values import DEFAULT
from src.evaluation.metrics import METRICS

WIDEST = 90  # characters of a list on one line
LONGEST = 160  # characters of a comment beside a feature
SPARE = 0.05  # of the rows that may be rejected, on top of those that are known to be


def values(draft: Draft) -> dict[str, Any]:
    """Return what the YAML says as plain values, which the schema takes."""
    plain: dict[str, Any] = {
        "name": draft.name,
        "task": draft.role.task,
        "source": f"{paths.DATA}/{draft.name}.csv",
        **_dialect(draft),
        "target": _target(draft),
        "features": {one.name: feature(one) for one in draft.features if is_written(one)},
    }
    optional: dict[str, Any] = {
        "missing": [*DEFAULT, *draft.missing] if draft.missing else None,
        "group": draft.group,
        "derived": draft.derived,
        "duplicates": draft.duplicates,
        "max_rejected": _max_rejected(draft),
        "split": {"method": "time", "column": draft.time} if draft.time else None,
    }
    plain |= {key: value for key, value in optional.items() if value}
    return {**plain, "metric": draft.role.metric}


def text(draft: Draft) -> str:
    """Write the YAML."""
    plain = values(draft)
    lines = [
        f"# python -m src.train dataset={draft.name} model=xgboost",
        f"# A first description, from {draft.rows:,} rows of {draft.columns} columns: read it and",
        "# make it yours. Bounds have room, units are of the headers; about is for you to write.",
    ]
    for key, value in plain.items():
        if key == "features":
            lines += _features(draft)
        else:
            lines += _lines(key, value, _comment(draft, key))
    return "\n".join([*lines, *_hints(draft)]) + "\n"


def _dialect(draft: Draft) -> dict[str, Any]:
    dialect = draft.dialect
    told = {"separator": dialect.separator, "encoding": dialect.encoding}
    usual = {"separator": ",", "encoding": "utf-8"}
    return {key: value for key, value in told.items() if value != usual[key]}


def _target(draft: Draft) -> dict[str, Any]:
    role = draft.role
    target: dict[str, Any] = {"name": role.name}
    if role.task == "regression":
        return {**target, **_bounds(role.column), **_unit(role.column)}
    target["values"] = [scalar(word) for word in role.classes]
    if role.positive is not None:
        target["positive"] = scalar(role.positive)
    return target


def is_written(column: Column) -> bool:
    """Tell whether the schema has a type for the column."""
    is_number = column.kind in ("number", "integer")
    return column.kind in ("category", "text", "boolean") or (is_number and column.how == PLAIN)


def feature(column: Column) -> dict[str, Any]:
    """Return what the YAML says of a feature."""
    kind = "category" if column.kind == "boolean" else column.kind
    plain: dict[str, Any] = {"type": kind}
    if column.order:
        plain["order"] = [scalar(word) for word in column.order]
    elif column.values:
        plain["values"] = [scalar(word) for word in column.values]
    plain |= {**_bounds(column), **_unit(column)}
    return {**plain, **({"optional": True} if column.is_optional else {})}


def _bounds(column: Column) -> dict[str, Any]:
    told = {"min": column.minimum, "max": column.maximum}
    return {key: _number(value) for key, value in told.items() if value is not None}


def _unit(column: Column) -> dict[str, Any]:
    return {"unit": column.unit} if column.unit else {}


def _number(value: float) -> float | int:
    return int(value) if value == math.floor(value) and abs(value) < 1e15 else value


def scalar(word: str) -> str | int:
    """Write a whole number as YAML writes it: `values: [0, 1]`."""
    is_plain = word.isascii() and word.isdigit() and str(int(word)) == word and len(word) < 16
    return int(word) if is_plain else word


def _max_rejected(draft: Draft) -> float | None:
    faults = sum(one.faults for one in draft.features if is_written(one))
    lost = draft.role.without + sum(draft.role.rare.values()) + faults
    if not lost:
        return None
    return min(1.0, math.ceil(100 * (lost / draft.rows + SPARE)) / 100)


def _comment(draft: Draft, key: str) -> str:
    role = draft.role
    if key == "max_rejected":
        faults = sum(one.faults for one in draft.features if is_written(one))
        few = ", ".join(list(role.rare)[:5])
        parts = [
            f"{role.without:,} without a target" if role.without else "",
            f"{sum(role.rare.values()):,} of classes with too few rows ({few})"
            if role.rare
            else "",
            f"{faults:,} with cells that break their type" if faults else "",
        ]
        return f"rows that are left out: {' and '.join(filter(None, parts))}"
    if key == "duplicates":
        return "rows agree in these columns alone: others tell them apart"
    if key == "group":
        return "rows of one never test each other"
    return ""


def _lines(key: str, value: Any, comment: str) -> list[str]:
    line = _pair(key, value)
    if isinstance(value, dict) and len(line) > WIDEST:
        inner = [f"  {one}" for name, item in value.items() for one in _lines(name, item, "")]
        return [f"{key}:{_beside(comment)}", *inner]
    if isinstance(value, list) and len(line) > WIDEST:
        return [f"{key}:{_beside(comment)}", *(f"  - {_flow(item)}" for item in value)]
    return [f"{line}{_beside(comment)}"]


def _beside(comment: str) -> str:
    return f"  # {' '.join(comment.split())}" if comment else ""


def _pair(key: str, value: Any) -> str:
    return f"{_flow(key)}: {_flow(value)}"


def _flow(value: Any) -> str:
    """Write a value on one line, quoted where it has to be."""
    dumped: str = yaml.safe_dump(
        [value], default_flow_style=True, allow_unicode=True, sort_keys=False, width=math.inf
    )
    return dumped.strip()[1:-1]


def _features(draft: Draft) -> list[str]:
    lines = ["features:"]
    lines += [
        f"  {_pair(one.name, feature(one))}{_beside(_says(one))}"
        for one in draft.features
        if is_written(one)
    ]
    out = [
        *draft.left_out,
        *(LeftOut(one, _unwritten(one)) for one in draft.features if not is_written(one)),
    ]
    if out:
        lines.append("  # left out, and why; take the sign away to have one in:")
    return [*lines, *(_left_out(one) for one in out)]


def _unwritten(column: Column) -> str:
    if column.kind in ("number", "integer"):
        how = column.how
        return f"numbers with signs ({how.prefix}1{how.thousands}000{how.decimal}5{how.suffix})"
    return f"{column.kind}, written {column.format or 'as ISO'}"


def _left_out(one: LeftOut) -> str:
    comment = f"{'LEAK: ' if one.is_leak else ''}{one.says}"
    if one.column.kind in ("constant", "empty", "index", "id") or not is_written(one.column):
        return f"  # {_flow(one.column.name)}: {' '.join(comment.split())}"
    return f"  # {_pair(one.column.name, feature(one.column))}{_beside(comment)}"


def _says(column: Column) -> str:
    says = column.says
    return says if len(says) <= LONGEST else f"{says[: LONGEST - 1]}…"


def _hints(draft: Draft) -> list[str]:
    """Propose what a person has to decide."""
    hints = []
    role = draft.role
    metric = METRICS[role.metric]
    limit = "min" if metric.greater_is_better else "max"
    reached = _number(float(f"{draft.baseline:.3g}"))
    hints.append(
        f"# gate: {{{role.metric}: {{{limit}: {reached}}}}}  # what always answering the same "
        "reaches; a champion has to be better"
    )
    if draft.drift:
        hints.append(
            f"# split: {{method: time, column: {_flow(draft.drift)}}}  # {role.name} moves with it: "
            "if you predict what comes later, judge by the newest rows"
        )
    return hints
