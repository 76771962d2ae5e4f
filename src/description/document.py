"""The YAML of a draft, in the style of conf/dataset/, with its reasons as comments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import yaml

from src.config import paths
from src.data.kinds.number_format import PLAIN
from src.description.draft import Draft, LeftOut
from src.description.types import LEFT_OUT, MANY, Column
from src.description.values import DEFAULT
from src.evaluation.metrics import METRICS

WIDEST = 90  # characters of a list on one line
LONGEST = 160  # characters of a comment beside a feature
FEW = 5  # rare classes in a comment
SPARE = 0.05  # of the rows that may be rejected, on top of those that are known to be


def values(draft: Draft) -> dict[str, Any]:
    """Return what the YAML says as plain values, which the schema takes."""
    plain: dict[str, Any] = {
        "name": draft.name,
        "task": draft.role.task,
        "source": f"{paths.DATA}/{draft.name}.csv" if draft.is_plain else draft.source,
        **draft.reading,
        "target": _target(draft),
        "features": {one.own_name: feature(one, draft.missing) for one in draft.features},
    }
    optional: dict[str, Any] = {
        "missing": [*DEFAULT, *draft.missing] if draft.missing else None,
        "group": " ".join(draft.group.split()),
        "derived": draft.derived,
        "rare": "drop" if draft.role.rare and draft.role.task == "multiclass" else None,
        "max_rejected": _max_rejected(draft),
        "split": {"method": "time", "column": " ".join(draft.time.split())} if draft.time else None,
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


def _target(draft: Draft) -> dict[str, Any]:
    role = draft.role
    column = role.column
    source = _source(column, draft.missing)
    target: dict[str, Any] = {"name": column.own_name, **source}
    if role.task == "regression":
        bounds = _bounds(column)
        if column.is_positive:  # then models may learn its logarithm
            bounds = {"above": bounds.pop("min"), **bounds}
        return {**target, **bounds, **_written(column), **_unit(column)}
    target["values"] = [scalar(word) for word in role.classes]
    if role.positive is not None:
        target["positive"] = scalar(role.positive)
    return target


def feature(column: Column, shared: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the YAML says of a feature; `shared` are the dataset's words for missing."""
    kind = column.kind if column.kind not in LEFT_OUT else "id"
    plain: dict[str, Any] = {"type": kind}
    if column.order:
        plain["order"] = [scalar(word) for word in column.order]
    elif kind == "category" and column.different > MANY:
        plain["others"] = True
    if column.format is not None:
        plain["format"] = column.format
    plain |= {**_bounds(column), **_written(column), **_unit(column), **_source(column, shared)}
    return {**plain, **({"optional": True} if column.is_optional else {})}


def _written(column: Column) -> dict[str, str]:
    """Return the keys of how numbers are written."""
    return {
        key: getattr(column.how, key)
        for key in ("decimal", "thousands", "prefix", "suffix", "negative")
        if getattr(column.how, key) != getattr(PLAIN, key)
    }


def _source(column: Column, shared: Sequence[str]) -> dict[str, Any]:
    """Return what differs in the source: the column's name, and words for missing of its own."""
    own = column.missing
    is_own = own == [""] or bool({*own} - {*DEFAULT, *shared})
    return {
        **({"column": column.name} if column.own_name != column.name else {}),
        **({"missing": own} if is_own else {}),
    }


def _bounds(column: Column) -> dict[str, Any]:
    told = {"min": column.minimum, "max": column.maximum}
    return {key: number(value) for key, value in told.items() if value is not None}


def _unit(column: Column) -> dict[str, Any]:
    return {"unit": column.unit} if column.unit else {}


def number(value: float) -> float | int:
    """Write a whole number without a fraction."""
    return int(value) if value == math.floor(value) and abs(value) < 1e15 else value


def scalar(word: str) -> str | int:
    """Write a whole number as YAML writes it: `values: [0, 1]`."""
    is_plain = word.isascii() and word.isdigit() and str(int(word)) == word and len(word) < 16
    return int(word) if is_plain else word


def _faults(draft: Draft) -> int:
    """Count rows that break the rules; one of two classes knows no third."""
    others = sum(draft.role.rare.values()) if draft.role.task == "binary" else 0
    return draft.faults + others + sum(one.faults for one in draft.features)


def _max_rejected(draft: Draft) -> float | None:
    """Return the share of rows that break the rules, with room, where the usual one is less."""
    share = math.ceil(100 * (_faults(draft) / draft.rows + SPARE)) / 100
    return min(1.0, share) if _faults(draft) > SPARE / 2 * draft.rows else None


def _comment(draft: Draft, key: str) -> str:
    if key == "max_rejected":
        return f"{_faults(draft):,} rows or cells are not as they should be"
    if key == "rare":
        rare = draft.role.rare
        few = ", ".join(f"{word} ({count})" for word, count in list(rare.items())[:FEW])
        more = f" and {len(rare) - FEW} others" if len(rare) > FEW else ""
        return f"{sum(rare.values()):,} rows are of classes that may be too rare: {few}{more}"
    if key == "group":
        return "rows of one never test each other"
    return ""


def _lines(key: str, value: Any, comment: str) -> list[str]:
    line = _pair(key, value)
    if isinstance(value, dict) and len(line) > WIDEST:
        inner = [f"  {one}" for name, item in value.items() for one in _lines(name, item, "")]
        return [f"{key}:{_beside(comment)}", *inner]
    if isinstance(value, list) and len(line) > WIDEST:
        return [f"{key}:{_beside(comment)}", *(f"  - {flow(item)}" for item in value)]
    return [f"{line}{_beside(comment)}"]


def _beside(comment: str) -> str:
    """Return a comment as it stands after a value; nothing for none."""
    return f"  # {' '.join(comment.split())}" if comment else ""


def _pair(key: str, value: Any) -> str:
    return f"{flow(key)}: {flow(value)}"


def flow(value: Any) -> str:
    """Write a value as YAML on one line, quoted where it has to be."""
    dumped: str = yaml.dump(
        [value],
        Dumper=_Dumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=math.inf,
    )
    return dumped.strip()[1:-1]


class _Dumper(yaml.SafeDumper):
    """Write text with line breaks on one line, by a sign for each."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


def _features(draft: Draft) -> list[str]:
    lines = ["features:"]
    lines += [f"  {feature_line(one, draft.missing)}" for one in draft.features]
    if draft.left_out:
        lines.append("  # left out, and why; take the sign away to have one in:")
    return [*lines, *(f"  {left_out(one, draft.missing)}" for one in draft.left_out)]


def feature_line(column: Column, shared: Sequence[str] = ()) -> str:
    """Write a feature, and beside it what to say of it."""
    says = column.says
    comment = says if len(says) <= LONGEST else f"{says[: LONGEST - 1]}…"
    return f"{_pair(column.own_name, feature(column, shared))}{_beside(comment)}"


def left_out(one: LeftOut, shared: Sequence[str] = ()) -> str:
    """Write a column that is no feature as a comment, from which it can become one."""
    column = one.column
    why = f"{'LEAK: ' if one.is_leak else ''}{one.says}"
    if column.kind in ("constant", "empty", "nameless"):
        return f"# {flow(column.own_name)}: {' '.join(why.split())}"
    return f"# {_pair(column.own_name, feature(column, shared))}{_beside(why)}"


def _hints(draft: Draft) -> list[str]:
    """Propose what a person has to decide."""
    hints = []
    role = draft.role
    metric = METRICS[role.metric]
    limit = "min" if metric.greater_is_better else "max"
    reached = number(float(f"{draft.baseline:.3g}"))
    hints.append(
        f"# gate: {{{role.metric}: {{{limit}: {reached}}}}}  # what always answering the same "
        "reaches; a champion has to be better"
    )
    if draft.drift:
        split = _pair("split", {"method": "time", "column": " ".join(draft.drift.split())})
        hints.append(
            f"# {split}  # {role.name} moves with it: to predict what comes later, judge by the "
            "newest rows"
        )
    return hints
