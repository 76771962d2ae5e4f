"""The schemas of what the learning routes answer: labels, scores, trainings, who serves."""

from __future__ import annotations

from app.http.openapi import (
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
    reference,
    structure,
)
from app.trainings.store import STATES

NULLABLE = nullable(TEXT)
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
    "verdict": structure(
        {"passed": TRUTH, "missed": listing(TEXT)},
        {"overridden": TRUTH},
    ),
    "bounded": structure({"value": FIGURE, "low": FIGURE, "high": FIGURE}),
    "scoreboard": structure(
        {
            "dataset": TEXT,
            "metric": TEXT,
            "champion": nullable(WHOLE),
            "breach": NULLABLE,
            "on_breach": TEXT,
            "versions": listing(
                structure(
                    {"version": WHOLE, "model": TEXT, "labels": WHOLE, "champion": TRUTH},
                    {
                        "metrics": mapping(reference("bounded")),
                        "held_out": mapping(FIGURE),
                        "coverage": structure(
                            {"promised": NUMBER, "value": FIGURE, "low": FIGURE, "high": FIGURE}
                        ),
                        "delay": structure({"median_seconds": NUMBER, "p90_seconds": NUMBER}),
                        "per_class": mapping(mapping(FIGURE)),
                    },
                )
            ),
        }
    ),
    "training": structure(
        {
            "id": TEXT,
            "dataset": TEXT,
            "at": TIME,
            "by": TEXT,
            "reason": TEXT,
            "name": TEXT,
            "model": TEXT,
            "search": TEXT,
            "trials": nullable(WHOLE),
            "use": TEXT,
            "state": {"enum": list(STATES)},
            "started": nullable(TIME),
            "frozen": nullable(TIME),
            "ended": nullable(TIME),
            "error": NULLABLE,
            "version": nullable(WHOLE),
            "progress": structure({}, {"stage": TEXT, "step": WHOLE, "of": WHOLE, "note": TEXT}),
            "kpis": {"anyOf": [reference("kpis"), {"type": "null"}]},
        },
        {"log": listing(TEXT)},
    ),
    "trainings": structure({"trainings": listing(reference("training")), "next": NULLABLE}),
    "counts": structure(
        {"total": WHOLE, "train": WHOLE, "test": WHOLE}, {"per_class": mapping(WHOLE)}
    ),
    "kpis": structure(
        {
            "version": WHOLE,
            "labels": reference("counts"),
            "rows": reference("counts"),
            "metrics": structure({"cv": OBJECT, "test": mapping(FIGURE)}),
            "gate": reference("verdict"),
            "comparison": nullable(OBJECT),
            "promoted": TRUTH,
            "decision": TEXT,
            "snapshot": TEXT,
        },
        {"confusion": OBJECT, "per_class": mapping(mapping(FIGURE))},
    ),
    "series": structure(
        {
            "dataset": TEXT,
            "metric": TEXT,
            "series": listing(
                structure(
                    {
                        "at": TIME,
                        "training": TEXT,
                        "model": TEXT,
                        "version": WHOLE,
                        "labels": WHOLE,
                        "rows": WHOLE,
                        "test": FIGURE,
                        "cv": FIGURE,
                        "promoted": TRUTH,
                    }
                )
            ),
        }
    ),
    "promoted": structure({"dataset": TEXT, "champion": WHOLE, "model": TEXT, "changed": TRUTH}),
    "override": structure({"dataset": TEXT, "version": WHOLE, "by": TEXT, "why": TEXT}),
}
