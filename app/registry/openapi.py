"""The OpenAPI document's paths of single versions, and of two side by side."""

from __future__ import annotations

from app.http.openapi import (
    ANY,
    FIGURE,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    TRUTH,
    WHOLE,
    Document,
    listing,
    mapping,
    nullable,
    operation,
    parameter,
    problems,
    reference,
    response,
    structure,
)
from src.data.schema import Dataset

LINE: Document = {
    "version": WHOLE,
    "model": TEXT,
    "champion": TRUTH,
    "registered": TIME,
    "trained": TIME,
    "metrics": OBJECT,
    "git": OBJECT,
    "data": nullable(TEXT),
    "gate": reference("verdict"),
}
SCHEMAS: Document = {
    "choices": structure(
        {
            "dataset": TEXT,
            "task": TEXT,
            "metric": TEXT,
            "promote": TEXT,
            "refused": nullable(structure({"detail": TEXT, "fix": TEXT})),
            "usual": nullable(TEXT),
            "models": listing(structure({"name": TEXT, "about": TEXT, "tunable": TRUTH})),
            "searches": listing(structure({"name": TEXT, "trials": nullable(WHOLE)})),
            "labels": WHOLE,
        }
    ),
    "version": structure(
        {
            "dataset": TEXT,
            "task": TEXT,
            "metric": TEXT,
            **LINE,
            "configuration": OBJECT,
            "tuned": nullable(OBJECT),
            "interval": structure({"promised": NUMBER, "measured": FIGURE, "width": FIGURE}),
            "held_out": nullable(
                structure({"total": WHOLE, "points": listing(ANY), "worst": listing(OBJECT)})
            ),
        },
        {"confusion": OBJECT, "per_class": mapping(mapping(FIGURE))},
    ),
    "comparison": structure(
        {
            "dataset": TEXT,
            "task": TEXT,
            "metric": TEXT,
            "versions": listing(structure(LINE)),
            "configuration": listing(structure({"key": TEXT, "a": ANY, "b": ANY})),
            "metrics": listing(
                structure(
                    {"part": TEXT, "name": TEXT, "a": FIGURE, "b": FIGURE, "better": nullable(TEXT)}
                )
            ),
            "rows": structure(
                {
                    "of": WHOLE,
                    "compared": WHOLE,
                    "left_out": WHOLE,
                    "agree": WHOLE,
                    "most": listing(
                        structure(
                            {"record": OBJECT, "a": OBJECT, "b": OBJECT, "difference": NUMBER},
                            {"actual": ANY},
                        )
                    ),
                },
                {"points": listing(listing(ANY))},
            ),
        }
    ),
}


def paths(dataset: Dataset) -> Document:
    """Describe what can be asked of the versions of a dataset, served or not."""
    name = dataset.name
    one = _by_number("version")
    return {
        f"/v1/{name}/models/{{version}}": {
            "get": operation(
                name,
                f"{name}_version",
                "One version: its figures, how it was made, and its errors that cost most",
                {"200": response(reference("version")), **problems(401, 403, 404, 409, 503)},
                parameters=[one],
            )
        },
        f"/v1/{name}/models/{{version}}/compare/{{other}}": {
            "get": operation(
                name,
                f"{name}_compare",
                "Two versions: configuration, figures, and the rows that they answer otherwise",
                {"200": response(reference("comparison")), **problems(401, 403, 404, 409, 503)},
                parameters=[one, _by_number("other")],
            )
        },
    }


def _by_number(name: str) -> Document:
    return parameter(name, WHOLE, "a version's number", where="path")
