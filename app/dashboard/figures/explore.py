"""Build the charts of a profile, each with a description."""

from __future__ import annotations

from typing import Any

from app.dashboard import units
from app.dashboard.rendering import count, figure

Column = dict[str, Any]
Figure = dict[str, Any]
MOST_NAMED = 8  # groups of a chart that its description names
LOW = 180  # pixels of a chart of one number
HIGH = 300  # of a chart of two
TYPES = {"integer": "whole number", "datetime": "date and time", "boolean": "true or false"}


def view(profile: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with their figures, the target apart from the features."""
    columns = [{**column, **_described(profile, column)} for column in profile["columns"]]
    return {
        "target": next(column for column in columns if column["role"] == "target"),
        "features": [column for column in columns if column["role"] == "feature"],
        "strongest": _strongest(profile),
        "has_boxes": any(
            (column.get("against_target") or {}).get("kind") == "boxes" for column in columns
        ),
    }


def _described(profile: dict[str, Any], column: Column) -> dict[str, Any]:
    relation = _relation(profile, column)
    figures = [_distribution(column, relation["height"] if relation else LOW), relation]
    kind = column["type"]
    if kind == "category":
        kind = "ordered category" if column["ordered"] else "category"
    return {
        "kind": TYPES.get(kind, kind),
        "title": _title(column),
        "figures": [one for one in figures if one is not None],
        "statistics": column.get("numbers"),
        "of": "",
        **({"statistics": _lengths(column)["numbers"], "of": "words"} if kind == "text" else {}),
    }


def _title(column: Column) -> str:
    """Return a column's name with its unit, unless they are the same."""
    if column["type"] == "text":
        return f"words in {column['name']}"
    unit = units.beside(column["unit"], column["name"])
    return f"{column['name']} ({unit})" if unit else str(column["name"])


def _lengths(column: Column) -> dict[str, Any]:
    lengths: dict[str, Any] = column["lengths"]["words"]
    return lengths


def _distribution(column: Column, height: int) -> Figure | None:
    """Chart the distribution of a column; None if there is nothing to show."""
    from app.dashboard.charts import explore  # it brings Altair, which takes a moment to import

    title = _title(column)
    if "values" in column:
        if not column["values"]:
            return None
        heading = "Class balance" if column["type"] == "class" else "Distribution"
        return {
            "title": heading,
            "about": f"Rows by {title}. {_listed(column['values'], _rows)}",
            "spec": explore.bars(column["values"], title),
            "height": explore.tall(len(column["values"])),
            "note": _others(column["others"]),
        }
    described = _lengths(column) if column["type"] == "text" else column
    if described.get("bins") is None:
        return None
    return {
        "title": "Distribution of the length" if column["type"] == "text" else "Distribution",
        "about": f"Histogram of {title}. {_spread(described['numbers'])}",
        "spec": explore.histogram(described["bins"], title),
        "height": height,  # of the chart beside it
        "note": _outside(described["bins"]),
    }


def _relation(profile: dict[str, Any], column: Column) -> Figure | None:
    """Chart the target against a feature; None for the target, or if no row has both."""
    relation = column.get("against_target")
    if relation is None:
        return None
    target = next(one for one in profile["columns"] if one["role"] == "target")
    if relation["kind"] == "boxes":
        return _boxes(target, column)
    draw = _grid if relation["kind"] == "grid" else _shares
    return draw(profile, target, column)


def _boxes(target: Column, column: Column) -> Figure:
    from app.dashboard.charts import explore

    relation = column["against_target"]
    is_by_class = relation["by"] == target["name"]
    by, of = (target, column) if is_by_class else (column, target)
    groups = relation["boxes"]
    return {
        "title": f"{of['name'] if of['type'] != 'text' else _title(of)} by {by['name']}",
        "about": f"Box plot of {_title(of)} by {by['name']}, the medians and the middle halves. "
        f"{_listed(groups, _middle)}",
        "spec": explore.boxes(groups, by["name"], _title(of)),
        "height": explore.tall(len(groups), LOW if is_by_class else 0),
        "note": _groups(relation["others"]),
    }


def _grid(profile: dict[str, Any], target: Column, column: Column) -> Figure:
    from app.dashboard.charts import explore

    relation = column["against_target"]
    value = correlation(profile, target["name"], column["name"])
    said = "" if value is None else f" Their ranks correlate by {value:.2f}."
    outside = relation["outside"]
    return {
        "title": f"{target['name']} against {_title(column)}",
        "about": f"Density of {_title(target)} against {_title(column)}: "
        f"how many rows lie where.{said}",
        "spec": explore.grid(relation, _title(column), _title(target)),
        "height": HIGH,
        "note": f"{count(outside, 'row')} far from the others not drawn." if outside else "",
    }


def _shares(profile: dict[str, Any], target: Column, column: Column) -> Figure:
    from app.dashboard.charts import explore

    relation = column["against_target"]
    classes, name = relation["classes"], column["name"]
    lines = list(zip(relation["values"], relation["rows"], strict=True))
    lines = [(value, rows) for value, rows in lines if sum(rows)]
    note = _groups(relation["others"])
    if len(classes) == 2:
        one = classes.index(profile["positive"]) if profile["positive"] in classes else 1
        total = sum(sum(rows) for _, rows in lines)
        overall = sum(rows[one] for _, rows in lines) / total
        values = [
            {"value": value, "rows": sum(rows), "share": rows[one] / sum(rows)}
            for value, rows in lines
        ]
        words = f"share of {target['name']} = {classes[one]}"
        return {
            "title": f"S{words[1:]} by {name}",
            "about": f"The {words} by {name}; {overall:.1%} of all rows. "
            f"{_listed(values, _percent)}",
            "spec": explore.parts(values, name, words, overall),
            "height": explore.tall(len(values)),
            "note": f"The line is the share of all rows, {overall:.1%}. {note}",
        }
    values = [
        {"value": value, "class": label, "rows": own, "share": own / sum(rows)}
        for value, rows in lines
        for label, own in zip(classes, rows, strict=True)
    ]
    most = [
        {"value": value, "text": f"mostly {classes[rows.index(max(rows))]}"}
        for value, rows in lines
    ]
    return {
        "title": f"{target['name']} by {name}",
        "about": f"Shares of {target['name']} by {name}. {_listed(most, lambda one: one['text'])}",
        "spec": explore.shares(values, name, target["name"], classes),
        "height": explore.tall(len(lines)) + 2 * explore.AXIS,
        "note": note,
    }


def correlation(profile: dict[str, Any], one: str, other: str) -> float | None:
    """Return the correlation of two columns; None if there is none."""
    matrix = profile["correlations"]
    if matrix is None or one not in matrix["columns"] or other not in matrix["columns"]:
        return None
    value: float | None = matrix["values"][matrix["columns"].index(one)][
        matrix["columns"].index(other)
    ]
    return value


def _strongest(profile: dict[str, Any]) -> list[tuple[str, float]]:
    """List the features that correlate most with the target."""
    target = profile["target"]
    names = [column["name"] for column in profile["columns"] if column["name"] != target]
    values = [(name, correlation(profile, target, name)) for name in names]
    defined = [(name, value) for name, value in values if value is not None]
    return sorted(defined, key=lambda pair: -abs(pair[1]))[:3]


def _spread(numbers: dict[str, Any]) -> str:
    low, high, first, last, median = (
        figure(numbers[name]) for name in ("min", "max", "q25", "q75", "median")
    )
    return f"From {low} to {high}, the middle half from {first} to {last}, the median {median}."


def _outside(bins: dict[str, Any]) -> str:
    edges = {"below": bins["edges"][0], "above": bins["edges"][-1]}
    sides = [f"{count(bins[side], 'row')} {side} {figure(edge)}" for side, edge in edges.items()]
    left = [words for side, words in zip(edges, sides, strict=True) if bins[side]]
    scale = "The scale is logarithmic. " if bins["scale"] == "log" else ""
    return scale + (f"{' and '.join(left)} not drawn." if left else "")


def _others(others: dict[str, int]) -> str:
    if not others["values"]:
        return ""
    return f"{count(others['values'], 'more value')} with {count(others['rows'], 'row')} not drawn."


def _groups(others: int) -> str:
    return f"{count(others, 'more value')} not drawn." if others else ""


def _listed(groups: list[dict[str, Any]], words: Any) -> str:
    """List the first groups of a chart with their figures."""
    said = "; ".join(f"{one['value']}: {words(one)}" for one in groups[:MOST_NAMED])
    left = len(groups) - MOST_NAMED
    return f"{said}; and {left} more." if left > 0 else f"{said}."


def _rows(one: dict[str, Any]) -> str:
    return figure(one["rows"])


def _percent(one: dict[str, Any]) -> str:
    return f"{one['share']:.1%}"


def _middle(box: dict[str, Any]) -> str:
    return f"{figure(box['median'])} ({figure(box['q25'])} to {figure(box['q75'])})"
